#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "detect/spotter.h"

namespace pww::test {

// A posterior source that follows a script and records its inputs.
class FakeSource final : public PosteriorSource {
 public:
  struct Log {
    std::vector<float> first_bins;    // bin 0 of every frame
    std::vector<DeviceState> states;  // every SetState
  };
  // Posteriors of all keywords per output; after the last row they are all 0.
  using ScriptRows = std::vector<std::vector<Posterior>>;

  FakeSource(int window_frames, int frame_stride, size_t n_keywords, ScriptRows script,
             Log* log = nullptr)
      : window_frames_(window_frames),
        frame_stride_(frame_stride),
        n_keywords_(n_keywords),
        script_(std::move(script)),
        log_(log) {}

  [[nodiscard]] int window_frames() const noexcept override { return window_frames_; }
  [[nodiscard]] int frame_stride() const noexcept override { return frame_stride_; }
  [[nodiscard]] size_t n_keywords() const noexcept override { return n_keywords_; }

  void SetState(DeviceState state) noexcept override {
    if (log_ != nullptr) {
      log_->states.push_back(state);
    }
  }

  [[nodiscard]] bool Push(const float* frame, Posterior* posteriors) noexcept override {
    if (log_ != nullptr) {
      log_->first_bins.push_back(frame[0]);
    }
    ++n_frames_;
    if (n_frames_ < window_frames_ ||
        (n_frames_ - window_frames_) % frame_stride_ != 0) {
      return false;
    }
    for (size_t k = 0; k < n_keywords_; ++k) {
      posteriors[k] =
          n_outputs_ < script_.size() ? script_[n_outputs_][k] : Posterior();
    }
    ++n_outputs_;
    return true;
  }

  void Reset() noexcept override {
    n_frames_ = 0;
    n_outputs_ = 0;
  }

  [[nodiscard]] size_t bytes() const noexcept override { return sizeof(*this); }

 private:
  int window_frames_;
  int frame_stride_;
  size_t n_keywords_;
  ScriptRows script_;
  Log* log_;
  int n_frames_ = 0;
  size_t n_outputs_ = 0;
};

inline std::vector<std::unique_ptr<PosteriorSource>> OneSource(
    std::unique_ptr<PosteriorSource> source) {
  std::vector<std::unique_ptr<PosteriorSource>> sources;
  sources.push_back(std::move(source));
  return sources;
}

}  // namespace pww::test
