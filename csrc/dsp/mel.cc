#include "dsp/mel.h"

#include <cmath>

namespace pww {
namespace {

double HertzToMel(double hertz) { return 2595.0 * std::log10(1.0 + hertz / 700.0); }
double MelToHertz(double mel) { return 700.0 * (std::pow(10.0, mel / 2595.0) - 1.0); }

}  // namespace

MelFilterBank::MelFilterBank() : first_bin_(), weights_() {
  constexpr double kBinHz =
      kSampleRateHz / static_cast<double>(PowerSpectrum::kSamples);
  const double low_mel = HertzToMel(kLowHz);
  const double mel_step =
      (HertzToMel(kHighHz) - low_mel) / static_cast<double>(kStretches);
  const auto edge_hz = [&](size_t edge) {
    return MelToHertz(low_mel + mel_step * static_cast<double>(edge));
  };
  for (size_t edge = 0; edge <= kStretches; ++edge) {
    first_bin_[edge] = static_cast<uint16_t>(std::ceil(edge_hz(edge) / kBinHz));
  }
  for (size_t stretch = 0; stretch < kStretches; ++stretch) {
    const double from_hz = edge_hz(stretch);
    const double to_hz = edge_hz(stretch + 1);
    for (size_t bin = first_bin_[stretch]; bin < first_bin_[stretch + 1]; ++bin) {
      const double hertz = static_cast<double>(bin) * kBinHz;
      weights_[bin] = {static_cast<float>((hertz - from_hz) / (to_hz - from_hz)),
                       static_cast<float>((to_hz - hertz) / (to_hz - from_hz))};
    }
  }
}

void MelFilterBank::Apply(const float* power, float* energies) const noexcept {
  float previous_rising = 0.0F;
  for (size_t stretch = 0; stretch < kStretches; ++stretch) {
    float rising = 0.0F;
    float falling = 0.0F;
    for (size_t bin = first_bin_[stretch]; bin < first_bin_[stretch + 1]; ++bin) {
      rising += weights_[bin].rising * power[bin];
      falling += weights_[bin].falling * power[bin];
    }
    if (stretch > 0) {
      energies[stretch - 1] = previous_rising + falling;
    }
    previous_rising = rising;
  }
}

}  // namespace pww
