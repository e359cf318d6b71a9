#pragma once

#include <cstdint>
#include <vector>

#include "test_data.h"

namespace pww::test {

constexpr size_t kEchoDelay = 700;
constexpr size_t kEchoReflection = 500;

// What a microphone records of `loudspeaker`: the sound `kEchoDelay` samples later, and
// one reflection. Integers only, so that all machines give the same bits.
inline std::vector<int16_t> EchoOf(const std::vector<int16_t>& loudspeaker) {
  std::vector<int16_t> microphone(loudspeaker.size());
  for (size_t i = kEchoDelay; i < microphone.size(); ++i) {
    int sum = loudspeaker[i - kEchoDelay] * 2;
    if (i >= kEchoDelay + kEchoReflection) {
      sum -= loudspeaker[i - kEchoDelay - kEchoReflection];
    }
    microphone[i] = static_cast<int16_t>(sum / 5);
  }
  return microphone;
}

inline double Power(const int16_t* samples, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; ++i) {
    sum += static_cast<double>(samples[i]) * samples[i];
  }
  return sum / static_cast<double>(count);
}

}  // namespace pww::test
