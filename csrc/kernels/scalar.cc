// The reference row, written for reading. Every other row returns its bits.

#include <algorithm>

#include "kernels/echo_block.h"
#include "kernels/lfbe_block.h"
#include "kernels/rows.h"

namespace pww {
namespace {

bool Supported() { return true; }

size_t PackedSize(size_t n_out, size_t n_in) { return n_out * n_in; }

void Pack(const int8_t* weights, size_t n_out, size_t n_in, int8_t* packed) {
  std::copy_n(weights, n_out * n_in, packed);
}

void Gemv(const int8_t* packed, const int8_t* x, const int32_t* bias, size_t n_out,
          size_t n_in, int32_t* acc) {
  for (size_t o = 0; o < n_out; ++o) {
    const int8_t* weights = packed + o * n_in;
    int32_t sum = bias[o];
    for (size_t i = 0; i < n_in; ++i) {
      sum += weights[i] * x[i];
    }
    acc[o] = sum;
  }
}

void Requantize(const int32_t* acc, const ChannelMultipliers& multipliers,
                const OutputRange& range, size_t n, int8_t* out) {
  for (size_t i = 0; i < n; ++i) {
    const FixedMultiplier real{multipliers.multiplier[i], multipliers.shift[i]};
    out[i] = ClampToOutput(MultiplyFixed(acc[i], real), range);
  }
}

void Mul(const int8_t* a, const int8_t* b, const MulParams& params, size_t n,
         int8_t* out) {
  for (size_t i = 0; i < n; ++i) {
    out[i] = MulOne(a[i], b[i], params);
  }
}

void Add(const int8_t* a, const int8_t* b, const AddParams& params, size_t n,
         int8_t* out) {
  for (size_t i = 0; i < n; ++i) {
    out[i] = AddOne(a[i], b[i], params);
  }
}

}  // namespace

void BaselineLfbe(const LfbeTables& tables, const int16_t* samples, float* frames) {
  LfbeBlock<Ops4>(tables, samples, frames);
}

void BaselineEchoUpdate(const EchoTables& tables, bool adapt, EchoState* state) {
  EchoUpdate(tables, adapt, state);
}

void BaselineEchoPredict(const EchoTables& tables, EchoState* state) {
  EchoPredict(tables, state);
}

void BaselineEchoFir(const float* taps, const float* x, size_t n, float* out) {
  EchoFir(taps, x, n, out);
}

const Kernels kScalarKernels = {"scalar",
                                Supported,
                                PackedSize,
                                Pack,
                                Gemv,
                                Requantize,
                                Mul,
                                Add,
                                BaselineLfbe,
                                BaselineEchoUpdate,
                                BaselineEchoPredict,
                                BaselineEchoFir};

}  // namespace pww
