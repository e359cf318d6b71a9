#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/status.h"
#include "nn/model.h"

// Converts between float values of the audio path and int8 values of a network.
namespace pww {

// Rounds each to the nearest int8 value, ties to even, saturating.
void Quantize(const float* values, size_t count, const Quantization& quantization,
              int8_t* out) noexcept;

// The real value of each of the 256 int8 values, or a function of it.
class Int8Table {
 public:
  [[nodiscard]] static Int8Table Values(const Quantization& quantization);
  [[nodiscard]] static Int8Table Sigmoid(const Quantization& quantization);

  [[nodiscard]] float operator[](int8_t value) const noexcept {
    return table_[static_cast<size_t>(value + 128)];
  }

 private:
  std::array<float, 256> table_{};
};

// Position of the output `name`, -1 if there is none.
[[nodiscard]] int FindOutput(const Model& model, const char* name);

// Refuses a model whose input "features" is not made of the front end's frames.
Status CheckFeatures(const Model& model, std::string* message);

}  // namespace pww
