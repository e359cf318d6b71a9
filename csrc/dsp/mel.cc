#include "dsp/mel.h"

#include <algorithm>
#include <cmath>

namespace pww {
namespace {

double HertzToMel(double hertz) { return 2595.0 * std::log10(1.0 + hertz / 700.0); }
double MelToHertz(double mel) { return 700.0 * (std::pow(10.0, mel / 2595.0) - 1.0); }

}  // namespace

MelFilterBank::MelFilterBank() : groups_(), steps_() {
  constexpr double kBinHz =
      kSampleRateHz / static_cast<double>(PowerSpectrum::kSamples);
  const double low_mel = HertzToMel(kLowHz);
  const double mel_step =
      (HertzToMel(kHighHz) - low_mel) / static_cast<double>(kStretches);
  const auto edge_hz = [&](size_t edge) {
    return MelToHertz(low_mel + mel_step * static_cast<double>(edge));
  };
  const auto first_bin = [&](size_t edge) {
    return static_cast<size_t>(std::ceil(edge_hz(edge) / kBinHz));
  };
  Step* step = steps_.data();
  for (size_t g = 0; g < kGroups; ++g) {
    Group& group = groups_[g];
    for (size_t lane = 0; lane < kLanes && g * kLanes + lane < kStretches; ++lane) {
      const size_t stretch = g * kLanes + lane;
      const double from_hz = edge_hz(stretch);
      const double to_hz = edge_hz(stretch + 1);
      const size_t first = first_bin(stretch);
      const size_t n_bins = first_bin(stretch + 1) - first;
      group.first_bin[lane] = static_cast<uint16_t>(first);
      group.n_steps = std::max(group.n_steps, static_cast<uint16_t>(n_bins));
      for (size_t j = 0; j < n_bins; ++j) {
        const double hertz = static_cast<double>(first + j) * kBinHz;
        step[j].rising[lane] =
            static_cast<float>((hertz - from_hz) / (to_hz - from_hz));
        step[j].falling[lane] = static_cast<float>((to_hz - hertz) / (to_hz - from_hz));
      }
    }
    step += group.n_steps;
  }
}

void MelFilterBank::Apply(const float* power, float* energies) const noexcept {
  std::array<float, kGroups * kLanes> rising;
  std::array<float, kGroups * kLanes> falling;
  const Step* step = steps_.data();
  for (size_t g = 0; g < kGroups; ++g) {
    const Group& group = groups_[g];
    // A lane whose weights are zero reads on, but not beyond the last bin: the longest
    // stretch ends 13 bins before it, and none is longer than 10.
    const float* const a = power + group.first_bin[0];
    const float* const b = power + group.first_bin[1];
    const float* const c = power + group.first_bin[2];
    const float* const d = power + group.first_bin[3];
    Float4 rising_sums = {};
    Float4 falling_sums = {};
    for (size_t j = 0; j < group.n_steps; ++j, ++step) {
      const Float4 bins = {a[j], b[j], c[j], d[j]};
      rising_sums += step->rising * bins;
      falling_sums += step->falling * bins;
    }
    Store4(rising.data() + g * kLanes, rising_sums);
    Store4(falling.data() + g * kLanes, falling_sums);
  }
  for (size_t filter = 0; filter < kFilters; ++filter) {
    energies[filter] = rising[filter] + falling[filter + 1];
  }
}

}  // namespace pww
