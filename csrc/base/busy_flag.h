#pragma once

#include <atomic>

namespace pww {

// Set while a thread uses a stream. A second caller reports Status::kBusy. It does not
// wait: the samples of a stream have one order, so two callers are a bug.
class BusyFlag {
 public:
  // Holds the flag for a scope, if it was free.
  class Scope {
   public:
    explicit Scope(BusyFlag* flag) noexcept
        : flag_(flag->taken_.exchange(true, std::memory_order_acquire) ? nullptr
                                                                       : flag) {}
    ~Scope() {
      if (flag_ != nullptr) {
        flag_->taken_.store(false, std::memory_order_release);
      }
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

    [[nodiscard]] bool entered() const noexcept { return flag_ != nullptr; }

   private:
    BusyFlag* flag_;
  };

 private:
  std::atomic<bool> taken_{false};
};

}  // namespace pww
