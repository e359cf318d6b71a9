#pragma once

#include "kernels/kernels.h"

// The operators without a dot product. Both NEON rows share them; neon.cc compiles
// them.
namespace pww {

void NeonRequantize(const int32_t* acc, const ChannelMultipliers& multipliers,
                    const OutputRange& range, size_t n, int8_t* out);
void NeonMul(const int8_t* a, const int8_t* b, const MulParams& params, size_t n,
             int8_t* out);
void NeonAdd(const int8_t* a, const int8_t* b, const AddParams& params, size_t n,
             int8_t* out);

}  // namespace pww
