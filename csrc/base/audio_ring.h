#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pww {

// Fixed-capacity history of mono 16 kHz PCM, addressed by absolute sample index.
//
// The index counts samples from the one given to Reset() and never wraps (int64: an
// int32 would overflow after 37 h of always-on audio). Single writer, same-thread
// reader. Allocates once, in the constructor; every other member is allocation-free.
class AudioRing {
 public:
  explicit AudioRing(size_t capacity_samples, int64_t first_index = 0);

  // Appends; the oldest samples are overwritten. `samples` may be null if count is 0.
  void Push(const int16_t* samples, size_t count) noexcept;

  // Copies [begin, end) to `out`, which holds end - begin samples.
  // Returns false, leaving `out` untouched, if any of them is gone or not yet here,
  // or if end < begin.
  [[nodiscard]] bool Copy(int64_t begin, int64_t end, int16_t* out) const noexcept;

  // Forgets everything; the next sample has the index `first_index`.
  void Reset(int64_t first_index) noexcept;

  // The samples held are [begin_index, end_index).
  [[nodiscard]] int64_t begin_index() const noexcept {
    return end_index_ - static_cast<int64_t>(size_);
  }
  [[nodiscard]] int64_t end_index() const noexcept { return end_index_; }
  [[nodiscard]] size_t bytes() const noexcept {
    return samples_.size() * sizeof(int16_t);
  }

 private:
  std::vector<int16_t> samples_;
  size_t write_ = 0;  // where the next sample goes
  size_t size_ = 0;   // samples held, at most the capacity
  int64_t end_index_;
};

}  // namespace pww
