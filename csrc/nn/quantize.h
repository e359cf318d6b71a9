#pragma once

#include "kernels/kernels.h"
#include "nn/graph.h"

// From the real scales of a file to the integers that the kernels compute with. Every
// formula repeats the interpreter's, down to which steps are float and which double:
// the last bit of a multiplier can decide a rounding.
namespace pww {

// Nearest fixed-point form of `real`, which must be in [0, 2^30).
FixedMultiplier QuantizeMultiplier(double real) noexcept;

// Whether a value of at most `peak` can be multiplied by `real` without overflow; if
// not, refuses, naming `tensor`.
Status CheckMultiplier(double real, int64_t peak, const std::string& tensor,
                       std::string* message);

// Both: CheckMultiplier, then QuantizeMultiplier.
Status FitMultiplier(double real, int64_t peak, FixedMultiplier* out,
                     const std::string& tensor, std::string* message);

// Zero point of `output`, and the values that the fused activation lets through.
OutputRange RangeOf(const Tensor& output, Activation activation) noexcept;

// What one output channel of a layer with weights computes:
// (sum_i w[i] * x[i] + bias) * scale, with the zero point of the input in the bias.
struct FoldedChannel {
  int32_t bias;
  double scale;
};

// Refuses, naming the weights, if the sum could overflow.
Status FoldChannel(const Graph& graph, const Op& op, size_t channel, FoldedChannel* out,
                   std::string* message);

double MulScale(const Tensor& a, const Tensor& b, const Tensor& output) noexcept;
double ReluScale(const Tensor& input, const Tensor& output) noexcept;

// Relative to twice the larger of both scales, as AddParams wants them.
struct AddScales {
  double smaller;  // of the operand with the smaller scale
  double sum;
};
AddScales AddScalesOf(const Tensor& a, const Tensor& b, const Tensor& output) noexcept;

}  // namespace pww
