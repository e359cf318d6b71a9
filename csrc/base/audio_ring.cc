#include "base/audio_ring.h"

#include <algorithm>

namespace pww {

AudioRing::AudioRing(size_t capacity_samples, int64_t first_index)
    : samples_(capacity_samples), end_index_(first_index) {}

void AudioRing::Push(const int16_t* samples, size_t count) noexcept {
  const size_t capacity = samples_.size();
  end_index_ += static_cast<int64_t>(count);
  if (count > capacity) {  // only the newest fit
    samples += count - capacity;
    count = capacity;
  }
  if (count == 0) {
    return;
  }
  const size_t until_wrap = std::min(count, capacity - write_);
  std::copy_n(samples, until_wrap, samples_.data() + write_);
  std::copy_n(samples + until_wrap, count - until_wrap, samples_.data());
  write_ += count;
  if (write_ >= capacity) {
    write_ -= capacity;
  }
  size_ = std::min(size_ + count, capacity);
}

bool AudioRing::Copy(int64_t begin, int64_t end, int16_t* out) const noexcept {
  if (begin > end || begin < begin_index() || end > end_index_) {
    return false;
  }
  const auto count = static_cast<size_t>(end - begin);
  if (count == 0) {
    return true;
  }
  const size_t capacity = samples_.size();
  const auto age = static_cast<size_t>(end_index_ - begin);
  const size_t read = write_ >= age ? write_ - age : write_ + capacity - age;
  const size_t until_wrap = std::min(count, capacity - read);
  std::copy_n(samples_.data() + read, until_wrap, out);
  std::copy_n(samples_.data(), count - until_wrap, out + until_wrap);
  return true;
}

void AudioRing::Reset(int64_t first_index) noexcept {
  write_ = 0;
  size_ = 0;
  end_index_ = first_index;
}

}  // namespace pww
