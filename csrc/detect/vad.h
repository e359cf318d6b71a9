#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "detect/int8_values.h"
#include "dsp/lfbe.h"
#include "nn/stream.h"

namespace pww {

// Voice activity: the posteriors of an int8 network over the stream of LFBE frames.
//
// There is an output every frame_stride() frames. It is about as many frames, which end
// delay_frames before the newest frame: with some later audio, the network can tell a
// pause from a consonant. Frames before the start of the stream are silence. Only
// Create() allocates. One thread at a time.
class Vad {
 public:
  // Refuses, naming the tensor, a model that takes more than LFBE frames or whose
  // output "logits" is not one value.
  static Status Create(const std::shared_ptr<const Model>& model, int delay_frames,
                       std::unique_ptr<Vad>* out, std::string* message);

  // Takes one frame of Lfbe::kBins values. Returns true when an output is due.
  [[nodiscard]] bool Push(const float* frame, float* probability) noexcept;

  void Reset() noexcept;

  [[nodiscard]] int frame_stride() const noexcept {
    return stream_.model().frame_stride();
  }
  [[nodiscard]] int delay_frames() const noexcept { return delay_frames_; }
  [[nodiscard]] size_t bytes() const noexcept {
    return sizeof(*this) + stream_.bytes();
  }

 private:
  Vad(const std::shared_ptr<const Model>& model, int delay_frames, int logits);

  [[nodiscard]] bool PushFeatures(const float* frame) noexcept;

  int delay_frames_;
  int logits_;
  bool started_ = false;  // whether the network got the silence before the stream
  Int8Table probability_;
  Stream stream_;
  std::array<int8_t, Lfbe::kBins> features_{};
};

}  // namespace pww
