#pragma once

#include <array>
#include <cstdint>

namespace pww {

// The vocabularies of the device state. A word's position is its index in a network's
// one-hot input, on model cards and in the C header: only append.
inline constexpr std::array<const char*, 8> kDeviceTypes = {
    "unknown", "speaker", "display", "tv", "phone", "headset", "car", "appliance"};
inline constexpr std::array<const char*, 8> kPlaybacks = {
    "unknown", "none", "music", "tts", "alarm", "media", "call", "other"};
// Volumes at which buckets 2 to 5 begin. Bucket 1 begins at 0; bucket 0 is "unknown".
inline constexpr std::array<double, 4> kVolumeEdges = {0.2, 0.4, 0.6, 0.8};

// The bucket of a volume from 0 to 1.
constexpr int VolumeBucket(double volume) noexcept {
  int bucket = 1;
  for (const double edge : kVolumeEdges) {
    bucket += volume >= edge ? 1 : 0;
  }
  return bucket;
}

// What the device itself is doing, as indexes into the vocabularies. 0 is "unknown" in
// each of them, a value that models are trained with.
struct DeviceState {
  uint8_t device_type = 0;
  uint8_t playback = 0;
  uint8_t volume_bucket = 0;
};

// Lengths of the vocabularies. A network's "state" input is the three one-hot vectors
// in sequence.
struct DeviceStateSizes {
  int device_type = kDeviceTypes.size();
  int playback = kPlaybacks.size();
  int volume_bucket = kVolumeEdges.size() + 2;

  [[nodiscard]] int total() const noexcept {
    return device_type + playback + volume_bucket;
  }
};

// Writes sizes.total() values: `on` at the three values of `state`, `off` elsewhere.
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

// One word, so that another thread can set all three values at once.
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
