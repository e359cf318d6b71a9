// Writes the signal of tone_signal.h to standard output, as input for the examples.

#include <cstdio>

#include "tone_signal.h"

int main() {
  for (const int16_t sample : pww::test::ToneSignal()) {
    const auto bits = static_cast<uint16_t>(sample);
    const unsigned char bytes[] = {static_cast<unsigned char>(bits & 0xFF),
                                   static_cast<unsigned char>(bits >> 8)};
    if (std::fwrite(bytes, 1, sizeof bytes, stdout) != sizeof bytes) {
      return 1;
    }
  }
  return 0;
}
