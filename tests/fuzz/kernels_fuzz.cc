// Fuzz target: compares every row of kernels with the scalar row, bit for bit.

#include <cstring>
#include <vector>

#include "dsp/lfbe_design.h"
#include "input.h"
#include "kernels/kernels.h"

namespace {

using pww::FixedMultiplier;
using pww::Kernels;
using pww::OutputRange;
using pww::fuzz::Input;
using pww::fuzz::Require;

std::vector<int8_t> Values(size_t count, Input* input) {
  std::vector<int8_t> values(count);
  for (int8_t& value : values) {
    value = input->Int8();
  }
  return values;
}

OutputRange Range(Input* input) {
  OutputRange range{input->Int8(), -128, 127};
  if (input->Byte() % 2 != 0) {
    range.min = range.zero_point;  // as a fused RELU
  }
  return range;
}

// With a shift of at most `most_left`, so that the contract of MultiplyFixed holds.
FixedMultiplier Multiplier(int most_left, Input* input) {
  const auto mantissa = static_cast<int32_t>(input->Word() % (1U << 30));
  const int shift = most_left - input->Byte() % (most_left + 32);
  return {(1 << 30) + mantissa, shift};
}

void Gemv(const Kernels& row, const Kernels& scalar, Input input) {
  const size_t n_out = 1U + input.Byte();
  const size_t n_in = input.Word() % 1400;
  const std::vector<int8_t> weights = Values(n_out * n_in, &input);
  const std::vector<int8_t> x = Values(n_in, &input);
  std::vector<int32_t> bias(n_out);
  for (int32_t& value : bias) {
    value = static_cast<int32_t>(input.Word()) >> 3;
  }
  const auto run = [&](const Kernels& kernels) {
    std::vector<int8_t> packed(kernels.packed_size(n_out, n_in));
    kernels.pack_s8(weights.data(), n_out, n_in, packed.data());
    std::vector<int32_t> acc(n_out);
    kernels.gemv_s8(packed.data(), x.data(), bias.data(), n_out, n_in, acc.data());
    return acc;
  };
  Require(run(row) == run(scalar), "gemv_s8 equals the scalar row");
}

void Elementwise(const Kernels& row, const Kernels& scalar, Input input) {
  const size_t n = input.Byte();
  const std::vector<int8_t> a = Values(n, &input);
  const std::vector<int8_t> b = Values(n, &input);
  const pww::MulParams mul{input.Int8(), input.Int8(), Multiplier(1, &input),
                           Range(&input)};
  const pww::AddParams add{input.Int8(), input.Int8(), Multiplier(0, &input),
                           Multiplier(0, &input), Range(&input)};
  std::vector<int8_t> want(n), got(n);
  scalar.mul_s8(a.data(), b.data(), mul, n, want.data());
  row.mul_s8(a.data(), b.data(), mul, n, got.data());
  Require(got == want, "mul_s8 equals the scalar row");
  scalar.add_s8(a.data(), b.data(), add, n, want.data());
  row.add_s8(a.data(), b.data(), add, n, got.data());
  Require(got == want, "add_s8 equals the scalar row");
}

void Requantize(const Kernels& row, const Kernels& scalar, Input input) {
  const size_t n = input.Byte();
  std::vector<int32_t> acc(n), multiplier(n), shift(n);
  for (size_t i = 0; i < n; ++i) {
    const FixedMultiplier real = Multiplier(2, &input);
    multiplier[i] = real.multiplier;
    shift[i] = real.shift;
    acc[i] = static_cast<int32_t>(input.Word()) >> (4 + input.Byte() % 20);
  }
  const OutputRange range = Range(&input);
  std::vector<int8_t> want(n), got(n);
  scalar.requantize_s8(acc.data(), {multiplier.data(), shift.data()}, range, n,
                       want.data());
  row.requantize_s8(acc.data(), {multiplier.data(), shift.data()}, range, n,
                    got.data());
  Require(got == want, "requantize_s8 equals the scalar row");
}

void FrontEnd(const Kernels& row, const Kernels& scalar, Input input) {
  constexpr size_t kValues = pww::LfbeTables::kFrames * pww::LfbeTables::kFilters;
  int16_t samples[pww::LfbeTables::kBlockSamples];
  for (int16_t& sample : samples) {
    sample = static_cast<int16_t>(input.Byte() << 8 | input.Byte());
  }
  float want[kValues], got[kValues];
  scalar.lfbe_s16(pww::SharedLfbeTables(), samples, want);
  row.lfbe_s16(pww::SharedLfbeTables(), samples, got);
  Require(std::memcmp(got, want, sizeof(got)) == 0, "lfbe_s16 equals the scalar row");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::vector<const Kernels*> rows = pww::SupportedKernels();
  Input input(data, size);
  const uint8_t kind = input.Byte();
  for (size_t i = 1; i < rows.size(); ++i) {
    switch (kind % 4) {
      case 0:
        Gemv(*rows[i], *rows[0], input);
        break;
      case 1:
        Elementwise(*rows[i], *rows[0], input);
        break;
      case 2:
        Requantize(*rows[i], *rows[0], input);
        break;
      default:
        FrontEnd(*rows[i], *rows[0], input);
        break;
    }
  }
  return 0;
}
