#include "dsp/echo_delay.h"

#include <algorithm>

namespace pww {
namespace {

constexpr float kRate = 0.02F;            // per block of 8 ms
constexpr float kLeastCoherence = 0.05F;  // below, nothing of the loudspeaker is heard
constexpr float kProminence = 2.0F;       // over the median of all lags
constexpr float kDirectShare =
    0.6F;  // of the strongest lag's coherence, at the direct sound
constexpr size_t kFirstBin = 5;  // 312 Hz, then every 187 Hz to 6.1 kHz
constexpr size_t kBinStep = 3;
constexpr size_t kBlocksToFind = 8;  // the first time
constexpr size_t kBlocksToMoveEarlier = 6;
constexpr size_t kBlocksToMoveLater = 25;
constexpr size_t kBlocksAhead =
    8;  // of filter before the strongest sound that are borne

}  // namespace

EchoDelay::EchoDelay(size_t most_blocks)
    : n_lags_(most_blocks + 2),
      history_(n_lags_ * 2 * kFrequencies),
      cross_(n_lags_ * 2 * kFrequencies),
      power_(n_lags_ * kFrequencies),
      microphone_power_{} {}

void EchoDelay::Reset() noexcept {
  newest_ = candidate_ = candidate_blocks_ = blocks_ = 0;
  found_ = false;
  std::fill(history_.begin(), history_.end(), 0.0F);
  std::fill(cross_.begin(), cross_.end(), 0.0F);
  std::fill(power_.begin(), power_.end(), 0.0F);
  std::fill(microphone_power_, microphone_power_ + kFrequencies, 0.0F);
}

void EchoDelay::Take(const float* loudspeaker, const float* microphone,
                     bool plays) noexcept {
  newest_ = (newest_ + 1) % n_lags_;
  // A plain mean at first, so that the first answer comes soon.
  blocks_ += plays ? 1 : 0;
  const float rate = plays ? std::max(kRate, 1.0F / static_cast<float>(blocks_)) : 0.0F;
  float* now = history_.data() + newest_ * 2 * kFrequencies;
  float re[kFrequencies];
  float im[kFrequencies];
  for (size_t i = 0; i < kFrequencies; ++i) {
    const size_t bin = kFirstBin + kBinStep * i;
    now[i] = loudspeaker[bin];
    now[kFrequencies + i] = loudspeaker[EchoState::kRow + bin];
    re[i] = microphone[bin];
    im[i] = microphone[EchoState::kRow + bin];
    microphone_power_[i] +=
        rate * (re[i] * re[i] + im[i] * im[i] - microphone_power_[i]);
  }
  for (size_t lag = 0; lag < n_lags_; ++lag) {
    const float* x =
        history_.data() + (newest_ + n_lags_ - lag) % n_lags_ * 2 * kFrequencies;
    float* cross = cross_.data() + lag * 2 * kFrequencies;
    float* power = power_.data() + lag * kFrequencies;
    for (size_t i = 0; i < kFrequencies; ++i) {
      const float x_re = x[i];
      const float x_im = x[kFrequencies + i];
      power[i] += rate * (x_re * x_re + x_im * x_im - power[i]);
      cross[i] += rate * (re[i] * x_re + im[i] * x_im - cross[i]);
      cross[kFrequencies + i] +=
          rate * (im[i] * x_re - re[i] * x_im - cross[kFrequencies + i]);
    }
  }
}

size_t EchoDelay::Choose(size_t current) noexcept {
  float strongest = 0;
  float coherence[64];
  const size_t n_lags = std::min<size_t>(n_lags_, 64);
  for (size_t lag = 0; lag < n_lags; ++lag) {
    const float* cross = cross_.data() + lag * 2 * kFrequencies;
    const float* power = power_.data() + lag * kFrequencies;
    float sum = 0;
    for (size_t i = 0; i < kFrequencies; ++i) {
      const float product =
          cross[i] * cross[i] + cross[kFrequencies + i] * cross[kFrequencies + i];
      sum += product / (power[i] * microphone_power_[i] + 1.0F);
    }
    coherence[lag] = sum / kFrequencies;
    strongest = std::max(strongest, coherence[lag]);
  }
  // The mean over n blocks of two independent signals has a coherence of 1 / n.
  const float chance =
      std::max(kRate, 1.0F / static_cast<float>(std::max<size_t>(blocks_, 1)));
  float sorted[64];
  std::copy(coherence, coherence + n_lags, sorted);
  std::nth_element(sorted, sorted + n_lags / 2, sorted + n_lags);
  const float usual = sorted[n_lags / 2];
  if (strongest < kLeastCoherence + 2.5F * chance || strongest < kProminence * usual) {
    candidate_blocks_ = 0;
    return current;
  }
  size_t wanted = current;
  if (!found_) {
    size_t direct = 0;
    while (coherence[direct] < kDirectShare * strongest) {
      ++direct;
    }
    wanted = direct > 0 ? direct - 1 : 0;
  } else {
    const auto peak = static_cast<size_t>(
        std::max_element(coherence, coherence + n_lags) - coherence);
    if (peak < current || peak > current + kBlocksAhead) {
      wanted = peak > 0 ? peak - 1 : 0;
    }
  }
  if (found_ && wanted == current) {
    candidate_blocks_ = 0;
    return current;
  }
  candidate_blocks_ = wanted == candidate_ ? candidate_blocks_ + 1 : 1;
  candidate_ = wanted;
  const size_t needed = !found_            ? kBlocksToFind
                        : wanted < current ? kBlocksToMoveEarlier
                                           : kBlocksToMoveLater;
  if (candidate_blocks_ < needed) {
    return current;
  }
  found_ = true;
  return wanted;
}

float EchoDelay::gain(size_t begin) const noexcept {
  float most = 0;
  for (size_t lag = begin; lag < std::min(n_lags_, begin + kBlocksAhead); ++lag) {
    const float* cross = cross_.data() + lag * 2 * kFrequencies;
    const float* power = power_.data() + lag * kFrequencies;
    float sum = 0;
    for (size_t i = 0; i < kFrequencies; ++i) {
      const float product =
          cross[i] * cross[i] + cross[kFrequencies + i] * cross[kFrequencies + i];
      sum += product / (power[i] * power[i] + 1.0F);
    }
    most = std::max(most, sum / kFrequencies);
  }
  return most;
}

size_t EchoDelay::nbytes() const noexcept {
  return (history_.size() + cross_.size() + power_.size()) * sizeof(float) +
         sizeof(*this);
}

}  // namespace pww
