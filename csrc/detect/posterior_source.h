#pragma once

#include <cstddef>

#include "detect/device_state.h"

namespace pww {

// Result of a network for one keyword at one output.
struct Posterior {
  float probability = 0.0F;
  // How many 10 ms frames before the end of the newest frame the word starts and ends.
  // `end_frames` may be slightly negative if the word is about to end.
  float start_frames = 0.0F;
  float end_frames = 0.0F;
};

// Turns the stream of LFBE frames into posteriors: the interface between the spotter
// and the code that computes a network. Holds the history of one stream. One thread at
// a time.
//
// An output covers the newest window_frames() frames. The first is due after that many
// frames, then one every frame_stride() frames.
class PosteriorSource {
 public:
  virtual ~PosteriorSource() = default;

  // Constant over the life of the source.
  [[nodiscard]] virtual int window_frames() const noexcept = 0;
  [[nodiscard]] virtual int frame_stride() const noexcept = 0;
  [[nodiscard]] virtual size_t n_keywords() const noexcept = 0;

  // Reuses results of `earlier`, another source of the same stream, where both compute
  // the same. Afterwards `earlier` gets each call first. Call it before the first Push.
  virtual void ShareWith(PosteriorSource* /*earlier*/) {}

  // Effective from the next Push. The values are within the vocabularies.
  virtual void SetState(DeviceState state) noexcept = 0;

  // Takes one frame of Lfbe::kBins values. Returns true and writes n_keywords() values
  // to `posteriors` when an output is due; otherwise leaves them unchanged.
  [[nodiscard]] virtual bool Push(const float* frame,
                                  Posterior* posteriors) noexcept = 0;

  virtual void Reset() noexcept = 0;  // forgets all frames; keeps the state

  [[nodiscard]] virtual size_t bytes() const noexcept = 0;  // of one stream
};

}  // namespace pww
