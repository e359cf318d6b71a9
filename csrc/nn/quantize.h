#pragma once

#include "kernels/kernels.h"
#include "nn/graph.h"

// Turns the real scales of a file into the integers that the kernels compute with. The
// formulas are the interpreter's, including which steps are float and which double: the
// last bit of a multiplier can decide a rounding.
namespace pww {

// Nearest fixed-point form of `real`, which must be in [0, 2^30).
FixedMultiplier QuantizeMultiplier(double real) noexcept;

// Refuses, naming `tensor`, if a value of `peak` times `real` could overflow.
Status CheckMultiplier(double real, int64_t peak, const std::string& tensor,
                       std::string* message);

// CheckMultiplier, then QuantizeMultiplier.
Status FitMultiplier(double real, int64_t peak, FixedMultiplier* out,
                     const std::string& tensor, std::string* message);

// Zero point of `output`, and the limits of the fused activation.
OutputRange RangeOf(const Tensor& output, Activation activation) noexcept;

// One output channel of a layer with weights: (sum_i w[i] * x[i] + bias) * scale, with
// the zero point of the input in the bias.
struct FoldedChannel {
  int32_t bias;
  double scale;
};

// Refuses, naming the weights, if the sum could overflow.
Status FoldChannel(const Graph& graph, const Op& op, size_t channel, FoldedChannel* out,
                   std::string* message);

double MulScale(const Tensor& a, const Tensor& b, const Tensor& output) noexcept;
double ReluScale(const Tensor& input, const Tensor& output) noexcept;

// Relative to twice the larger of both scales, as in AddParams.
struct AddScales {
  double smaller;  // of the operand with the smaller scale
  double sum;
};
AddScales AddScalesOf(const Tensor& a, const Tensor& b, const Tensor& output) noexcept;

}  // namespace pww
