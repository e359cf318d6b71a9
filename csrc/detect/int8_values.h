#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/status.h"
#include "nn/model.h"

// Between the float values of the audio path and the int8 values of a network.
namespace pww {

// Nearest int8 value of each, ties to even, saturating.
void Quantize(const float* values, size_t count, const Quantization& quantization,
              int8_t* out) noexcept;

// The real value, or a function of it, for each of the 256 values of an int8.
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

// Refuses a model whose input "features" is not one frame of the front end.
Status CheckFeatures(const Model& model, std::string* message);

}  // namespace pww
