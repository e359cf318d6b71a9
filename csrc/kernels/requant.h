#pragma once

#include <cmath>
#include <cstdint>

namespace pww {

// A positive real number as the TFLite interpreter stores it:
// multiplier * 2^(shift - 31), multiplier in [2^30, 2^31), or zero.
struct FixedMultiplier {
  int32_t multiplier = 0;
  int32_t shift = 0;  // left if positive, in [-31, 30]

  bool operator==(const FixedMultiplier& other) const {
    return multiplier == other.multiplier && shift == other.shift;
  }
};

// Applied to a requantised value: plus zero_point, then clamped to [min, max].
struct OutputRange {
  int32_t zero_point = 0;
  int32_t min = -128;
  int32_t max = 127;

  bool operator==(const OutputRange& other) const {
    return zero_point == other.zero_point && min == other.min && max == other.max;
  }
};

// The functions below are static and call no inline functions, so that every row
// compiles its own copy. A shared copy might be the one for the newest instruction set.

// round(x * real), rounded TWICE like the interpreter's reference kernels: to an
// integer after the 31-bit product (halves up), then after the right shift (halves away
// from zero). Rounding once would differ by one step in about one value per thousand.
// The caller guarantees |x * 2^max(shift, 0)| < 2^30.
static inline int32_t MultiplyFixed(int32_t x, FixedMultiplier real) noexcept {
  const int32_t left = real.shift > 0 ? real.shift : 0;
  const int32_t right = real.shift < 0 ? -real.shift : 0;
  const int64_t product = (int64_t{x} * (int64_t{1} << left)) * real.multiplier;
  const auto high = static_cast<int32_t>((product + (int64_t{1} << 30)) >> 31);
  if (right == 0) {
    return high;
  }
  const int32_t half = int32_t{1} << (right - 1);
  return (high + half - (high < 0 ? 1 : 0)) >> right;
}

// round(x * real) with halves away from zero, as in the interpreter's FULLY_CONNECTED,
// but none of its other operators. |x * real| must fit an int32.
static inline int32_t MultiplyReal(int32_t x, double real) noexcept {
  return static_cast<int32_t>(std::lround(x * real));
}

static inline int8_t ClampToOutput(int32_t value, const OutputRange& range) noexcept {
  const int32_t shifted = value + range.zero_point;
  const int32_t raised = shifted < range.min ? range.min : shifted;
  return static_cast<int8_t>(raised > range.max ? range.max : raised);
}

}  // namespace pww
