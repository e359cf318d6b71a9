#pragma once

namespace pww {

// Result of every call of the core that can fail. Loaders add a message that names the
// tensor, operator or field at fault.
enum class [[nodiscard]] Status {
  kOk = 0,
  kInvalidArgument,   // the caller passed a value outside the documented range
  kCorruptModel,      // the file is not a well-formed .tflite
  kUnsupportedModel,  // well-formed, but uses something the core cannot run
  kBusy,              // another thread is using this stream
};

inline const char* StatusMessage(Status status) {
  switch (status) {
    case Status::kOk:
      return "ok";
    case Status::kInvalidArgument:
      return "invalid argument";
    case Status::kCorruptModel:
      return "corrupt model";
    case Status::kUnsupportedModel:
      return "unsupported model";
    case Status::kBusy:
      return "stream is in use by another thread";
  }
  return "unknown status";
}

}  // namespace pww
