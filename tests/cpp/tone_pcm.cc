// Writes the signal of tone_signal.h to standard output, as input for the examples.

#include <cstdio>

#if defined(_WIN32)
#include <fcntl.h>
#include <io.h>
#endif

#include "tone_signal.h"

int main() {
#if defined(_WIN32)
  _setmode(_fileno(stdout), _O_BINARY);  // else each byte 10 becomes 13, 10
#endif
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
