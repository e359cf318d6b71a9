#pragma once

#include "kernels/kernels.h"
#include "nn/graph.h"

// From the real scales of a file to the integers that the kernels compute with. Every
// formula repeats the interpreter's, down to which steps are float and which double:
// the last bit of a multiplier can decide a rounding.
namespace pww {

// Nearest fixed-point form of `real`, which must be in [0, 2^30).
FixedMultiplier QuantizeMultiplier(double real) noexcept;

// The same for a value of at most `peak`, if MultiplyFixed can multiply it without
// overflow; else refuses, naming `tensor`.
Status FitMultiplier(double real, int64_t peak, FixedMultiplier* out,
                     const std::string& tensor, std::string* message);

// Zero point of `output`, and the values that the fused activation lets through.
OutputRange RangeOf(const Tensor& output, Activation activation) noexcept;

// Scale of channel `channel` of a layer's accumulator, relative to its output.
double LayerScale(const Tensor& input, const Tensor& weights, const Tensor& output,
                  size_t channel, OpKind kind) noexcept;

double MulScale(const Tensor& a, const Tensor& b, const Tensor& output) noexcept;
double ReluScale(const Tensor& input, const Tensor& output) noexcept;

struct AddScales {
  double a;
  double b;
  double sum;
};
AddScales AddScalesOf(const Tensor& a, const Tensor& b, const Tensor& output) noexcept;

}  // namespace pww
