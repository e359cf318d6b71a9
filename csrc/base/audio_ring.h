#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pww {

// Fixed-capacity history of mono 16 kHz PCM, addressed by absolute sample index.
//
// The index counts up from the one given to Reset() and never wraps (an int32 would
// overflow after 37 h of audio). One thread writes and reads. Only the constructor
// allocates.
class AudioRing {
 public:
  explicit AudioRing(size_t capacity_samples, int64_t first_index = 0);

  // Appends and overwrites the oldest samples. `samples` may be null if count is 0.
  void Push(const int16_t* samples, size_t count) noexcept;

  // Copies [begin, end) to `out`, which holds end - begin samples.
  // Returns false and leaves `out` unchanged if any of them is not in the ring or if
  // end < begin.
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
