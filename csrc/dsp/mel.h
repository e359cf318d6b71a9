#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dsp/fft.h"

namespace pww {

// 64 triangular filters, equally spaced on the HTK mel scale from 60 to 7600 Hz, over
// the bins of a 512-point power spectrum at 16 kHz. A triangle rises and falls
// linearly in hertz, its peak is 1, and its area is not normalised.
//
// Immutable after construction; safe to share between threads.
class MelFilterBank {
 public:
  static constexpr size_t kFilters = 64;
  static constexpr double kSampleRateHz = 16000;
  static constexpr double kLowHz = 60;
  static constexpr double kHighHz = 7600;

  MelFilterBank();

  // Reads PowerSpectrum::kBins values, writes kFilters energies.
  void Apply(const float* power, float* energies) const noexcept;

 private:
  // Neighbouring filters overlap: the stretch between two of the 66 edges is the
  // falling side of one filter and the rising side of the next. So one pass over
  // the bins serves all filters, with two weights a bin.
  static constexpr size_t kStretches = kFilters + 1;
  struct Weights {
    float rising;
    float falling;
  };
  std::array<uint16_t, kStretches + 1> first_bin_;  // of each stretch; the end last
  std::array<Weights, PowerSpectrum::kBins> weights_;
};

}  // namespace pww
