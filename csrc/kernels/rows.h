#pragma once

#include "kernels/kernels.h"

// The rows of this build. A new row needs a file, a line here and a line in
// dispatch.cc.
namespace pww {

extern const Kernels kScalarKernels;

// lfbe_s16 in vectors of four, with the baseline instruction set. The Arm rows use it
// too: it is NEON code where the baseline has NEON.
void BaselineLfbe(const LfbeTables& tables, const int16_t* samples, float* frames);

// The echo canceller's functions in the baseline instruction set, likewise.
void BaselineEchoUpdate(const EchoTables& tables, bool adapt, EchoState* state);
void BaselineEchoPredict(const EchoTables& tables, EchoState* state);
void BaselineEchoFir(const float* taps, const float* x, size_t n, float* out);

#ifdef PWW_HAVE_AVX2
extern const Kernels kAvx2Kernels;
#endif
#ifdef PWW_HAVE_AVX512VNNI
extern const Kernels kAvx512VnniKernels;
#endif
#ifdef PWW_HAVE_NEON
extern const Kernels kNeonKernels;
#endif
#ifdef PWW_HAVE_NEONDOT
extern const Kernels kNeonDotKernels;
#endif

}  // namespace pww
