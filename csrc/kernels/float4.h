#pragma once

#include <cstring>

namespace pww {

// Four floats in one SSE2 or NEON register, by the vector extension of GCC and Clang:
// + - * work lane by lane and round like scalars. The functions are static for the
// reason given in requant.h.
using Float4 = float __attribute__((vector_size(16)));

static inline Float4 Load4(const float* p) noexcept {
  Float4 v;
  std::memcpy(&v, p, sizeof v);  // p needs no alignment
  return v;
}

static inline void Store4(float* p, Float4 v) noexcept { std::memcpy(p, &v, sizeof v); }

// {a[A], a[B], b[C - 4], b[D - 4]}: GCC before 12 has the builtin under another name.
template <int A, int B, int C, int D>
static inline Float4 Shuffle4(Float4 a, Float4 b) noexcept {
#if defined(__clang__)
  return __builtin_shufflevector(a, b, A, B, C, D);
#else
  using Int4 = int __attribute__((vector_size(16)));
  return __builtin_shuffle(a, b, Int4{A, B, C, D});
#endif
}

// Transposes a 4 x 4 matrix.
static inline void Transpose4(Float4* a, Float4* b, Float4* c, Float4* d) noexcept {
  const Float4 ab_low = Shuffle4<0, 4, 1, 5>(*a, *b);
  const Float4 ab_high = Shuffle4<2, 6, 3, 7>(*a, *b);
  const Float4 cd_low = Shuffle4<0, 4, 1, 5>(*c, *d);
  const Float4 cd_high = Shuffle4<2, 6, 3, 7>(*c, *d);
  *a = Shuffle4<0, 1, 4, 5>(ab_low, cd_low);
  *b = Shuffle4<2, 3, 6, 7>(ab_low, cd_low);
  *c = Shuffle4<0, 1, 4, 5>(ab_high, cd_high);
  *d = Shuffle4<2, 3, 6, 7>(ab_high, cd_high);
}

}  // namespace pww
