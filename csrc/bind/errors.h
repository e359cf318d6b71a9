#pragma once

#include <pybind11/pybind11.h>

#include <string>

#include "base/status.h"

namespace pww {

// Adds the exception tree to the module:
// PyWakewordError > ModelError > UnsupportedOpError; PyWakewordError > StreamError.
void BindErrors(pybind11::module_& m);

// Throws the Python exception for a Status. Call it with the GIL held.
[[noreturn]] void ThrowStatus(Status status, const std::string& message);

// Throws unless `status` is kOk.
inline void ThrowIfError(Status status, const std::string& message) {
  if (status != Status::kOk) {
    ThrowStatus(status, message);
  }
}

}  // namespace pww
