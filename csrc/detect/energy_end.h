#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/audio_ring.h"
#include "detect/detector.h"

namespace pww {

// Where a word ended, from the energy of the audio alone.
//
// In quiet the energy shows the end of a word to a few milliseconds, which the network,
// trained in noise, does not; in noise only the network knows. So this answers only if
// the loudest 20 ms of the word stand kClearDb above the noise: the word is then over
// where the energy, less the noise, stays kRangeDb below them. Bursts shorter than 40
// ms (clicks) are no speech, gaps up to 150 ms (closures of k, p and t) no end.
//
// No allocation; a call reads the audio of the word and costs about 50 us.
class EnergyEnd {
 public:
  enum class Verdict {
    kNoisy,   // the energy cannot tell, or contradicts the network
    kGoesOn,  // the sound of the word has not ended yet
    kFound,
  };

  struct Result {
    Verdict verdict = Verdict::kNoisy;
    int64_t end_sample = 0;  // one past the last, if found
  };

  // Looks at `history` from half a second before the word to its newest sample.
  [[nodiscard]] Result Find(const AudioRing& history, const WordSpan& word) noexcept;

 private:
  static constexpr size_t kMostHops = 640;  // 3.2 s

  // Fills hops_ with the energy of every 5 ms from `begin` on; returns how many.
  size_t MeasureHops(const AudioRing& history, int64_t begin, int64_t end) noexcept;

  std::array<float, kMostHops> energy_{};   // of 20 ms frames every 5 ms
  std::array<float, kMostHops> scratch_{};  // for the percentile
};

}  // namespace pww
