#pragma once

#include <cstdint>
#include <vector>

#include "test_data.h"

namespace pww::test {

constexpr size_t kToneBegin = 16000;
constexpr size_t kToneEnd = 24000;

// Three seconds of faint noise with half a second of 1 kHz, which is keyword 0 of
// tests/golden/tone.tflite. Integers only, so that all machines give the same bits.
inline std::vector<int16_t> ToneSignal() {
  static constexpr int kSine[] = {0, 1531,  2828,  3696,  4000,  3696,  2828,  1531,
                                  0, -1531, -2828, -3696, -4000, -3696, -2828, -1531};
  std::vector<int16_t> pcm = Noise(48000, 40, 8);
  for (size_t i = kToneBegin; i < kToneEnd; ++i) {
    pcm[i] = static_cast<int16_t>(pcm[i] + kSine[i % 16]);
  }
  return pcm;
}

}  // namespace pww::test
