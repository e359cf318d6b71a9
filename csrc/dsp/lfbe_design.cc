#include "dsp/lfbe_design.h"

#include <cmath>
#include <complex>
#include <memory>

namespace pww {
namespace {

constexpr double kTwoPi = 6.28318530717958647692;

std::complex<double> Turn(size_t turns, size_t period) {
  const double angle =
      -kTwoPi * static_cast<double>(turns) / static_cast<double>(period);
  return {std::cos(angle), std::sin(angle)};
}

void FillFour(std::complex<double> value, float* re, float* im) {
  for (size_t frame = 0; frame < LfbeTables::kFrames; ++frame) {
    re[frame] = static_cast<float>(value.real());
    im[frame] = static_cast<float>(value.imag());
  }
}

template <size_t kQuarter>
void FillPass(float (*re)[3], float (*im)[3]) {
  for (size_t p = 0; p < kQuarter; ++p) {
    for (size_t j = 1; j < 4; ++j) {
      const std::complex<double> turn = Turn(j * p, 4 * kQuarter);
      re[p][j - 1] = static_cast<float>(turn.real());
      im[p][j - 1] = static_cast<float>(turn.imag());
    }
  }
}

void FillTransform(LfbeTables* tables) {
  constexpr size_t kFrames = LfbeTables::kFrames;
  constexpr double kFullScale = 32768.0;
  for (size_t n = 0; n < LfbeTables::kWindowSamples; ++n) {
    const double phase = kTwoPi * static_cast<double>(n) / LfbeTables::kWindowSamples;
    tables->window[n] = static_cast<float>((0.5 - 0.5 * std::cos(phase)) / kFullScale);
  }
  FillPass<16>(tables->pass64_re, tables->pass64_im);
  FillPass<4>(tables->pass16_re, tables->pass16_im);
  for (size_t j = 1; j < 4; ++j) {
    for (size_t row = 0; row < LfbeTables::kRows; ++row) {
      FillFour(Turn(j * row, LfbeTables::kPoints),
               tables->combine_re[j - 1] + row * kFrames,
               tables->combine_im[j - 1] + row * kFrames);
    }
  }
  for (size_t k = 0; k < LfbeTables::kPoints / 2; ++k) {
    FillFour(Turn(k, LfbeTables::kSamples), tables->split_re + k * kFrames,
             tables->split_im + k * kFrames);
  }
}

double HertzToMel(double hertz) { return 2595.0 * std::log10(1.0 + hertz / 700.0); }
double MelToHertz(double mel) { return 700.0 * (std::pow(10.0, mel / 2595.0) - 1.0); }

void FillFilters(LfbeTables* tables) {
  constexpr double kBinHz =
      kLfbeSampleRateHz / static_cast<double>(LfbeTables::kSamples);
  const double low_mel = HertzToMel(kMelLowHz);
  const double mel_step =
      (HertzToMel(kMelHighHz) - low_mel) / static_cast<double>(LfbeTables::kStretches);
  const auto edge_hz = [&](size_t edge) {
    return MelToHertz(low_mel + mel_step * static_cast<double>(edge));
  };
  const auto first_bin = [&](size_t edge) {
    return static_cast<size_t>(std::ceil(edge_hz(edge) / kBinHz));
  };
  const size_t lowest = first_bin(0);
  tables->first_mel_bin = static_cast<uint16_t>(lowest);
  for (size_t stretch = 0; stretch < LfbeTables::kStretches; ++stretch) {
    const double from_hz = edge_hz(stretch);
    const double to_hz = edge_hz(stretch + 1);
    const size_t first = first_bin(stretch);
    const size_t end = first_bin(stretch + 1);
    tables->stretch_bins[stretch] = static_cast<uint16_t>(end - first);
    for (size_t bin = first; bin < end; ++bin) {
      const double hertz = static_cast<double>(bin) * kBinHz;
      tables->rising[bin - lowest] =
          static_cast<float>((hertz - from_hz) / (to_hz - from_hz));
      tables->falling[bin - lowest] =
          static_cast<float>((to_hz - hertz) / (to_hz - from_hz));
    }
  }
  tables->floor = static_cast<float>(kLfbeFloor);
}

std::unique_ptr<const LfbeTables> MakeTables() {
  auto tables = std::make_unique<LfbeTables>();
  FillTransform(tables.get());
  FillFilters(tables.get());
  return tables;
}

}  // namespace

const LfbeTables& SharedLfbeTables() {
  static const std::unique_ptr<const LfbeTables> tables = MakeTables();
  return *tables;
}

}  // namespace pww
