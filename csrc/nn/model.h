#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"

namespace pww {

struct Quantization {
  float scale = 1.0F;
  int32_t zero_point = 0;

  bool operator==(const Quantization& other) const {
    return scale == other.scale && zero_point == other.zero_point;
  }
};

// Immutable weights and execution plan of one .tflite file, shared by any number of
// streams and threads. The bytes are copied, so the caller may free them.
class Model {
 public:
  // On failure sets `message` to one line that names the tensor or operator, and leaves
  // `out` unchanged.
  static Status Load(const uint8_t* data, size_t size,
                     std::shared_ptr<const Model>* out, std::string* message);
  ~Model();

  // Shape of the "features" input is [1, window_frames, 1, n_bins].
  [[nodiscard]] int window_frames() const noexcept;  // receptive field, 10 ms frames
  [[nodiscard]] int frame_stride() const noexcept;   // frames between two outputs
  [[nodiscard]] int n_bins() const noexcept;
  [[nodiscard]] int n_state() const noexcept;  // length of "state"; 0 if absent
  [[nodiscard]] int n_outputs() const noexcept;
  [[nodiscard]] const std::string& output_name(int index) const noexcept;
  [[nodiscard]] int output_size(int index) const noexcept;
  [[nodiscard]] Quantization output_quantization(int index) const noexcept;
  [[nodiscard]] Quantization features_quantization() const noexcept;
  [[nodiscard]] Quantization state_quantization() const noexcept;
  [[nodiscard]] int64_t macs_per_output() const noexcept;  // of the streaming part
  [[nodiscard]] size_t bytes() const noexcept;             // weights and plan

  struct Impl;
  [[nodiscard]] const Impl& impl() const noexcept { return *impl_; }

 private:
  explicit Model(std::unique_ptr<const Impl> impl);
  std::unique_ptr<const Impl> impl_;
};

}  // namespace pww
