#include "capi/error.h"

#include <cstring>

namespace pww::capi {
namespace {

// Constant initialisation and no destructor, so any thread may use it at any time.
thread_local char last_error[kMostMessageBytes] = "";

pww_status ToC(Status status) noexcept {
  switch (status) {
    case Status::kOk:
      return PWW_OK;
    case Status::kInvalidArgument:
      return PWW_INVALID_ARGUMENT;
    case Status::kCorruptModel:
      return PWW_CORRUPT_MODEL;
    case Status::kUnsupportedModel:
      return PWW_UNSUPPORTED_MODEL;
    case Status::kBusy:
      return PWW_BUSY;
  }
  return PWW_INTERNAL_ERROR;
}

}  // namespace

pww_status Fail(pww_status status, const char* message) noexcept {
  std::strncpy(last_error, message, kMostMessageBytes - 1);
  return status;
}

pww_status Fail(Status status, const std::string& message) noexcept {
  return Fail(ToC(status), message.empty() ? StatusMessage(status) : message.c_str());
}

}  // namespace pww::capi

const char* pww_last_error(void) { return pww::capi::last_error; }

const char* pww_status_message(pww_status status) {
  switch (status) {
    case PWW_OK:
      return pww::StatusMessage(pww::Status::kOk);
    case PWW_INVALID_ARGUMENT:
      return pww::StatusMessage(pww::Status::kInvalidArgument);
    case PWW_CORRUPT_MODEL:
      return pww::StatusMessage(pww::Status::kCorruptModel);
    case PWW_UNSUPPORTED_MODEL:
      return pww::StatusMessage(pww::Status::kUnsupportedModel);
    case PWW_BUSY:
      return pww::StatusMessage(pww::Status::kBusy);
    case PWW_IO_ERROR:
      return "file cannot be read";
    case PWW_BUFFER_TOO_SMALL:
      return "buffer too small";
    case PWW_OUT_OF_MEMORY:
      return "out of memory";
    case PWW_INTERNAL_ERROR:
      return "internal error";
  }
  return "unknown status";  // a C caller may pass any integer
}
