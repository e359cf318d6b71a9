#pragma once

#include <array>
#include <cstddef>

#include "dsp/float4.h"

namespace pww {

// Power spectrum of 512 real samples, in float.
//
// Holds the twiddle factors and the scratch of one caller, so one thread at a time.
// Never allocates: the object is a plain block of about 9 kB. The result is a function
// of the input alone, the same bits at every call.
class PowerSpectrum {
 public:
  static constexpr size_t kSamples = 512;
  static constexpr size_t kBins = kSamples / 2 + 1;

  PowerSpectrum();

  // power[k] = |sum_n samples[n] exp(-2 pi i k n / 512)|^2 for k in [0, 257).
  // Reads kSamples, writes kBins; they must not overlap.
  void Compute(const float* samples, float* power) noexcept;

 private:
  // The samples are taken as 256 complex numbers, even ones real, odd ones imaginary,
  // and these as 64 rows of 4: a row fills a register, a column is one of its lanes.
  static constexpr size_t kPoints = kSamples / 2;
  static constexpr size_t kRows = kPoints / 4;

  // exp(-2 pi i j p / kLength) for j = 1, 2, 3, the same in all lanes.
  template <size_t kLength>
  using PassTwiddles = std::array<std::array<Complex4, 3>, kLength / 4>;
  using Rows = std::array<Complex4, kRows>;

  void LoadSamples(const float* samples) noexcept;
  template <size_t kLength>
  static void Radix4Pass(const PassTwiddles<kLength>& twiddles, const Rows& in,
                         Rows* out) noexcept;
  void CombineLanes() noexcept;
  void SplitIntoPower(float* power) const noexcept;

  PassTwiddles<64> twiddles64_;
  PassTwiddles<16> twiddles16_;
  PassTwiddles<4> twiddles4_;
  // exp(-2 pi i j k / 256) for j = 1, 2, 3; the lanes are four neighbouring k.
  std::array<std::array<Complex4, 3>, kRows / 4> lane_twiddles_;
  // exp(-2 pi i k / 512); the lanes are four neighbouring k.
  std::array<Complex4, kRows / 2> split_twiddles_;

  Rows a_;
  Rows b_;
  // One point more than the transform has: its first again, where the period ends.
  alignas(16) std::array<float, kPoints + 1> spectrum_re_;
  alignas(16) std::array<float, kPoints + 1> spectrum_im_;
};

}  // namespace pww
