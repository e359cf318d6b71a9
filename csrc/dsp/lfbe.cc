#include "dsp/lfbe.h"

#include <algorithm>
#include <cmath>

#include "dsp/fast_log.h"

namespace pww {
namespace {

float LogEnergy(float energy) noexcept {
  return FastLog(energy + static_cast<float>(Lfbe::kFloor));
}

}  // namespace

Lfbe::Lfbe() : window_(), pending_(), windowed_(), power_(), frame_() {
  constexpr double kTwoPi = 6.28318530717958647692;
  constexpr double kFullScale = 32768.0;
  for (size_t n = 0; n < kWindowSamples; ++n) {
    const double phase = kTwoPi * static_cast<double>(n) / kWindowSamples;
    window_[n] = static_cast<float>((0.5 - 0.5 * std::cos(phase)) / kFullScale);
  }
}

size_t Lfbe::Push(const int16_t* samples, size_t count, const float** frame) noexcept {
  *frame = nullptr;
  const size_t taken = std::min(count, kWindowSamples - n_pending_);
  if (taken == 0) {
    return 0;
  }
  std::copy_n(samples, taken, pending_.begin() + static_cast<ptrdiff_t>(n_pending_));
  n_pending_ += taken;
  if (n_pending_ == kWindowSamples) {
    ComputeFrame();
    std::copy(pending_.begin() + kHopSamples, pending_.end(), pending_.begin());
    n_pending_ -= kHopSamples;
    *frame = frame_.data();
  }
  return taken;
}

void Lfbe::ComputeFrame() noexcept {
  for (size_t n = 0; n < kWindowSamples; ++n) {
    windowed_[n] = static_cast<float>(pending_[n]) * window_[n];
  }
  spectrum_.Compute(windowed_.data(), power_.data());
  mel_.Apply(power_.data(), frame_.data());
  for (float& value : frame_) {
    value = LogEnergy(value);
  }
}

void Lfbe::Reset() noexcept { n_pending_ = 0; }

float Lfbe::SilenceValue() noexcept { return LogEnergy(0.0F); }

}  // namespace pww
