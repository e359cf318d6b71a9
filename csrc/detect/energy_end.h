#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/audio_ring.h"
#include "detect/detector.h"

namespace pww {

// Finds where a word ended, from the energy of the audio alone.
//
// In quiet, signal energy locates the end to a few milliseconds, more precisely than
// the network, which was trained in noise. In noise only the network can. So there is a
// result only if the loudest 20 ms of the word are 28 dB above the noise. The word then
// ends where the energy, less the noise, stays 27 dB below them. Bursts shorter than
// 40 ms (clicks) are not speech. Gaps up to 150 ms (closures of k, p and t) are not the
// end.
//
// No allocation. A call reads the audio of the word and takes about 50 us.
class EnergyEnd {
 public:
  enum class Verdict {
    kNoisy,   // no result: noise, or a contradiction to the network
    kGoesOn,  // the sound of the word continues
    kFound,
  };

  struct Result {
    Verdict verdict = Verdict::kNoisy;
    int64_t end_sample = 0;  // one past the last sample, if found
  };

  // Reads `history` from half a second before the word to its newest sample.
  [[nodiscard]] Result Find(const AudioRing& history, const WordSpan& word) noexcept;

 private:
  static constexpr size_t kMostHops = 640;  // 3.2 s

  // Writes the energy of every 5 ms from `begin` on to energy_; returns their number.
  size_t MeasureHops(const AudioRing& history, int64_t begin, int64_t end) noexcept;

  std::array<float, kMostHops> energy_{};   // of 20 ms frames every 5 ms
  std::array<float, kMostHops> scratch_{};  // for the percentile
};

}  // namespace pww
