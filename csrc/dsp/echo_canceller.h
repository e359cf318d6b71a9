#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "dsp/echo_delay.h"
#include "kernels/echo_state.h"
#include "kernels/kernels.h"

namespace pww {

// Subtracts from the microphone what the device itself plays. Linear only: a residual
// suppressor would take the person's word away together with the echo.
//
// A partitioned-block frequency-domain Kalman filter (Enzner and Vary,
// "Frequency-domain adaptive Kalman filter for acoustic echo control in hands-free
// telephones", 2006; Kuech, Mabande and Enzner, "State-space architecture of the
// partitioned-block-based acoustic echo controller", 2014): the step size of each
// partition and frequency follows from how uncertain the filter is there and how loud
// everything else is, so that a person who talks does not drive the filter away. How
// uncertain it is, is also measured, by the regression of Valin ("On adjusting the
// learning rate in frequency domain echo cancellation with double-talk", 2007): after a
// change of the room it learns anew.
//
// No delay is added: the first partition works in time, the others' part of a block is
// known when the block begins (Gardner, "Efficient convolution without input-output
// delay", 1995). The output does not depend on how the stream is cut into calls.
//
// Allocates in the constructor only. One thread at a time.
class EchoCanceller {
 public:
  static constexpr size_t kLeastTailMs = 40;
  static constexpr size_t kMostTailMs = 500;
  static constexpr size_t kMostDelayMs = 400;

  // `tail_ms`: length of the echo that is modelled, kLeastTailMs to kMostTailMs.
  // `max_delay_ms`: longest time from the loudspeaker's samples to their arrival at the
  // microphone, buffers included, up to kMostDelayMs.
  EchoCanceller(const Kernels* kernels, size_t tail_ms, size_t max_delay_ms);

  // Cleans `n` samples; `out` may be `microphone`. Samples of equal index belong to one
  // moment. While the loudspeaker is silent, the microphone passes bit for bit.
  void Process(const int16_t* microphone, const int16_t* loudspeaker, size_t n,
               int16_t* out) noexcept;

  void Reset() noexcept;

  // Power of the microphone over power of the output while the device plays, over about
  // a second, in dB; 0 before it played.
  [[nodiscard]] float erle_db() const noexcept;
  // From the loudspeaker's samples to the strongest part of their echo.
  [[nodiscard]] size_t delay_samples() const noexcept;
  [[nodiscard]] size_t delay_blocks() const noexcept { return state_.delay_blocks; }
  // Whether the filter expects at most a tenth of the echo's power to be left.
  [[nodiscard]] bool converged() const noexcept;
  [[nodiscard]] size_t nbytes() const noexcept;

 private:
  static constexpr size_t kMostRemembered = 96;  // blocks: 0.77 s

  void Active(const int16_t* microphone, const int16_t* loudspeaker, size_t n,
              int16_t* out) noexcept;
  void Guard(float microphone, float error) noexcept;
  void EndBlock() noexcept;
  void MoveDelay(size_t delay_blocks) noexcept;
  void ExpectGain(float power) noexcept;
  void Forget() noexcept;
  void Doubt() noexcept;
  void Remember() noexcept;
  void Replay(size_t delay_blocks) noexcept;

  EchoState state_;
  const Kernels* kernels_;
  size_t most_delay_blocks_;
  size_t n_remembered_ = 0;    // blocks of `memory_` written since the last restart
  size_t at_ = 0;              // samples of the unfinished block
  size_t silent_samples_ = 0;  // of the loudspeaker, up to now
  size_t worse_samples_ = 0;   // how long the error has been louder than the microphone
  double played_microphone_ = 0;  // powers while the device plays
  double played_output_ = 0;
  std::vector<float> spectra_, weights_, covariance_, prior_;
  std::vector<float> loudspeaker_;  // (most_delay_blocks_ + 2) blocks, the newest last
  std::vector<float> memory_;       // recent blocks: loudspeaker, then microphone
  EchoDelay delay_;

  float subtracted_ = 0;        // share of the estimated echo that is taken away
  float microphone_power_ = 0;  // of the last 10 ms
  float error_power_ = 0;
  float echo_power_ = 0;  // as in EchoState, smoothed
  float expected_error_power_ = 0;
  bool idle_ = true;   // the loudspeaker has been silent for the filter's length
  bool whole_ = true;  // the unfinished block was recorded from its beginning
  bool clipped_ = false;
};

}  // namespace pww
