#include "detect/int8_values.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "dsp/lfbe.h"

namespace pww {
namespace {

constexpr int kInt8Min = -128;
constexpr int kInt8Max = 127;

// The integer nearest to x, ties to even like lrintf, for |x| < 2^22: the sum has no
// bits left for a fraction. Unlike lrintf, it can be vectorised.
float RoundToNearestEven(float x) noexcept {
  constexpr float kNoFraction = 12582912.0F;  // 1.5 * 2^23
  return (x + kNoFraction) - kNoFraction;
}

float Dequantize(int value, const Quantization& quantization) noexcept {
  return quantization.scale * static_cast<float>(value - quantization.zero_point);
}

}  // namespace

void Quantize(const float* values, size_t count, const Quantization& quantization,
              int8_t* out) noexcept {
  const float inverse_scale = 1.0F / quantization.scale;
  const auto zero_point = static_cast<float>(quantization.zero_point);
  // Clamping before rounding gives the same, because the limits are integers.
  const float low = kInt8Min - zero_point;
  const float high = kInt8Max - zero_point;
  for (size_t i = 0; i < count; ++i) {
    const float steps = std::min(std::max(values[i] * inverse_scale, low), high);
    out[i] = static_cast<int8_t>(
        static_cast<int32_t>(RoundToNearestEven(steps) + zero_point));
  }
}

Int8Table Int8Table::Values(const Quantization& quantization) {
  Int8Table table;
  for (int value = kInt8Min; value <= kInt8Max; ++value) {
    table.table_[static_cast<size_t>(value - kInt8Min)] =
        Dequantize(value, quantization);
  }
  return table;
}

Int8Table Int8Table::Sigmoid(const Quantization& quantization) {
  Int8Table table = Values(quantization);
  for (float& value : table.table_) {
    value = static_cast<float>(1.0 / (1.0 + std::exp(-static_cast<double>(value))));
  }
  return table;
}

int FindOutput(const Model& model, const char* name) {
  for (int i = 0; i < model.n_outputs(); ++i) {
    if (model.output_name(i) == name) {
      return i;
    }
  }
  return -1;
}

Status CheckFeatures(const Model& model, std::string* message) {
  if (model.n_bins() != static_cast<int>(Lfbe::kBins)) {
    *message = "input \"features\" takes " + std::to_string(model.n_bins()) +
               " values per frame, but the front end makes " +
               std::to_string(Lfbe::kBins);
    return Status::kUnsupportedModel;
  }
  return Status::kOk;
}

}  // namespace pww
