#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/busy_flag.h"
#include "kernels/kernels.h"

namespace pww {

// The newest blocks of frames that several front ends computed, each with the samples
// it came of: of front ends that hear the same stream only the first computes a block.
//
// A block is found by its samples and by nothing else, so results are the same bits
// with a memory and without, whatever its front ends hear and in whatever order. Any
// thread may call at any time: one that finds another inside gets nothing and does not
// wait. Nothing allocates.
class LfbeMemory {
 public:
  // 160 ms: front ends that take turns at chunks no longer than this gain.
  static constexpr size_t kBlocks = 4;
  using Frames = std::array<float, LfbeTables::kFrames * LfbeTables::kFilters>;

  // Sets `*frames` to the block of these samples; leaves it alone and returns false if
  // that is not here. n_samples is at most LfbeTables::kBlockSamples, as in Keep().
  [[nodiscard]] bool Find(const int16_t* samples, size_t n_samples,
                          Frames* frames) noexcept;

  // Takes in a block, and drops the oldest.
  void Keep(const int16_t* samples, size_t n_samples, const Frames& frames) noexcept;

 private:
  struct Block {
    size_t n_samples = 0;
    std::array<int16_t, LfbeTables::kBlockSamples> samples{};
    Frames frames{};
  };

  std::array<Block, kBlocks> blocks_{};
  size_t next_to_find_ = 0;  // the one after the last that was found
  size_t next_to_keep_ = 0;
  BusyFlag busy_;
};

}  // namespace pww
