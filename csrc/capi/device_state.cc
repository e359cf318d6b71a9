// The vocabulary of device states in the C API; its source is detect/device_state.h.

#include "detect/device_state.h"

#include <array>
#include <cstddef>
#include <string_view>

#include "include/pywakeword.h"

namespace pww::capi {
namespace {

template <size_t kSize>
constexpr bool IsAt(const std::array<const char*, kSize>& words, int index,
                    std::string_view word) {
  return words[static_cast<size_t>(index)] == word;
}

static_assert(IsAt(kDeviceTypes, PWW_DEVICE_UNKNOWN, "unknown") &&
              IsAt(kDeviceTypes, PWW_DEVICE_SPEAKER, "speaker") &&
              IsAt(kDeviceTypes, PWW_DEVICE_DISPLAY, "display") &&
              IsAt(kDeviceTypes, PWW_DEVICE_TV, "tv") &&
              IsAt(kDeviceTypes, PWW_DEVICE_PHONE, "phone") &&
              IsAt(kDeviceTypes, PWW_DEVICE_HEADSET, "headset") &&
              IsAt(kDeviceTypes, PWW_DEVICE_CAR, "car") &&
              IsAt(kDeviceTypes, PWW_DEVICE_APPLIANCE, "appliance") &&
              kDeviceTypes.size() == PWW_DEVICE_APPLIANCE + 1);
static_assert(IsAt(kPlaybacks, PWW_PLAYBACK_UNKNOWN, "unknown") &&
              IsAt(kPlaybacks, PWW_PLAYBACK_NONE, "none") &&
              IsAt(kPlaybacks, PWW_PLAYBACK_MUSIC, "music") &&
              IsAt(kPlaybacks, PWW_PLAYBACK_TTS, "tts") &&
              IsAt(kPlaybacks, PWW_PLAYBACK_ALARM, "alarm") &&
              IsAt(kPlaybacks, PWW_PLAYBACK_MEDIA, "media") &&
              IsAt(kPlaybacks, PWW_PLAYBACK_CALL, "call") &&
              IsAt(kPlaybacks, PWW_PLAYBACK_OTHER, "other") &&
              kPlaybacks.size() == PWW_PLAYBACK_OTHER + 1);

template <size_t kSize>
const char* WordAt(const std::array<const char*, kSize>& words, int32_t index) {
  const bool exists = index >= 0 && static_cast<size_t>(index) < kSize;
  return exists ? words[static_cast<size_t>(index)] : nullptr;
}

}  // namespace
}  // namespace pww::capi

const char* pww_device_type_name(int32_t device_type) {
  return pww::capi::WordAt(pww::kDeviceTypes, device_type);
}

const char* pww_playback_name(int32_t playback) {
  return pww::capi::WordAt(pww::kPlaybacks, playback);
}

int32_t pww_volume_bucket(double volume) {
  if (volume < 0.0) {
    return 0;
  }
  // Written so that a NaN is refused.
  return volume <= 1.0 ? pww::VolumeBucket(volume) : -1;
}
