// Echo cancellers of the C API.

#include <memory>
#include <string>

#include "capi/error.h"
#include "capi/handles.h"
#include "capi/stream.h"

namespace pww::capi {
namespace {

// Runs `call` while no other thread uses the canceller.
template <typename Call>
pww_status InCanceller(pww_echo_canceller* canceller, Call call) noexcept {
  return Alone(canceller, "canceller is NULL", call);
}

pww_status CheckRange(const char* name, int32_t value, size_t least, size_t most) {
  const int64_t wide = value;
  PWW_REQUIRE(wide >= static_cast<int64_t>(least) && wide <= static_cast<int64_t>(most),
              ("options." + std::string(name) + " is " + std::to_string(value) +
               ", not " + std::to_string(least) + " to " + std::to_string(most))
                  .c_str());
  return PWW_OK;
}

pww_status CreateCanceller(const pww_echo_canceller_options& options,
                           pww_echo_canceller** out) {
  pww_status status =
      CheckRange("tail_ms", options.tail_ms, EchoCanceller::kLeastTailMs,
                 EchoCanceller::kMostTailMs);
  if (status == PWW_OK) {
    status = CheckRange("max_delay_ms", options.max_delay_ms, 0,
                        EchoCanceller::kMostDelayMs);
  }
  if (status != PWW_OK) {
    return status;
  }
  const Kernels* kernels = nullptr;
  std::string message;
  const Status selected = SelectKernels(&kernels, &message);
  if (selected != Status::kOk) {
    return Fail(selected, message);
  }
  *out = std::make_unique<pww_echo_canceller>(kernels,
                                              static_cast<size_t>(options.tail_ms),
                                              static_cast<size_t>(options.max_delay_ms))
             .release();
  return PWW_OK;
}

}  // namespace
}  // namespace pww::capi

using pww::capi::CheckSamples;
using pww::capi::InCanceller;

pww_status pww_echo_canceller_create(const pww_echo_canceller_options* options,
                                     pww_echo_canceller** canceller) {
  return pww::capi::Guarded([&]() -> pww_status {
    PWW_REQUIRE(canceller != nullptr, "canceller is NULL");
    *canceller = nullptr;
    PWW_REQUIRE(options != nullptr, "options is NULL");
    return pww::capi::CreateCanceller(*options, canceller);
  });
}

pww_status pww_echo_canceller_destroy(pww_echo_canceller* canceller) {
  return pww::capi::DestroyStream(canceller);
}

pww_status pww_echo_canceller_process(pww_echo_canceller* canceller,
                                      const int16_t* microphone,
                                      const int16_t* loudspeaker, size_t count,
                                      int16_t* out) {
  return InCanceller(canceller, [&]() -> pww_status {
    pww_status status = CheckSamples(microphone, count, "microphone");
    if (status == PWW_OK) {
      status = CheckSamples(loudspeaker, count, "loudspeaker");
    }
    if (status == PWW_OK) {
      status = CheckSamples(out, count, "out");
    }
    if (status == PWW_OK) {
      canceller->core.Process(microphone, loudspeaker, count, out);
    }
    return status;
  });
}

pww_status pww_echo_canceller_reset(pww_echo_canceller* canceller) {
  return InCanceller(canceller, [&] {
    canceller->core.Reset();
    return PWW_OK;
  });
}

pww_status pww_echo_canceller_get_info(pww_echo_canceller* canceller,
                                       pww_echo_canceller_info* info) {
  return InCanceller(canceller, [&]() -> pww_status {
    PWW_REQUIRE(info != nullptr, "info is NULL");
    const pww::EchoCanceller& core = canceller->core;
    *info = {core.erle_db(), core.converged() ? 1 : 0, core.delay_samples(),
             core.nbytes()};
    return PWW_OK;
  });
}
