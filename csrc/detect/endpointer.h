#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "detect/pause_endpointer.h"
#include "detect/vad.h"
#include "dsp/lfbe.h"

namespace pww {

// The device path of endpointing: PCM in, events out, through front end and VAD.
//
// Only Create() allocates. Nothing else allocates, locks, throws or logs. One thread at
// a time.
class Endpointer {
 public:
  struct Output {
    float probability;  // of speech; kept between two outputs of the network
    const EndpointEvent* events;
    size_t n_events;
  };

  // On failure sets `message` to one line that names the argument.
  static Status Create(const PauseEndpointer::Config& config, std::unique_ptr<Vad> vad,
                       std::unique_ptr<Endpointer>* out, std::string* message);

  // Takes samples until a frame (10 ms) is complete or none are left, and returns how
  // many it took. `*output` is the result for that frame, valid until the next call, or
  // null if no frame was completed. Callers loop until all samples are taken.
  [[nodiscard]] size_t Process(const int16_t* samples, size_t count,
                               const Output** output) noexcept;

  // See PauseEndpointer.
  [[nodiscard]] Status StartAfterWakeWord(int64_t sample, const EndpointEvent** events,
                                          size_t* n_events) noexcept;
  void Close(const EndpointEvent** events, size_t* n_events) noexcept;

  void Reset() noexcept;  // starts a new stream at first_sample

  // For Lfbe::ShareWith: another stream of the same audio reuses its frames.
  [[nodiscard]] Lfbe* front_end() noexcept { return &lfbe_; }

  [[nodiscard]] int64_t now_sample() const noexcept { return now_sample_; }
  [[nodiscard]] size_t bytes() const noexcept;

 private:
  Endpointer(const PauseEndpointer::Config& config, const Kernels* kernels,
             std::unique_ptr<Vad> vad);

  void TakeFrame() noexcept;
  void Step() noexcept;
  [[nodiscard]] float Level() const noexcept;

  const int64_t first_sample_;
  int64_t now_sample_;
  Lfbe lfbe_;
  int frames_since_output_ = 0;  // of the VAD
  std::unique_ptr<Vad> vad_;
  PauseEndpointer pauses_;
  // Levels of the newest frames, as a ring that covers the frames of a posterior.
  std::vector<float> levels_;
  size_t n_levels_ = 0;
  std::array<EndpointEvent, PauseEndpointer::kMostEventsPerStep> events_{};
  Output output_;
};

}  // namespace pww
