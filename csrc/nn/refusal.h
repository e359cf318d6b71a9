#pragma once

#include <string>
#include <utility>

#include "base/status.h"

// Every refusal of a model uses one of these. Besides the Status it sets one line that
// names the tensor, operator or field at fault.
namespace pww {

inline Status Corrupt(std::string* message, std::string text) {
  *message = std::move(text);
  return Status::kCorruptModel;
}

inline Status Unsupported(std::string* message, std::string text) {
  *message = std::move(text);
  return Status::kUnsupportedModel;
}

}  // namespace pww

// Returns a failure to the caller.
#define PWW_RETURN_IF_ERROR(expression)                \
  do {                                                 \
    const ::pww::Status status_ = (expression);        \
    if (status_ != ::pww::Status::kOk) return status_; \
  } while (false)
