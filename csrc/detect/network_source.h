#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "detect/int8_values.h"
#include "detect/posterior_source.h"
#include "dsp/lfbe.h"
#include "nn/stream.h"

namespace pww {

// Posteriors of an int8 network that the core runs.
class NetworkSource final : public PosteriorSource {
 public:
  // Refuses, with a message that names the tensor, a model that does not take LFBE
  // frames and the device state or lacks one of the outputs "logits", "start", "end".
  static Status Create(const std::shared_ptr<const Model>& model,
                       const DeviceStateSizes& sizes,
                       std::unique_ptr<PosteriorSource>* out, std::string* message);

  [[nodiscard]] int window_frames() const noexcept override;
  [[nodiscard]] int frame_stride() const noexcept override;
  [[nodiscard]] size_t n_keywords() const noexcept override { return n_keywords_; }
  void ShareWith(PosteriorSource* earlier) override;
  void SetState(DeviceState state) noexcept override;
  [[nodiscard]] bool Push(const float* frame, Posterior* posteriors) noexcept override;
  void Reset() noexcept override { stream_.Reset(); }
  [[nodiscard]] size_t bytes() const noexcept override;

 private:
  struct Outputs {  // positions in the model; the order in the file is arbitrary
    int logits = -1;
    int start = -1;
    int end = -1;
  };

  NetworkSource(const std::shared_ptr<const Model>& model,
                const DeviceStateSizes& sizes, const Outputs& outputs);

  DeviceStateSizes sizes_;
  Outputs outputs_;
  size_t n_keywords_;
  Stream stream_;
  Int8Table probability_;
  Int8Table start_frames_;
  Int8Table end_frames_;
  bool shares_features_ = false;
  std::array<int8_t, Lfbe::kBins> features_;
  std::vector<int8_t> one_hot_;  // empty if the model takes no state
};

}  // namespace pww
