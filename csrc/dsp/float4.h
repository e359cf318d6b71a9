#pragma once

#include <cstring>

namespace pww {

// Four floats that the compiler keeps in one SSE2 or NEON register (GCC and Clang
// vector extension: + - * work lane by lane, with the same rounding as scalars).
using Float4 = float __attribute__((vector_size(16)));

inline Float4 Load4(const float* p) noexcept {
  Float4 v;
  std::memcpy(&v, p, sizeof v);  // no alignment is asked for
  return v;
}

inline void Store4(float* p, Float4 v) noexcept { std::memcpy(p, &v, sizeof v); }

// {a[A], a[B], b[C - 4], b[D - 4]}: GCC before 12 has the builtin under another name.
template <int A, int B, int C, int D>
inline Float4 Shuffle4(Float4 a, Float4 b) noexcept {
#if defined(__clang__)
  return __builtin_shufflevector(a, b, A, B, C, D);
#else
  using Int4 = int __attribute__((vector_size(16)));
  return __builtin_shuffle(a, b, Int4{A, B, C, D});
#endif
}

inline Float4 Reverse4(Float4 v) noexcept { return Shuffle4<3, 2, 1, 0>(v, v); }

// Rows become columns.
inline void Transpose4(Float4* a, Float4* b, Float4* c, Float4* d) noexcept {
  const Float4 ab_low = Shuffle4<0, 4, 1, 5>(*a, *b);
  const Float4 ab_high = Shuffle4<2, 6, 3, 7>(*a, *b);
  const Float4 cd_low = Shuffle4<0, 4, 1, 5>(*c, *d);
  const Float4 cd_high = Shuffle4<2, 6, 3, 7>(*c, *d);
  *a = Shuffle4<0, 1, 4, 5>(ab_low, cd_low);
  *b = Shuffle4<2, 3, 6, 7>(ab_low, cd_low);
  *c = Shuffle4<0, 1, 4, 5>(ab_high, cd_high);
  *d = Shuffle4<2, 3, 6, 7>(ab_high, cd_high);
}

// Four complex numbers.
struct Complex4 {
  Float4 re;
  Float4 im;
};

inline Complex4 operator+(Complex4 a, Complex4 b) noexcept {
  return {a.re + b.re, a.im + b.im};
}
inline Complex4 operator-(Complex4 a, Complex4 b) noexcept {
  return {a.re - b.re, a.im - b.im};
}
inline Complex4 operator*(Complex4 a, Complex4 b) noexcept {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
inline Complex4 TimesMinusI(Complex4 a) noexcept { return {a.im, -a.re}; }
inline Float4 SquaredMagnitude(Complex4 a) noexcept {
  return a.re * a.re + a.im * a.im;
}

// The DFT of length 4 across a, b, c, d, in place; each lane on its own.
inline void Butterfly4(Complex4* a, Complex4* b, Complex4* c, Complex4* d) noexcept {
  const Complex4 even_sum = *a + *c;
  const Complex4 even_difference = *a - *c;
  const Complex4 odd_sum = *b + *d;
  const Complex4 odd_turned = TimesMinusI(*b - *d);
  *a = even_sum + odd_sum;
  *b = even_difference + odd_turned;
  *c = even_sum - odd_sum;
  *d = even_difference - odd_turned;
}

}  // namespace pww
