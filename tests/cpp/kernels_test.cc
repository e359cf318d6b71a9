// Tests that every row that this CPU supports returns the scalar row's bits.

#include "kernels/kernels.h"

#include <cstring>
#include <random>
#include <vector>

#include "check.h"
#include "kernels/x86_cpu.h"

namespace {

using pww::Kernels;

constexpr uint32_t kSeed = 7;

enum class Fill { kLowest, kHighest, kAlternating, kRandom };
constexpr Fill kFills[] = {Fill::kLowest, Fill::kHighest, Fill::kAlternating,
                           Fill::kRandom};

std::vector<int8_t> Values(size_t n, Fill fill, std::mt19937* random) {
  std::vector<int8_t> values(n);
  for (size_t i = 0; i < n; ++i) {
    switch (fill) {
      case Fill::kLowest:
        values[i] = -128;
        break;
      case Fill::kHighest:
        values[i] = 127;
        break;
      case Fill::kAlternating:
        values[i] = i % 2 == 0 ? -128 : 127;
        break;
      case Fill::kRandom:
        values[i] = static_cast<int8_t>((*random)() & 0xFF);
        break;
    }
  }
  return values;
}

const Kernels& Scalar() { return *pww::SupportedKernels().front(); }

std::vector<int32_t> Gemv(const Kernels& kernels, const std::vector<int8_t>& weights,
                          const std::vector<int8_t>& x,
                          const std::vector<int32_t>& bias) {
  std::vector<int8_t> packed(kernels.packed_size(bias.size(), x.size()));
  kernels.pack_s8(weights.data(), bias.size(), x.size(), packed.data());
  std::vector<int32_t> acc(bias.size(), -1);
  kernels.gemv_s8(packed.data(), x.data(), bias.data(), bias.size(), x.size(),
                  acc.data());
  return acc;
}

void CheckGemv(size_t n_out, size_t n_in, std::mt19937* random) {
  std::vector<int32_t> bias(n_out);
  for (int32_t& value : bias) {
    value = static_cast<int32_t>((*random)() % 2000000) - 1000000;
  }
  for (const Fill weight_fill : kFills) {
    for (const Fill x_fill : kFills) {
      const auto weights = Values(n_out * n_in, weight_fill, random);
      const auto x = Values(n_in, x_fill, random);
      const auto want = Gemv(Scalar(), weights, x, bias);
      for (const Kernels* kernels : pww::SupportedKernels()) {
        PWW_CHECK(Gemv(*kernels, weights, x, bias) == want);
      }
    }
  }
}

pww::FixedMultiplier RandomMultiplier(int32_t max_shift, std::mt19937* random) {
  const auto fraction = static_cast<int32_t>((*random)() & 0x3FFFFFFF);
  const auto shift = static_cast<int32_t>((*random)() % 20);
  return {(1 << 30) + fraction, max_shift - shift};
}

pww::OutputRange RandomRange(std::mt19937* random) {
  pww::OutputRange range;
  range.zero_point = static_cast<int32_t>((*random)() % 256) - 128;
  if ((*random)() % 2 == 0) {
    range.min = range.zero_point;  // as a fused RELU
  }
  return range;
}

int32_t RandomZeroPoint(std::mt19937* random) {
  return static_cast<int32_t>((*random)() % 256) - 128;
}

}  // namespace

PWW_TEST(ScalarRowComesFirst) { PWW_CHECK(std::strcmp(Scalar().name, "scalar") == 0); }

#if defined(__x86_64__) && !defined(_MSC_VER)  // clang-cl lacks __builtin_cpu_supports
PWW_TEST(TheCpuHasWhatTheCompilersRunTimeFinds) {
  PWW_CHECK(pww::CpuHasAvx2() == (__builtin_cpu_supports("avx2") != 0));
  PWW_CHECK(pww::CpuHasAvx512Vnni() == (__builtin_cpu_supports("avx512f") != 0 &&
                                        __builtin_cpu_supports("avx512bw") != 0 &&
                                        __builtin_cpu_supports("avx512vl") != 0 &&
                                        __builtin_cpu_supports("avx512vnni") != 0));
}
#endif

PWW_TEST(GemvOfOneByHand) {
  for (const Kernels* kernels : pww::SupportedKernels()) {
    PWW_CHECK(Gemv(*kernels, {2, -3, 4}, {5, 6, -7}, {100}) ==
              std::vector<int32_t>{64});
  }
}

PWW_TEST(GemvOfEveryInputCount) {
  std::mt19937 random(kSeed);
  for (size_t n_in = 0; n_in <= 130; ++n_in) {
    CheckGemv(33, n_in, &random);
  }
}

PWW_TEST(GemvOfEveryOutputCount) {
  std::mt19937 random(kSeed);
  for (size_t n_out = 1; n_out <= 70; ++n_out) {
    CheckGemv(n_out, 37, &random);
  }
}

PWW_TEST(GemvBeyondOneBlockOfInputs) {
  std::mt19937 random(kSeed);
  for (const size_t n_in : {511U, 512U, 513U, 1023U, 1025U, 3000U}) {
    CheckGemv(12, n_in, &random);
  }
}

PWW_TEST(RequantizeOfEveryCount) {
  std::mt19937 random(kSeed);
  for (size_t n = 0; n <= 130; ++n) {
    std::vector<int32_t> acc(n), multiplier(n), shift(n);
    for (size_t i = 0; i < n; ++i) {
      const pww::FixedMultiplier real = RandomMultiplier(2, &random);
      multiplier[i] = real.multiplier;
      shift[i] = real.shift;
      // Values around the rounding boundaries, and others.
      acc[i] = static_cast<int32_t>(random() % (1U << 28)) - (1 << 27);
      acc[i] >>= random() % 28;
    }
    const pww::OutputRange range = RandomRange(&random);
    std::vector<int8_t> want(n), got(n);
    Scalar().requantize_s8(acc.data(), {multiplier.data(), shift.data()}, range, n,
                           want.data());
    for (const Kernels* kernels : pww::SupportedKernels()) {
      kernels->requantize_s8(acc.data(), {multiplier.data(), shift.data()}, range, n,
                             got.data());
      PWW_CHECK(got == want);
    }
  }
}

PWW_TEST(MulAndAddOfEveryCount) {
  std::mt19937 random(kSeed);
  for (size_t n = 0; n <= 130; ++n) {
    for (const Fill fill : kFills) {
      const auto a = Values(n, fill, &random);
      const auto b = Values(n, Fill::kRandom, &random);
      const pww::MulParams mul{RandomZeroPoint(&random), RandomZeroPoint(&random),
                               RandomMultiplier(1, &random), RandomRange(&random)};
      const pww::AddParams add{RandomZeroPoint(&random), RandomZeroPoint(&random),
                               RandomMultiplier(0, &random),
                               RandomMultiplier(-8, &random), RandomRange(&random)};
      std::vector<int8_t> want_mul(n), want_add(n), got(n);
      Scalar().mul_s8(a.data(), b.data(), mul, n, want_mul.data());
      Scalar().add_s8(a.data(), b.data(), add, n, want_add.data());
      for (const Kernels* kernels : pww::SupportedKernels()) {
        kernels->mul_s8(a.data(), b.data(), mul, n, got.data());
        PWW_CHECK(got == want_mul);
        kernels->add_s8(a.data(), b.data(), add, n, got.data());
        PWW_CHECK(got == want_add);
      }
    }
  }
}

int main() { return pww::test::RunAll(); }
