#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "kernels/echo_state.h"
#include "kernels/lfbe_tables.h"
#include "kernels/requant.h"

namespace pww {

// One multiplier per channel, in two arrays so that a vector row can load them.
struct ChannelMultipliers {
  const int32_t* multiplier = nullptr;
  const int32_t* shift = nullptr;
};

// out = (a - a_zero_point) * (b - b_zero_point) * scale
struct MulParams {
  int32_t a_zero_point = 0;
  int32_t b_zero_point = 0;
  FixedMultiplier scale;
  OutputRange range;

  bool operator==(const MulParams& other) const {
    return a_zero_point == other.a_zero_point && b_zero_point == other.b_zero_point &&
           scale == other.scale && range == other.range;
  }
};

// out = ((a - a_zero_point) * a_scale + (b - b_zero_point) / 2) * sum_scale. The sum
// has kAddHeadroomBits fractional bits. Both scales are below 1. The interpreter
// divides both operands' scales by twice the larger one, so the operand with the larger
// scale, here always b, needs no multiplication.
struct AddParams {
  int32_t a_zero_point = 0;
  int32_t b_zero_point = 0;
  FixedMultiplier a_scale;
  FixedMultiplier sum_scale;
  OutputRange range;

  bool operator==(const AddParams& other) const {
    return a_zero_point == other.a_zero_point && b_zero_point == other.b_zero_point &&
           a_scale == other.a_scale && sum_scale == other.sum_scale &&
           range == other.range;
  }
};
constexpr int kAddHeadroomBits = 20;

// The operators of one instruction set. Every row returns exactly the scalar row's
// bits. Pointers need no alignment. Inputs and outputs must not overlap.
struct Kernels {
  const char* name;  // the value of PYWAKEWORD_ISA that selects this row
  bool (*supported)();

  // Rearranges weights, once at load, into the order in which the row reads them.
  // Reading is fastest if `packed` starts at a cache line. `weights` is row-major,
  // n_out rows of n_in; n_out is at least 1.
  size_t (*packed_size)(size_t n_out, size_t n_in);
  void (*pack_s8)(const int8_t* weights, size_t n_out, size_t n_in, int8_t* packed);

  // acc[o] = bias[o] + sum_i weights[o][i] * x[i]. The loader guarantees that every
  // partial sum, in any order, fits an int32.
  void (*gemv_s8)(const int8_t* packed, const int8_t* x, const int32_t* bias,
                  size_t n_out, size_t n_in, int32_t* acc);

  // out[i] = ClampToOutput(MultiplyFixed(acc[i], multipliers[i]), range)
  void (*requantize_s8)(const int32_t* acc, const ChannelMultipliers& multipliers,
                        const OutputRange& range, size_t n, int8_t* out);

  void (*mul_s8)(const int8_t* a, const int8_t* b, const MulParams& params, size_t n,
                 int8_t* out);
  void (*add_s8)(const int8_t* a, const int8_t* b, const AddParams& params, size_t n,
                 int8_t* out);

  // The front end for LfbeTables::kFrames frames: reads kBlockSamples samples and
  // writes kFilters values per frame.
  void (*lfbe_s16)(const LfbeTables& tables, const int16_t* samples, float* frames);

  // The echo canceller, see echo_state.h. A block that is complete: its spectra, and
  // what the filter learns from it. Then what the next block needs. Then, sample by
  // sample, out[i] = sum_k taps[k] * x[i - k], k from 0 to EchoState::kBlock - 1.
  void (*echo_update)(const EchoTables& tables, bool adapt, EchoState* state);
  void (*echo_predict)(const EchoTables& tables, EchoState* state);
  void (*echo_fir)(const float* taps, const float* x, size_t n, float* out);
};

// One element of mul_s8 and add_s8, for the scalar row and the tails of the others.
// Static for the reason given in requant.h.
static inline int8_t MulOne(int8_t a, int8_t b, const MulParams& params) noexcept {
  const int32_t product = (a - params.a_zero_point) * (b - params.b_zero_point);
  return ClampToOutput(MultiplyFixed(product, params.scale), params.range);
}

static inline int8_t AddOne(int8_t a, int8_t b, const AddParams& params) noexcept {
  constexpr int32_t kOne = int32_t{1} << kAddHeadroomBits;
  const int32_t sum = MultiplyFixed((a - params.a_zero_point) * kOne, params.a_scale) +
                      (b - params.b_zero_point) * (kOne / 2);
  return ClampToOutput(MultiplyFixed(sum, params.sum_scale), params.range);
}

// Returns the row in use: the fastest that this CPU supports, or the one named by the
// environment variable PYWAKEWORD_ISA. Chosen once, at the first call. An unknown or
// unsupported name is an error; there is no fallback.
Status SelectKernels(const Kernels** out, std::string* message);

// Every compiled row that this CPU supports, the scalar one first.
std::vector<const Kernels*> SupportedKernels();

}  // namespace pww
