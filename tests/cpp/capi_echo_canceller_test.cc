// Tests the echo canceller of the shared library through its C header only.

#include <algorithm>
#include <atomic>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "check.h"
#include "echo_signal.h"
#include "pywakeword.h"

namespace {

constexpr size_t kSecond = 16000;

pww_echo_canceller* Make() {
  const pww_echo_canceller_options options = PWW_ECHO_CANCELLER_OPTIONS_INIT;
  pww_echo_canceller* canceller = nullptr;
  PWW_CHECK(pww_echo_canceller_create(&options, &canceller) == PWW_OK);
  return canceller;
}

bool Says(const char* text) {
  return std::string(pww_last_error()).find(text) != std::string::npos;
}

pww_echo_canceller_info Info(pww_echo_canceller* canceller) {
  pww_echo_canceller_info info = {};
  PWW_CHECK(pww_echo_canceller_get_info(canceller, &info) == PWW_OK);
  return info;
}

}  // namespace

PWW_TEST(TheEchoGoesHoweverItIsCut) {
  const auto loudspeaker = pww::test::Noise(4 * kSecond, 6000, 1);
  const auto microphone = pww::test::EchoOf(loudspeaker);
  pww_echo_canceller* canceller = Make();
  std::vector<int16_t> whole(microphone.size());
  PWW_CHECK(pww_echo_canceller_process(canceller, microphone.data(), loudspeaker.data(),
                                       whole.size(), whole.data()) == PWW_OK);
  PWW_CHECK(pww::test::Power(whole.data() + 3 * kSecond, kSecond) <
            pww::test::Power(microphone.data() + 3 * kSecond, kSecond) / 300);
  const pww_echo_canceller_info info = Info(canceller);
  PWW_CHECK(info.delay_samples == pww::test::kEchoDelay && info.converged == 1);
  PWW_CHECK(info.erle_db > 20 && info.bytes > 100000 && info.bytes < 400000);
  for (const size_t chunk : pww::test::ChunkSizes()) {
    PWW_CHECK(pww_echo_canceller_reset(canceller) == PWW_OK);
    const pww_echo_canceller_info fresh = Info(canceller);
    PWW_CHECK(fresh.erle_db == 0 && fresh.converged == 0);
    std::vector<int16_t> out = microphone;  // in place
    pww::test::ForEachChunk(microphone, chunk, [&](const int16_t* samples, size_t n) {
      const auto at = static_cast<size_t>(samples - microphone.data());
      PWW_CHECK(pww_echo_canceller_process(canceller, out.data() + at,
                                           loudspeaker.data() + at, n,
                                           out.data() + at) == PWW_OK);
    });
    PWW_CHECK(out == whole);
  }
  PWW_CHECK(pww_echo_canceller_destroy(canceller) == PWW_OK);
}

PWW_TEST(ASilentLoudspeakerChangesNoBit) {
  const auto microphone = pww::test::Noise(kSecond, 32767, 2);
  const std::vector<int16_t> silence(microphone.size());
  std::vector<int16_t> out(microphone.size());
  pww_echo_canceller* canceller = Make();
  PWW_CHECK(pww_echo_canceller_process(canceller, microphone.data(), silence.data(),
                                       out.size(), out.data()) == PWW_OK);
  PWW_CHECK(out == microphone);
  PWW_CHECK(pww_echo_canceller_destroy(canceller) == PWW_OK);
}

PWW_TEST(RefusesBadOptions) {
  pww_echo_canceller* canceller = nullptr;
  const auto refuses = [&](int32_t tail_ms, int32_t max_delay_ms, const char* text) {
    const pww_echo_canceller_options options = {tail_ms, max_delay_ms};
    canceller = reinterpret_cast<pww_echo_canceller*>(1);
    return pww_echo_canceller_create(&options, &canceller) == PWW_INVALID_ARGUMENT &&
           canceller == nullptr && Says(text);
  };
  PWW_CHECK(refuses(39, 300, "options.tail_ms is 39, not 40 to 500"));
  PWW_CHECK(refuses(501, 300, "options.tail_ms is 501"));
  PWW_CHECK(refuses(250, -1, "options.max_delay_ms is -1, not 0 to 400"));
  PWW_CHECK(refuses(250, 401, "options.max_delay_ms is 401"));
  PWW_CHECK(refuses(std::numeric_limits<int32_t>::min(), 0, "tail_ms"));
  for (const pww_echo_canceller_options& options :
       {pww_echo_canceller_options{40, 0}, pww_echo_canceller_options{500, 400}}) {
    PWW_CHECK(pww_echo_canceller_create(&options, &canceller) == PWW_OK);
    PWW_CHECK(pww_echo_canceller_destroy(canceller) == PWW_OK);
  }
  PWW_CHECK(pww_echo_canceller_create(nullptr, &canceller) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(canceller == nullptr && Says("options is NULL"));
  const pww_echo_canceller_options good = PWW_ECHO_CANCELLER_OPTIONS_INIT;
  PWW_CHECK(pww_echo_canceller_create(&good, nullptr) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(Says("canceller is NULL"));
}

PWW_TEST(RefusesBadCalls) {
  pww_echo_canceller* canceller = Make();
  int16_t samples[4] = {1, 2, 3, 4};
  int16_t out[4] = {9, 9, 9, 9};
  const auto* odd = reinterpret_cast<const int16_t*>(
      reinterpret_cast<const unsigned char*>(samples) + 1);
  PWW_CHECK(pww_echo_canceller_process(nullptr, samples, samples, 4, out) ==
            PWW_INVALID_ARGUMENT);
  PWW_CHECK(Says("canceller is NULL"));
  PWW_CHECK(pww_echo_canceller_process(canceller, nullptr, samples, 4, out) ==
            PWW_INVALID_ARGUMENT);
  PWW_CHECK(Says("microphone is NULL"));
  PWW_CHECK(pww_echo_canceller_process(canceller, samples, nullptr, 4, out) ==
            PWW_INVALID_ARGUMENT);
  PWW_CHECK(Says("loudspeaker is NULL"));
  PWW_CHECK(pww_echo_canceller_process(canceller, samples, samples, 4, nullptr) ==
            PWW_INVALID_ARGUMENT);
  PWW_CHECK(Says("out is NULL"));
  PWW_CHECK(pww_echo_canceller_process(canceller, samples, odd, 1, out) ==
            PWW_INVALID_ARGUMENT);
  PWW_CHECK(Says("loudspeaker is not aligned to two bytes"));
  PWW_CHECK(std::all_of(out, out + 4, [](int16_t value) { return value == 9; }));
  PWW_CHECK(pww_echo_canceller_process(canceller, nullptr, nullptr, 0, nullptr) ==
            PWW_OK);
  PWW_CHECK(pww_echo_canceller_reset(nullptr) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(pww_echo_canceller_get_info(canceller, nullptr) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(Says("info is NULL"));
  PWW_CHECK(pww_echo_canceller_get_info(nullptr, nullptr) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(pww_echo_canceller_destroy(nullptr) == PWW_OK);
  PWW_CHECK(pww_echo_canceller_destroy(canceller) == PWW_OK);
}

PWW_TEST(ASecondThreadIsTurnedAway) {
  pww_echo_canceller* canceller = Make();
  const auto loudspeaker = pww::test::Noise(20 * kSecond, 6000, 4);
  std::vector<int16_t> out(loudspeaker.size());
  std::atomic<bool> done{false};
  std::thread other([&] {
    while (!done.load()) {
      static_cast<void>(pww_echo_canceller_process(
          canceller, loudspeaker.data(), loudspeaker.data(), out.size(), out.data()));
    }
  });
  pww_echo_canceller_info info = {};
  pww_status status = PWW_OK;
  for (int tries = 0; status == PWW_OK && tries < 100000; ++tries) {
    status = pww_echo_canceller_get_info(canceller, &info);
    std::this_thread::yield();
  }
  done.store(true);
  other.join();
  PWW_CHECK(status == PWW_BUSY && Says("thread"));
  PWW_CHECK(pww_echo_canceller_destroy(canceller) == PWW_OK);
}

int main() { return pww::test::RunAll(); }
