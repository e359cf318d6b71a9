#pragma once

#include <new>
#include <string>

#include "base/status.h"
#include "include/pywakeword.h"

namespace pww::capi {

// Longer messages are cut.
constexpr size_t kMostMessageBytes = 512;

// Keeps `message` for pww_last_error() and returns `status`. Does not allocate, because
// it also reports lack of memory.
pww_status Fail(pww_status status, const char* message) noexcept;

// The same for a failure in the core. An empty message becomes the status's own.
pww_status Fail(Status status, const std::string& message) noexcept;

// Runs one call of the API and turns any exception into a status.
template <typename Call>
pww_status Guarded(Call call) noexcept {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    return Fail(PWW_OUT_OF_MEMORY, "out of memory");
  } catch (const std::exception& error) {
    return Fail(PWW_INTERNAL_ERROR, error.what());
  } catch (...) {
    return Fail(PWW_INTERNAL_ERROR, "unknown exception");
  }
}

}  // namespace pww::capi

#define PWW_REQUIRE(condition, message)                          \
  do {                                                           \
    if (!(condition)) {                                          \
      return ::pww::capi::Fail(PWW_INVALID_ARGUMENT, (message)); \
    }                                                            \
  } while (false)
