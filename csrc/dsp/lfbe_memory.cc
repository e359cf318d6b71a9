#include "dsp/lfbe_memory.h"

#include <algorithm>
#include <cstring>

namespace pww {

bool LfbeMemory::Find(const int16_t* samples, size_t n_samples,
                      Frames* frames) noexcept {
  const BusyFlag::Scope scope(&busy_);
  if (!scope.entered()) {
    return false;
  }
  for (size_t i = 0; i < kBlocks; ++i) {
    const size_t at = (next_to_find_ + i) % kBlocks;
    const Block& block = blocks_[at];
    if (block.n_samples == n_samples &&
        std::memcmp(block.samples.data(), samples, n_samples * sizeof(*samples)) == 0) {
      *frames = block.frames;
      next_to_find_ = (at + 1) % kBlocks;
      return true;
    }
  }
  return false;
}

void LfbeMemory::Keep(const int16_t* samples, size_t n_samples,
                      const Frames& frames) noexcept {
  const BusyFlag::Scope scope(&busy_);
  if (!scope.entered()) {
    return;
  }
  Block& block = blocks_[next_to_keep_];
  next_to_keep_ = (next_to_keep_ + 1) % kBlocks;
  block.n_samples = n_samples;
  std::copy_n(samples, n_samples, block.samples.begin());
  block.frames = frames;
}

}  // namespace pww
