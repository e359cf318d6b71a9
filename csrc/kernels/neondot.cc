// int8 dot products by sdot (Armv8.2 "dotprod": Cortex-A76, Raspberry Pi 5): 16 exact
// products per instruction, four summed into each int32 lane. Bound by the load of
// weights that each sdot needs.

#include <arm_neon.h>

#include <cstring>

#include "kernels/arm_cpu.h"
#include "kernels/neon_elementwise.h"
#include "kernels/rows.h"

namespace pww {
namespace {

// Weights are stored as [tile][four inputs][kTile][4], padded with zeros. Each lane of
// an accumulator is an output, so no sum crosses lanes.
constexpr size_t kTile = 4;
constexpr size_t kInputs = 4;
constexpr size_t kStep = kTile * kInputs;
constexpr size_t kBlock = 16;  // inputs per register

constexpr size_t RoundUp(size_t n, size_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

// A whole number of blocks, so that the loop over them needs no tail.
size_t TileBytes(size_t n_in) { return RoundUp(n_in, kBlock) * kTile; }

size_t PackedSize(size_t n_out, size_t n_in) {
  return RoundUp(n_out, kTile) / kTile * TileBytes(n_in);
}

void Pack(const int8_t* weights, size_t n_out, size_t n_in, int8_t* packed) {
  if (n_in == 0) {
    return;  // `packed` may be null, which memset does not take
  }
  std::memset(packed, 0, PackedSize(n_out, n_in));
  for (size_t o = 0; o < n_out; ++o) {
    int8_t* row = packed + o / kTile * TileBytes(n_in) + o % kTile * kInputs;
    for (size_t i = 0; i < n_in; ++i) {
      row[i / kInputs * kStep + i % kInputs] = weights[o * n_in + i];
    }
  }
}

// The sums of kTiles tiles, as independent chains of sdot.
template <size_t kTiles>
void GemvTiles(const int8_t* packed, size_t tile_bytes, const int8_t* x,
               const int8_t* tail, size_t n_whole, int32x4_t* sums) {
  const size_t n_blocks = tile_bytes / (kBlock * kTile);
  int32x4_t acc[kTiles];
  for (size_t t = 0; t < kTiles; ++t) {
    acc[t] = sums[t];
  }
  for (size_t block = 0; block < n_blocks; ++block) {
    const int8x16_t inputs = vld1q_s8(block < n_whole ? x + block * kBlock : tail);
    for (size_t t = 0; t < kTiles; ++t) {
      const int8_t* weights = packed + t * tile_bytes + block * kBlock * kTile;
      acc[t] = vdotq_laneq_s32(acc[t], vld1q_s8(weights), inputs, 0);
      acc[t] = vdotq_laneq_s32(acc[t], vld1q_s8(weights + kStep), inputs, 1);
      acc[t] = vdotq_laneq_s32(acc[t], vld1q_s8(weights + 2 * kStep), inputs, 2);
      acc[t] = vdotq_laneq_s32(acc[t], vld1q_s8(weights + 3 * kStep), inputs, 3);
    }
  }
  for (size_t t = 0; t < kTiles; ++t) {
    sums[t] = acc[t];
  }
}

void Gemv(const int8_t* packed, const int8_t* x, const int32_t* bias, size_t n_out,
          size_t n_in, int32_t* acc) {
  if (n_in == 0) {  // `x` may be null, which memcpy does not take
    std::memcpy(acc, bias, n_out * sizeof(int32_t));
    return;
  }
  constexpr size_t kTiles = 4;
  const size_t tile_bytes = TileBytes(n_in);
  const size_t n_whole = n_in / kBlock;
  int8_t tail[kBlock] = {};
  std::memcpy(tail, x + n_whole * kBlock, n_in % kBlock);
  size_t o = 0;
  for (; o + kTiles * kTile <= n_out; o += kTiles * kTile) {
    int32x4_t sums[kTiles];
    for (size_t t = 0; t < kTiles; ++t) {
      sums[t] = vld1q_s32(bias + o + t * kTile);
    }
    GemvTiles<kTiles>(packed + o / kTile * tile_bytes, tile_bytes, x, tail, n_whole,
                      sums);
    for (size_t t = 0; t < kTiles; ++t) {
      vst1q_s32(acc + o + t * kTile, sums[t]);
    }
  }
  for (; o < n_out; o += kTile) {
    const size_t count = n_out - o < kTile ? n_out - o : kTile;
    int32_t padded[kTile] = {};
    std::memcpy(padded, bias + o, count * sizeof(int32_t));
    int32x4_t sums = vld1q_s32(padded);
    GemvTiles<1>(packed + o / kTile * tile_bytes, tile_bytes, x, tail, n_whole, &sums);
    vst1q_s32(padded, sums);
    std::memcpy(acc + o, padded, count * sizeof(int32_t));
  }
}

}  // namespace

const Kernels kNeonDotKernels = {
    "neondot",           CpuHasDotProduct, PackedSize, Pack,         Gemv,
    NeonRequantize,      NeonMul,          NeonAdd,    BaselineLfbe, BaselineEchoUpdate,
    BaselineEchoPredict, BaselineEchoFir};

}  // namespace pww
