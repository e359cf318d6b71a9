#include "dsp/lfbe.h"

#include <algorithm>

#include "dsp/lfbe_design.h"
#include "kernels/fast_log.h"

namespace pww {

Lfbe::Lfbe(const Kernels* kernels) : kernels_(kernels), tables_(&SharedLfbeTables()) {}

void Lfbe::ShareWith(Lfbe* other) {
  if (memory_ == nullptr) {
    memory_ =
        other->memory_ != nullptr ? other->memory_ : std::make_shared<LfbeMemory>();
  }
  other->memory_ = memory_;
}

size_t Lfbe::Take(const int16_t* samples, size_t count, bool* complete) noexcept {
  *complete = false;
  if (n_waiting_ == kMostWaiting) {
    return 0;
  }
  const size_t frame_end = n_waiting_ * kHopSamples + kWindowSamples;
  const size_t taken = std::min(count, frame_end - n_pending_);
  std::copy_n(samples, taken, pending_.begin() + static_cast<ptrdiff_t>(n_pending_));
  n_pending_ += taken;
  if (n_pending_ == frame_end) {
    ++n_waiting_;
    *complete = true;
  }
  return taken;
}

const float* Lfbe::Compute() noexcept {
  if (n_waiting_ > 0) {
    if (memory_ == nullptr) {
      // After the waiting frames come old samples. Nothing reads frames made of them.
      kernels_->lfbe_s16(*tables_, pending_.data(), frames_.data());
    } else if (!memory_->Find(pending_.data(), n_pending_, &frames_)) {
      kernels_->lfbe_s16(*tables_, pending_.data(), frames_.data());
      memory_->Keep(pending_.data(), n_pending_, frames_);
    }
    const auto done = static_cast<ptrdiff_t>(n_waiting_ * kHopSamples);
    std::copy(pending_.begin() + done,
              pending_.begin() + static_cast<ptrdiff_t>(n_pending_), pending_.begin());
    n_pending_ -= n_waiting_ * kHopSamples;
    n_waiting_ = 0;
  }
  return frames_.data();
}

void Lfbe::Reset() noexcept {
  n_pending_ = 0;
  n_waiting_ = 0;
}

float Lfbe::SilenceValue() noexcept { return FastLog(static_cast<float>(kLfbeFloor)); }

}  // namespace pww
