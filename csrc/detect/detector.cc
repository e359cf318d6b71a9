#include "detect/detector.h"

#include <algorithm>
#include <cmath>

#include "dsp/lfbe.h"

namespace pww {

bool Detector::Step(const Observation& observation, WordSpan* span) noexcept {
  const bool above = observation.score >= observation.threshold;
  if (refractory_ && observation.now_sample >= refractory_end_sample_) {
    refractory_ = false;
  }
  if (phase_ == Phase::kDisarmed && !above) {
    phase_ = Phase::kArmed;
  }
  const bool stronger = observation.score >= reported_score_ + kStronger;
  if (phase_ == Phase::kArmed && above && (!refractory_ || stronger)) {
    phase_ = Phase::kCandidate;
    candidate_ = Candidate();
    candidate_.crossing_sample = observation.now_sample;
    candidate_.risen_score = observation.score;
  }
  if (phase_ != Phase::kCandidate) {
    return false;
  }
  if (above) {
    Accumulate(observation);
    const bool rising = candidate_.n_since_rise < kPeakOutputs;
    const bool settled = !rising && candidate_.n_outputs > kLeastHoldOutputs &&
                         observation.posterior.end_frames >= kSettledFrames;
    const int most = rising ? kMostRisingOutputs : kMostHoldOutputs;
    if (!settled && candidate_.n_outputs <= most) {
      return false;
    }
  }
  *span = Conclude(observation);
  phase_ = above ? Phase::kDisarmed : Phase::kArmed;
  reported_score_ = span->score;
  refractory_ = true;
  refractory_end_sample_ = observation.now_sample + refractory_samples_;
  return true;
}

void Detector::Accumulate(const Observation& observation) noexcept {
  // Smoothing can keep the score up while the posterior is 0, so some weight is needed.
  constexpr float kLeastWeight = 1e-6F;
  constexpr auto kHop = static_cast<double>(Lfbe::kHopSamples);
  const Posterior& posterior = observation.posterior;
  const double weight = std::max(posterior.probability, kLeastWeight);
  const auto elapsed =
      static_cast<double>(observation.now_sample - candidate_.crossing_sample);
  ++candidate_.n_outputs;
  candidate_.best_score = std::max(candidate_.best_score, observation.score);
  ++candidate_.n_since_rise;
  if (observation.score >= candidate_.risen_score + kRise) {
    candidate_.risen_score = observation.score;
    candidate_.n_since_rise = 0;
  }
  candidate_.start.weight += weight;
  candidate_.start.sum += weight * (elapsed - kHop * posterior.start_frames);
  candidate_.ends[0] = candidate_.ends[1];
  candidate_.ends[1] = {weight, weight * (elapsed - kHop * posterior.end_frames)};
}

WordSpan Detector::Conclude(const Observation& observation) const noexcept {
  const auto sample_at = [this](const WeightedOffset& mean) -> int64_t {
    return candidate_.crossing_sample + std::llround(mean.sum / mean.weight);
  };
  const WeightedOffset* ends = candidate_.ends;
  const WeightedOffset end = {ends[0].weight + ends[1].weight,
                              ends[0].sum + ends[1].sum};
  const int64_t now = observation.now_sample;
  const int64_t earliest = observation.earliest_sample;
  WordSpan span;
  span.score = candidate_.best_score;
  span.detected_sample = now;
  span.end_sample = std::clamp(sample_at(end), earliest + 1, now);
  span.start_sample =
      std::clamp(sample_at(candidate_.start), earliest, span.end_sample - 1);
  return span;
}

void Detector::Reset() noexcept {
  phase_ = Phase::kArmed;
  refractory_ = false;
}

}  // namespace pww
