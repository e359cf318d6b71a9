// Input and judge of the example cancel_stdin:
//
//   echo_pcm | cancel_stdin | echo_pcm check
//
// Without an argument, it writes stereo PCM: a microphone that records only echo, and
// the loudspeaker. With "check" it reads mono PCM of the same length and succeeds if
// the last second has lost 25 dB.

#include <cstdio>

#if defined(_WIN32)
#include <fcntl.h>
#include <io.h>
#endif

#include "echo_signal.h"

namespace {

constexpr size_t kSecond = 16000;

bool Write(int16_t sample) {
  const auto bits = static_cast<uint16_t>(sample);
  const unsigned char bytes[] = {static_cast<unsigned char>(bits & 0xFF),
                                 static_cast<unsigned char>(bits >> 8)};
  return std::fwrite(bytes, 1, sizeof bytes, stdout) == sizeof bytes;
}

bool Check(const std::vector<int16_t>& microphone) {
  std::vector<int16_t> out;
  unsigned char bytes[2];
  while (std::fread(bytes, 1, sizeof bytes, stdin) == sizeof bytes) {
    out.push_back(static_cast<int16_t>(bytes[0] | bytes[1] << 8));
  }
  const size_t n = microphone.size();
  const bool whole = out.size() == n;
  const double before = pww::test::Power(microphone.data() + n - kSecond, kSecond);
  const double after = whole ? pww::test::Power(out.data() + n - kSecond, kSecond) : 0;
  std::printf("%zu of %zu samples, power %.1f, now %.1f\n", out.size(), n, before,
              after);
  return whole && after < before / 316;
}

}  // namespace

int main(int argc, char**) {
#if defined(_WIN32)
  _setmode(_fileno(stdin), _O_BINARY);  // else each byte 10 becomes 13, 10
  _setmode(_fileno(stdout), _O_BINARY);
#endif
  const std::vector<int16_t> loudspeaker = pww::test::Noise(4 * kSecond, 6000, 3);
  const std::vector<int16_t> microphone = pww::test::EchoOf(loudspeaker);
  if (argc > 1) {
    return Check(microphone) ? 0 : 1;
  }
  for (size_t i = 0; i < loudspeaker.size(); ++i) {
    if (!Write(microphone[i]) || !Write(loudspeaker[i])) {
      return 1;
    }
  }
  return 0;
}
