// Exact int8 dot products on every NEON unit, 64-bit and 32-bit: vmull_s8 and vmlal_s8
// sum two products in int16, vpadalq_s16 adds neighbours into int32. Three arithmetic
// instructions and one load per 16 products; bound by the multiplications.
//
// Two products fit an int16 unless all four factors are -128. TFLite keeps quantized
// weights in [-127, 127], so -128 is rare. pack_s8 looks for it, and a matrix that has
// it takes a path with one more addition.

#include <arm_neon.h>

#include <cstring>

#include "kernels/arm_cpu.h"
#include "kernels/neon_elementwise.h"
#include "kernels/rows.h"

namespace pww {
namespace {

// Weights are stored as [tile][block of inputs][kTile][kBlock], padded with zeros, so
// that the inputs of a block are loaded once for the kTile outputs of a tile.
constexpr size_t kTile = 4;
constexpr size_t kBlock = 16;
constexpr size_t kStep = kTile * kBlock;
// Header of the packed weights. Its first byte is 1 if one of them is -128.
constexpr size_t kHeaderBytes = 16;

constexpr size_t Blocks(size_t n, size_t size) { return (n + size - 1) / size; }

size_t TileBytes(size_t n_in) { return Blocks(n_in, kBlock) * kStep; }

size_t PackedSize(size_t n_out, size_t n_in) {
  return kHeaderBytes + Blocks(n_out, kTile) * TileBytes(n_in);
}

void Pack(const int8_t* weights, size_t n_out, size_t n_in, int8_t* packed) {
  std::memset(packed, 0, PackedSize(n_out, n_in));
  int8_t* tiles = packed + kHeaderBytes;
  for (size_t o = 0; o < n_out; ++o) {
    int8_t* row = tiles + o / kTile * TileBytes(n_in) + o % kTile * kBlock;
    for (size_t i = 0; i < n_in; ++i) {
      const int8_t weight = weights[o * n_in + i];
      row[i / kBlock * kStep + i % kBlock] = weight;
      if (weight == -128) {
        packed[0] = 1;
      }
    }
  }
}

template <bool kAnyLowest>
int32x4_t AddProducts(int32x4_t sums, int8x16_t weights, int8x16_t x) {
  const int16x8_t low = vmull_s8(vget_low_s8(weights), vget_low_s8(x));
  if (kAnyLowest) {
    const int16x8_t high = vmull_s8(vget_high_s8(weights), vget_high_s8(x));
    return vpadalq_s16(vpadalq_s16(sums, low), high);
  }
  return vpadalq_s16(sums, vmlal_s8(low, vget_high_s8(weights), vget_high_s8(x)));
}

// The sums over the lanes of four registers, one per lane.
int32x4_t SumLanes(const int32x4_t* sums) {
#if defined(__aarch64__)
  return vpaddq_s32(vpaddq_s32(sums[0], sums[1]), vpaddq_s32(sums[2], sums[3]));
#else
  const auto pairs = [](int32x4_t v) {
    return vpadd_s32(vget_low_s32(v), vget_high_s32(v));
  };
  return vcombine_s32(vpadd_s32(pairs(sums[0]), pairs(sums[1])),
                      vpadd_s32(pairs(sums[2]), pairs(sums[3])));
#endif
}

template <bool kAnyLowest>
void GemvTiles(const int8_t* tile, const int8_t* x, const int32_t* bias, size_t n_out,
               size_t n_in, int32_t* acc) {
  const size_t n_whole = n_in / kBlock;
  int8_t tail[kBlock] = {};
  std::memcpy(tail, x + n_whole * kBlock, n_in % kBlock);
  for (size_t o = 0; o < n_out; o += kTile) {
    int32x4_t sums[kTile] = {vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0),
                             vdupq_n_s32(0)};
    for (size_t block = 0; block < Blocks(n_in, kBlock); ++block) {
      const int8x16_t inputs = vld1q_s8(block < n_whole ? x + block * kBlock : tail);
      for (size_t t = 0; t < kTile; ++t) {
        sums[t] = AddProducts<kAnyLowest>(sums[t], vld1q_s8(tile + t * kBlock), inputs);
      }
      tile += kStep;
    }
    const int32x4_t sum = SumLanes(sums);
    if (o + kTile <= n_out) {
      vst1q_s32(acc + o, vaddq_s32(sum, vld1q_s32(bias + o)));
    } else {
      int32_t padded[kTile];
      vst1q_s32(padded, sum);
      for (size_t t = 0; o + t < n_out; ++t) {
        acc[o + t] = padded[t] + bias[o + t];
      }
    }
  }
}

void Gemv(const int8_t* packed, const int8_t* x, const int32_t* bias, size_t n_out,
          size_t n_in, int32_t* acc) {
  if (n_in == 0) {  // `x` may be null, which memcpy does not take
    std::memcpy(acc, bias, n_out * sizeof(int32_t));
  } else if (packed[0] != 0) {
    GemvTiles<true>(packed + kHeaderBytes, x, bias, n_out, n_in, acc);
  } else {
    GemvTiles<false>(packed + kHeaderBytes, x, bias, n_out, n_in, acc);
  }
}

// MultiplyFixed of four lanes. vqrdmulh is its 31-bit product, with halves rounded up.
// vrshl is its right shift, except for negative halves, which `away` corrects.
int32x4_t MultiplyFixedLanes(int32x4_t x, int32x4_t multiplier, int32x4_t shift) {
  const int32x4_t zero = vdupq_n_s32(0);
  const int32x4_t minus_right = vminq_s32(shift, zero);
  const int32x4_t high =
      vqrdmulhq_s32(vshlq_s32(x, vmaxq_s32(shift, zero)), multiplier);
  // -1 where the value is negative and there is a right shift.
  const int32x4_t away = vshrq_n_s32(vandq_s32(high, minus_right), 31);
  return vrshlq_s32(vaddq_s32(high, away), minus_right);
}

// ClampToOutput of eight values.
void StoreClamped(int8_t* out, int32x4_t low, int32x4_t high,
                  const OutputRange& range) {
  const auto clamp = [&range](int32x4_t value) {
    value = vaddq_s32(value, vdupq_n_s32(range.zero_point));
    value = vmaxq_s32(value, vdupq_n_s32(range.min));
    return vmovn_s32(vminq_s32(value, vdupq_n_s32(range.max)));
  };
  vst1_s8(out, vmovn_s16(vcombine_s16(clamp(low), clamp(high))));
}

// Eight values minus their zero point.
int16x8_t LoadCentered(const int8_t* from, int32_t zero_point) {
  return vsubq_s16(vmovl_s8(vld1_s8(from)),
                   vdupq_n_s16(static_cast<int16_t>(zero_point)));
}

}  // namespace

void NeonRequantize(const int32_t* acc, const ChannelMultipliers& multipliers,
                    const OutputRange& range, size_t n, int8_t* out) {
  const auto four = [&](size_t i) {
    return MultiplyFixedLanes(vld1q_s32(acc + i), vld1q_s32(multipliers.multiplier + i),
                              vld1q_s32(multipliers.shift + i));
  };
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    StoreClamped(out + i, four(i), four(i + 4), range);
  }
  for (; i < n; ++i) {
    const FixedMultiplier real{multipliers.multiplier[i], multipliers.shift[i]};
    out[i] = ClampToOutput(MultiplyFixed(acc[i], real), range);
  }
}

void NeonMul(const int8_t* a, const int8_t* b, const MulParams& params, size_t n,
             int8_t* out) {
  const int32x4_t multiplier = vdupq_n_s32(params.scale.multiplier);
  const int32x4_t shift = vdupq_n_s32(params.scale.shift);
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const int16x8_t x = LoadCentered(a + i, params.a_zero_point);
    const int16x8_t y = LoadCentered(b + i, params.b_zero_point);
    const int32x4_t low = vmull_s16(vget_low_s16(x), vget_low_s16(y));
    const int32x4_t high = vmull_s16(vget_high_s16(x), vget_high_s16(y));
    StoreClamped(out + i, MultiplyFixedLanes(low, multiplier, shift),
                 MultiplyFixedLanes(high, multiplier, shift), params.range);
  }
  for (; i < n; ++i) {
    out[i] = MulOne(a[i], b[i], params);
  }
}

void NeonAdd(const int8_t* a, const int8_t* b, const AddParams& params, size_t n,
             int8_t* out) {
  const int32x4_t a_multiplier = vdupq_n_s32(params.a_scale.multiplier);
  const int32x4_t a_shift = vdupq_n_s32(params.a_scale.shift);
  const int32x4_t sum_multiplier = vdupq_n_s32(params.sum_scale.multiplier);
  const int32x4_t sum_shift = vdupq_n_s32(params.sum_scale.shift);
  const auto four = [&](int16x4_t x, int16x4_t y) {
    const int32x4_t raised = vshlq_n_s32(vmovl_s16(x), kAddHeadroomBits);
    const int32x4_t scaled = MultiplyFixedLanes(raised, a_multiplier, a_shift);
    const int32x4_t half = vshlq_n_s32(vmovl_s16(y), kAddHeadroomBits - 1);
    return MultiplyFixedLanes(vaddq_s32(scaled, half), sum_multiplier, sum_shift);
  };
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const int16x8_t x = LoadCentered(a + i, params.a_zero_point);
    const int16x8_t y = LoadCentered(b + i, params.b_zero_point);
    StoreClamped(out + i, four(vget_low_s16(x), vget_low_s16(y)),
                 four(vget_high_s16(x), vget_high_s16(y)), params.range);
  }
  for (; i < n; ++i) {
    out[i] = AddOne(a[i], b[i], params);
  }
}

const Kernels kNeonKernels = {"neon",
                              CpuHasNeon,
                              PackedSize,
                              Pack,
                              Gemv,
                              NeonRequantize,
                              NeonMul,
                              NeonAdd,
                              BaselineLfbe,
                              BaselineEchoUpdate,
                              BaselineEchoPredict,
                              BaselineEchoFir};

}  // namespace pww
