#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <exception>
#include <vector>

#include "detect/posterior_source.h"
#include "dsp/lfbe.h"

namespace pww {

// A network computed by a Python function. Immutable; serves any number of streams.
struct PythonNetwork {
  pybind11::function run;
  int window_frames;
  int frame_stride;
  int n_keywords;
  int n_state;  // length of the one-hot vector that `run` takes; may be 0
};

// Posteriors of a PythonNetwork. Keeps the window of frames of one stream and calls the
// function with the whole window for each output. Unlike the other sources it allocates
// and takes the GIL.
//
// Push may be called without the GIL. Construct and destroy with it held.
class PythonSource final : public PosteriorSource {
 public:
  PythonSource(const PythonNetwork& network, const DeviceStateSizes& sizes);

  [[nodiscard]] int window_frames() const noexcept override {
    return network_.window_frames;
  }
  [[nodiscard]] int frame_stride() const noexcept override {
    return network_.frame_stride;
  }
  [[nodiscard]] size_t n_keywords() const noexcept override {
    return static_cast<size_t>(network_.n_keywords);
  }
  void SetState(DeviceState state) noexcept override;
  // If the function raises, the posteriors are 0 and failed() returns true.
  [[nodiscard]] bool Push(const float* frame, Posterior* posteriors) noexcept override;
  void Reset() noexcept override;
  [[nodiscard]] size_t bytes() const noexcept override;

  [[nodiscard]] bool failed() const noexcept { return error_ != nullptr; }
  // Throws and forgets the stored error, if any. Call it with the GIL held.
  void RethrowError();

 private:
  void AppendFrame(const float* frame) noexcept;
  void Run(Posterior* posteriors);

  PythonNetwork network_;
  DeviceStateSizes sizes_;
  std::vector<float> frames_;  // room for two windows, so that frames rarely move
  size_t n_frames_ = 0;        // in frames_
  int frames_until_due_;
  std::vector<float> one_hot_;
  std::exception_ptr error_;
};

}  // namespace pww
