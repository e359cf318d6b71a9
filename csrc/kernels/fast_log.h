#pragma once

#include <cstdint>
#include <cstring>

namespace pww {

// Natural logarithm of a positive, finite, normal float. The absolute error is below
// 1.3e-7 + |ln x| * 1.2e-7. It has no branches, so that loops over it are vectorised,
// and gives the same bits on every platform, unlike libm's logf. Static for the reason
// given in requant.h.
static inline float FastLog(float x) noexcept {
  constexpr int32_t kSqrtHalfBits = 0x3f3504f3;  // sqrt(1/2)
  constexpr int32_t kMantissaBits = 23;
  constexpr float kLn2 = 0.693147181F;
  int32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  // x = 2^exponent * (1 + t) with 1 + t in [sqrt(1/2), sqrt(2)). The shift of a
  // negative number is arithmetic on every compiler in use, and by the standard since
  // C++20.
  const int32_t exponent = (bits - kSqrtHalfBits) >> kMantissaBits;
  const int32_t mantissa_bits = bits - exponent * (int32_t{1} << kMantissaBits);
  float mantissa;
  std::memcpy(&mantissa, &mantissa_bits, sizeof mantissa);
  const float t = mantissa - 1.0F;
  // Minimax fit of ln(1 + t) = t - t^2/2 + t^3 p(t) on that interval (error 6.4e-8).
  float p = -0.102241993F;
  p = p * t + 0.161411762F;
  p = p * t - 0.171669066F;
  p = p * t + 0.199102387F;
  p = p * t - 0.249805734F;
  p = p * t + 0.333346903F;
  const float square = t * t;
  const float log_mantissa = t - (0.5F * square - square * t * p);
  return static_cast<float>(exponent) * kLn2 + log_mantissa;
}

}  // namespace pww
