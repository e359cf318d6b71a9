#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/busy_flag.h"
#include "kernels/kernels.h"

namespace pww {

// The newest blocks of frames that several front ends computed, each with its samples.
// Of front ends with the same input, only the first computes a block.
//
// Blocks are looked up by their samples alone, so results have the same bits with and
// without a memory, for any input in any order. Any thread may call at any time. While
// another thread is inside, a call finds nothing and does not wait. Nothing allocates.
class LfbeMemory {
 public:
  // 160 ms: sharing saves work for chunks up to this length.
  static constexpr size_t kBlocks = 4;
  using Frames = std::array<float, LfbeTables::kFrames * LfbeTables::kFilters>;

  // Sets `*frames` to the block of these samples. Returns false and leaves it unchanged
  // if there is none. n_samples is at most LfbeTables::kBlockSamples, as in Keep().
  [[nodiscard]] bool Find(const int16_t* samples, size_t n_samples,
                          Frames* frames) noexcept;

  // Adds a block and drops the oldest.
  void Keep(const int16_t* samples, size_t n_samples, const Frames& frames) noexcept;

 private:
  struct Block {
    size_t n_samples = 0;
    std::array<int16_t, LfbeTables::kBlockSamples> samples{};
    Frames frames{};
  };

  std::array<Block, kBlocks> blocks_{};
  size_t next_to_find_ = 0;  // after the last one found
  size_t next_to_keep_ = 0;
  BusyFlag busy_;
};

}  // namespace pww
