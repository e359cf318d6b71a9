#pragma once

#include "base/busy_flag.h"
#include "bind/errors.h"

namespace pww {

// Holds a stream for a scope. With the GIL released a second thread can reach the same
// stream; it gets a StreamError. Construct it with the GIL held.
class StreamGuard {
 public:
  explicit StreamGuard(BusyFlag* flag) : scope_(flag) {
    if (!scope_.entered()) {
      ThrowStatus(Status::kBusy, StatusMessage(Status::kBusy));
    }
  }

 private:
  BusyFlag::Scope scope_;
};

}  // namespace pww
