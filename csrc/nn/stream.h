#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "nn/model.h"

namespace pww {

// Convolution history and scratch of one audio stream through one Model.
//
// Each frame is computed once: a convolution keeps the inputs that its kernel
// still needs. Allocates in the constructor only. One thread at a time.
class Stream {
 public:
  explicit Stream(std::shared_ptr<const Model> model);
  ~Stream();

  // From now on takes from `trunk`, which must outlive this stream, whatever its model
  // computes alike, bit for bit: the layers that two words' models have in common.
  // Returns whether there is anything. Only before the first Push to either; from then
  // on each SetState, Push and Reset must come to `trunk` first, with the same values.
  [[nodiscard]] bool ShareWith(Stream* trunk);

  // Takes model.n_state() quantized values; recomputes what depends on them alone
  // (embedding, FiLM scale and shift). Effective from the next Push.
  void SetState(const int8_t* state) noexcept;

  // Takes one frame of model.n_bins() quantized features. Returns true when an
  // output is due: every model.frame_stride() frames once window_frames() are in.
  // The n-th output equals the whole-window graph on the frames
  // [n * frame_stride, n * frame_stride + window_frames). After ShareWith returned
  // true, `frame` is not read and may be null.
  [[nodiscard]] bool Push(const int8_t* frame) noexcept;

  // Output values of the last due output; valid until the next Push or Reset.
  [[nodiscard]] const int8_t* output(int index) const noexcept;

  void Reset() noexcept;  // empties the history; keeps the state of SetState
  [[nodiscard]] size_t bytes() const noexcept;
  [[nodiscard]] const Model& model() const noexcept { return *model_; }

 private:
  struct Impl;
  std::shared_ptr<const Model> model_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pww
