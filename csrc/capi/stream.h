#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/busy_flag.h"
#include "capi/error.h"

namespace pww::capi {

// Runs `call` while no other thread uses the stream. `null_message` is the message for
// a null stream.
template <typename Handle, typename Call>
pww_status Alone(Handle* stream, const char* null_message, Call call) noexcept {
  return Guarded([&]() -> pww_status {
    PWW_REQUIRE(stream != nullptr, null_message);
    const BusyFlag::Scope scope(&stream->busy);
    if (!scope.entered()) {
      return Fail(Status::kBusy, "");
    }
    return call();
  });
}

template <typename Handle>
pww_status DestroyStream(Handle* stream) noexcept {
  if (stream == nullptr) {
    return PWW_OK;
  }
  const pww_status status = Alone(stream, "", [] { return PWW_OK; });
  if (status == PWW_OK) {
    delete stream;
  }
  return status;
}

// `name`: of the argument, for the message.
inline pww_status CheckSamples(const int16_t* samples, size_t count,
                               const char* name = "samples") {
  PWW_REQUIRE(samples != nullptr || count == 0,
              (std::string(name) + " is NULL").c_str());
  PWW_REQUIRE(reinterpret_cast<uintptr_t>(samples) % alignof(int16_t) == 0,
              (std::string(name) + " is not aligned to two bytes").c_str());
  return PWW_OK;
}

// Feeds samples to a spotter or endpointer until `on_output` returns true or none are
// left. Returns how many samples were taken.
template <typename Core, typename OnOutput>
size_t Feed(Core* core, const int16_t* samples, size_t count, OnOutput on_output) {
  size_t n_taken = 0;
  for (bool stop = false; n_taken < count && !stop;) {
    const typename Core::Output* output = nullptr;
    n_taken += core->Process(samples + n_taken, count - n_taken, &output);
    stop = output != nullptr && on_output(*output);
  }
  return n_taken;
}

}  // namespace pww::capi
