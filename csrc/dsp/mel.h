#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dsp/fft.h"
#include "dsp/float4.h"

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

  // Four neighbouring stretches are summed side by side, a lane each: step j adds
  // their j-th bins. The weights of a stretch that has ended, or that makes up the
  // last group, are zero.
  static constexpr size_t kLanes = 4;
  static constexpr size_t kGroups = (kStretches + kLanes - 1) / kLanes;
  struct Group {
    std::array<uint16_t, kLanes> first_bin;
    uint16_t n_steps;
  };
  struct Step {
    Float4 rising;
    Float4 falling;
  };
  std::array<Group, kGroups> groups_;
  std::array<Step, PowerSpectrum::kBins> steps_;  // those of the first group first
};

}  // namespace pww
