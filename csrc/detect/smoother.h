#pragma once

#include <cstddef>
#include <vector>

namespace pww {

// Mean of the newest posteriors of one keyword. Missing ones at the start of a stream
// count as 0, so that a single high posterior does not make a high score.
//
// Only the constructor allocates. Each step computes the sum anew: a running sum would
// drift and depend on the age of the stream.
class Smoother {
 public:
  explicit Smoother(size_t n_outputs) : newest_(n_outputs, 0.0F) {}

  float Push(float probability) noexcept {
    newest_[next_] = probability;
    next_ = next_ + 1 == newest_.size() ? 0 : next_ + 1;
    float sum = 0.0F;
    for (size_t i = next_; i < newest_.size(); ++i) {  // oldest first
      sum += newest_[i];
    }
    for (size_t i = 0; i < next_; ++i) {
      sum += newest_[i];
    }
    return sum / static_cast<float>(newest_.size());
  }

  void Reset() noexcept {
    newest_.assign(newest_.size(), 0.0F);
    next_ = 0;
  }

  [[nodiscard]] size_t bytes() const noexcept {
    return sizeof(*this) + newest_.size() * sizeof(float);
  }

 private:
  std::vector<float> newest_;  // at least one; a ring
  size_t next_ = 0;
};

}  // namespace pww
