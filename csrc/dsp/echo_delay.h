#pragma once

#include <cstddef>
#include <vector>

#include "kernels/echo_state.h"

namespace pww {

// Finds by how many blocks the microphone lags behind the loudspeaker: for each lag,
// the magnitude-squared coherence of the two at 32 frequencies, averaged over about
// half a second. Phase transforms of this kind are described in Knapp and Carter, "The
// generalized correlation method for estimation of time delay" (1976).
//
// Allocates in the constructor only.
class EchoDelay {
 public:
  // `most_blocks`: the longest lag that is looked for.
  explicit EchoDelay(size_t most_blocks);

  void Reset() noexcept;

  // Takes the spectra of one block, as EchoState has them. Learns from it if the device
  // `plays`.
  void Take(const float* loudspeaker, const float* microphone, bool plays) noexcept;

  // Where the filter should begin, given where it begins now. Moves only after the same
  // answer for a while, so that neither music nor the person moves it.
  [[nodiscard]] size_t Choose(size_t current) noexcept;

  // Power of the echo over that of the loudspeaker, as far as the two are coherent,
  // from `begin` on for 64 ms.
  [[nodiscard]] float gain(size_t begin) const noexcept;

  // Whether Choose has ever found the loudspeaker in the microphone.
  [[nodiscard]] bool found() const noexcept { return found_; }

  [[nodiscard]] size_t nbytes() const noexcept;

 private:
  static constexpr size_t kFrequencies = 32;

  size_t n_lags_;
  size_t newest_ = 0;
  size_t candidate_ = 0;
  size_t candidate_blocks_ = 0;
  size_t blocks_ = 0;
  bool found_ = false;
  std::vector<float> history_;  // [n_lags_][2][kFrequencies], the loudspeaker's, a ring
  std::vector<float> cross_;    // [n_lags_][2][kFrequencies]
  std::vector<float> power_;    // [n_lags_][kFrequencies], the loudspeaker's
  float microphone_power_[kFrequencies];
};

}  // namespace pww
