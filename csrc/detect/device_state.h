#pragma once

#include <cstdint>

namespace pww {

// What the device itself is doing, as indexes into the vocabularies of the model
// card. 0 is "unknown" in each of them, a value that models are trained with.
struct DeviceState {
  uint8_t device_type = 0;
  uint8_t playback = 0;
  uint8_t volume_bucket = 0;
};

// Lengths of the vocabularies: a network's "state" input is the three one-hot
// vectors one after the other.
struct DeviceStateSizes {
  int device_type = 8;
  int playback = 8;
  int volume_bucket = 6;

  [[nodiscard]] int total() const noexcept {
    return device_type + playback + volume_bucket;
  }
};

// Writes `on` at the three values of `state` and `off` elsewhere, sizes.total() values.
template <typename T>
void WriteOneHot(DeviceState state, const DeviceStateSizes& sizes, T on, T off,
                 T* out) noexcept {
  for (int i = 0; i < sizes.total(); ++i) {
    out[i] = off;
  }
  out[state.device_type] = on;
  out[sizes.device_type + state.playback] = on;
  out[sizes.device_type + sizes.playback + state.volume_bucket] = on;
}

// One word, so that another thread can hand over all three values at once.
inline uint32_t Pack(DeviceState state) noexcept {
  return static_cast<uint32_t>(state.device_type) |
         static_cast<uint32_t>(state.playback) << 8 |
         static_cast<uint32_t>(state.volume_bucket) << 16;
}

inline DeviceState Unpack(uint32_t packed) noexcept {
  return {static_cast<uint8_t>(packed), static_cast<uint8_t>(packed >> 8),
          static_cast<uint8_t>(packed >> 16)};
}

}  // namespace pww
