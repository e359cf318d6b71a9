#pragma once

#include <cstdint>

#include "detect/posterior_source.h"

namespace pww {

// A word, in absolute sample indexes: earliest <= start < end <= detected.
struct WordSpan {
  float score = 0.0F;  // the highest of the candidate
  int64_t start_sample = 0;
  int64_t end_sample = 0;
  int64_t detected_sample = 0;  // samples consumed at the report
};

// Decides when the scores of one keyword are a detection, and where the word is.
//
// A score at or above the threshold opens a candidate. It is reported kLeastHoldOutputs
// outputs later, when the estimates of start and end have settled. While the network
// still places the end less than kSettledFrames ago, it is reported up to
// kMostHoldOutputs later: a long last vowel crosses the threshold before it is over. A
// score that rises by kRise within kPeakOutputs holds it up to kMostRisingOutputs: a
// loose threshold is crossed long before the score is at its highest. If the score
// falls below the threshold, it is reported at once. The next report needs a score
// below the threshold in between, and the end of the refractory time, unless the score
// is kStronger above the last one: at a loose threshold, what sounds a little like the
// word must not hide the word behind it. The threshold may differ from output to
// output: each score is compared with its own.
//
// No allocation. One thread at a time.
class Detector {
 public:
  static constexpr int kLeastHoldOutputs = 2;
  static constexpr int kMostHoldOutputs = 6;
  static constexpr float kSettledFrames = 6.0F;
  static constexpr float kRise = 0.1F;
  static constexpr int kPeakOutputs = 3;
  static constexpr int kMostRisingOutputs = 16;
  static constexpr float kStronger = 0.3F;

  // One output of the network, and its smoothed score.
  struct Observation {
    float score = 0.0F;
    Posterior posterior;
    int64_t now_sample = 0;       // end of the newest frame
    int64_t earliest_sample = 0;  // no word starts before this
    float threshold = 0.5F;
  };

  // The refractory time counts from detected_sample.
  explicit Detector(int64_t refractory_samples) noexcept
      : refractory_samples_(refractory_samples) {}

  // Returns true and sets `span` if a word is reported now.
  [[nodiscard]] bool Step(const Observation& observation, WordSpan* span) noexcept;

  void Reset() noexcept;

 private:
  enum class Phase { kArmed, kCandidate, kDisarmed };

  // A mean of offsets, weighted with their posteriors. Offsets count from the crossing,
  // because sums of absolute indexes would lose bits in a long stream.
  struct WeightedOffset {
    double weight = 0.0;
    double sum = 0.0;
  };

  struct Candidate {
    int64_t crossing_sample = 0;
    int n_outputs = 0;
    float best_score = 0.0F;
    float risen_score = 0.0F;         // at the crossing, or when it last rose by kRise
    int n_since_rise = kPeakOutputs;  // outputs
    WeightedOffset start;             // over all outputs
    WeightedOffset ends[2];  // of the last two outputs, which are the most accurate
  };

  void Accumulate(const Observation& observation) noexcept;
  [[nodiscard]] WordSpan Conclude(const Observation& observation) const noexcept;

  int64_t refractory_samples_;
  Phase phase_ = Phase::kArmed;
  bool refractory_ = false;
  int64_t refractory_end_sample_ = 0;
  float reported_score_ = 0.0F;  // of the last report
  Candidate candidate_;
};

}  // namespace pww
