#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "nn/model.h"

namespace pww {

// Convolution history and scratch of one audio stream through one Model.
//
// Each frame is computed once: a convolution keeps the inputs that its kernel still
// needs. Only the constructor allocates. One thread at a time.
class Stream {
 public:
  explicit Stream(std::shared_ptr<const Model> model);
  ~Stream();

  // Takes the results of layers that both models have in common from `trunk`, which
  // must outlive this stream. Returns false if there are none. Call it before the first
  // Push to either. Afterwards call each SetState, Push and Reset on `trunk` first,
  // with the same values.
  [[nodiscard]] bool ShareWith(Stream* trunk);

  // Takes model.n_state() quantized values and recomputes the embedding and FiLM's
  // scales and shifts. Effective from the next Push.
  void SetState(const int8_t* state) noexcept;

  // Takes one frame of model.n_bins() quantized features. Returns true when an output
  // is due: after window_frames() frames, then every model.frame_stride() frames.
  // Output n equals the whole-window graph on the frames [n * frame_stride, n *
  // frame_stride + window_frames). After ShareWith has returned true, `frame` is not
  // read and may be null.
  [[nodiscard]] bool Push(const int8_t* frame) noexcept;

  // Values of the last output. Valid until the next Push or Reset.
  [[nodiscard]] const int8_t* output(int index) const noexcept;

  void Reset() noexcept;  // clears the history, keeps the state
  [[nodiscard]] size_t bytes() const noexcept;
  [[nodiscard]] const Model& model() const noexcept { return *model_; }

 private:
  struct Impl;
  std::shared_ptr<const Model> model_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pww
