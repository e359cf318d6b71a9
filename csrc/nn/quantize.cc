#include "nn/quantize.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

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
  if (exponent < -31) {  // less than half a step, even for the largest accumulator
    return {};
  }
  return {static_cast<int32_t>(multiplier), exponent};
}

Status CheckMultiplier(double real, int64_t peak, const std::string& tensor,
                       std::string* message) {
  constexpr double kLimit = 1 << 30;
  // Written so that NaN fails. A multiplier's left shift at most doubles its value.
  if (!(real > 0 && real < kLimit &&
        static_cast<double>(peak) * std::max(1.0, 2 * real) < kLimit)) {
    return Unsupported(
        message, "tensor '" + tensor + "': its scale could overflow 32-bit arithmetic");
  }
  return Status::kOk;
}

Status FitMultiplier(double real, int64_t peak, FixedMultiplier* out,
                     const std::string& tensor, std::string* message) {
  PWW_RETURN_IF_ERROR(CheckMultiplier(real, peak, tensor, message));
  *out = QuantizeMultiplier(real);
  return Status::kOk;
}

OutputRange RangeOf(const Tensor& output, Activation activation) noexcept {
  OutputRange range;
  range.zero_point = output.zero_point;
  const auto quantized = [&output](float real) {
    // Clamped as a float: with a tiny scale it would not fit an int.
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

Status FoldChannel(const Graph& graph, const Op& op, size_t channel, FoldedChannel* out,
                   std::string* message) {
  const auto tensor = [&graph](int index) -> const Tensor& {
    return graph.tensors[static_cast<size_t>(index)];
  };
  const Tensor& input = tensor(op.inputs[0]);
  const Tensor& weights = tensor(op.inputs[1]);
  // The channel is the last axis of depthwise weights, and the first of all others.
  const bool depthwise = op.kind == OpKind::kDepthwiseConv2D;
  const auto n_out = static_cast<size_t>(weights.shape[depthwise ? 3 : 0]);
  const size_t n_in = weights.n_elements / n_out;
  const size_t first = depthwise ? channel : channel * n_in;
  const size_t step = depthwise ? n_out : 1;
  int64_t sum = 0;
  int64_t magnitude = 0;
  for (size_t i = 0; i < n_in; ++i) {
    const int64_t weight = static_cast<int8_t>(weights.data[first + i * step]);
    sum += weight;
    magnitude += std::abs(weight);
  }
  int64_t bias = -sum * input.zero_point;  // w * (x - zero) = w * x - w * zero
  if (op.inputs.size() == 3 && op.inputs[2] >= 0) {
    bias += IntConstant(tensor(op.inputs[2]), channel);
  }
  const float weight_scale = weights.scales[weights.scales.size() > 1 ? channel : 0];
  out->scale = static_cast<double>(input.scales[0]) * weight_scale /
               static_cast<double>(tensor(op.output).scales[0]);
  PWW_RETURN_IF_ERROR(CheckMultiplier(out->scale, std::abs(bias) + 128 * magnitude,
                                      weights.name, message));
  out->bias = static_cast<int32_t>(bias);
  return Status::kOk;
}

double MulScale(const Tensor& a, const Tensor& b, const Tensor& output) noexcept {
  return a.scales[0] * b.scales[0] / output.scales[0];
}

double ReluScale(const Tensor& input, const Tensor& output) noexcept {
  return input.scales[0] / output.scales[0];
}

AddScales AddScalesOf(const Tensor& a, const Tensor& b, const Tensor& output) noexcept {
  const double smaller = std::min(a.scales[0], b.scales[0]);
  const double twice_larger = 2.0 * std::max(a.scales[0], b.scales[0]);
  constexpr double kOne = 1 << kAddHeadroomBits;
  return {smaller / twice_larger,
          twice_larger / (kOne * static_cast<double>(output.scales[0]))};
}

}  // namespace pww
