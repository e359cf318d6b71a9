#pragma once

#include <string>

#include "base/status.h"

namespace pww {

// The one place that turns a Status into a Python exception.
[[noreturn]] void ThrowStatus(Status status, const std::string& message);

}  // namespace pww
