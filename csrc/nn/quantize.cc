#include "nn/quantize.h"

#include <algorithm>
#include <cmath>

#include "nn/refusal.h"

namespace pww {

FixedMultiplier QuantizeMultiplier(double real) noexcept {
  int exponent = 0;
  const double fraction = std::frexp(real, &exponent);
  int64_t multiplier = std::llround(fraction * static_cast<double>(int64_t{1} << 31));
  if (multiplier == int64_t{1} << 31) {
    multiplier /= 2;
    ++exponent;
  }
  if (exponent < -31) {  // below half a step of the largest accumulator
    return {};
  }
  return {static_cast<int32_t>(multiplier), exponent};
}

Status FitMultiplier(double real, int64_t peak, FixedMultiplier* out,
                     const std::string& tensor, std::string* message) {
  constexpr double kLimit = 1 << 30;
  // Written so that NaN fails. A multiplier's left shift at most doubles its value.
  if (!(real > 0 && real < kLimit &&
        static_cast<double>(peak) * std::max(1.0, 2 * real) < kLimit)) {
    return Unsupported(
        message, "tensor '" + tensor + "': its scale could overflow 32-bit arithmetic");
  }
  *out = QuantizeMultiplier(real);
  return Status::kOk;
}

OutputRange RangeOf(const Tensor& output, Activation activation) noexcept {
  OutputRange range;
  range.zero_point = output.zero_point;
  const auto quantized = [&output](float real) {
    // Clamped while still a float: with a tiny scale it would not fit an int.
    const float steps = std::min(std::round(real / output.scales[0]), 1024.0F);
    return output.zero_point + static_cast<int32_t>(steps);
  };
  if (activation != Activation::kNone) {
    range.min = std::max(range.min, quantized(0.0F));
  }
  if (activation == Activation::kRelu6) {
    range.max = std::min(range.max, quantized(6.0F));
  }
  return range;
}

double LayerScale(const Tensor& input, const Tensor& weights, const Tensor& output,
                  size_t channel, OpKind kind) noexcept {
  const float input_scale = input.scales[0];
  const bool per_channel = weights.scales.size() > 1;
  const float weight_scale = weights.scales[per_channel ? channel : 0];
  const double output_scale = output.scales[0];
  if (kind == OpKind::kFullyConnected && !per_channel) {
    return static_cast<double>(input_scale * weight_scale) / output_scale;
  }
  return static_cast<double>(input_scale) * weight_scale / output_scale;
}

double MulScale(const Tensor& a, const Tensor& b, const Tensor& output) noexcept {
  return a.scales[0] * b.scales[0] / output.scales[0];
}

double ReluScale(const Tensor& input, const Tensor& output) noexcept {
  return input.scales[0] / output.scales[0];
}

AddScales AddScalesOf(const Tensor& a, const Tensor& b, const Tensor& output) noexcept {
  const double a_scale = a.scales[0];
  const double b_scale = b.scales[0];
  const double twice_max = 2 * std::max(a_scale, b_scale);
  constexpr double kHeadroom = 1 << kAddHeadroomBits;
  return {a_scale / twice_max, b_scale / twice_max,
          twice_max / (kHeadroom * static_cast<double>(output.scales[0]))};
}

}  // namespace pww
