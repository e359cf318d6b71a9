#include "detect/energy_end.h"

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <vector>

#include "check.h"

namespace pww {
namespace {

constexpr int64_t kRate = 16000;
constexpr int64_t kStart = kRate;  // of the word
constexpr int64_t kEnd = kRate * 3 / 2;

// Two seconds with a word-like tone in noise of the given amplitude.
std::vector<int16_t> Recording(double noise) {
  std::mt19937 random(1);
  std::normal_distribution<double> gauss(0.0, noise);
  std::vector<int16_t> samples(2 * kRate);
  for (size_t i = 0; i < samples.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    const double tone = at >= kStart && at < kEnd
                            ? 8000.0 * std::sin(static_cast<double>(i) * 0.3)
                            : 0.0;
    samples[i] = static_cast<int16_t>(std::lround(tone + gauss(random)));
  }
  return samples;
}

EnergyEnd::Result Ask(const std::vector<int16_t>& samples, int64_t now,
                      int64_t first_sample = 0) {
  AudioRing ring(8 * kRate, first_sample);
  ring.Push(samples.data(), static_cast<size_t>(now));
  EnergyEnd energy_end;
  WordSpan word;
  word.start_sample = first_sample + kStart + 300;
  word.end_sample = first_sample + kEnd - 1500;  // as a network might estimate it
  word.detected_sample = first_sample + now;
  return energy_end.Find(ring, word);
}

bool Near(int64_t a, int64_t b) { return std::abs(a - b) <= 240; }  // 15 ms

PWW_TEST(FindsTheEndInQuiet) {
  const EnergyEnd::Result found = Ask(Recording(3.0), kEnd + 1600);
  PWW_CHECK(found.verdict == EnergyEnd::Verdict::kFound);
  PWW_CHECK(Near(found.end_sample, kEnd));
}

PWW_TEST(FindsItBeyondTheRangeOfAnInt32) {
  const int64_t first = (int64_t{1} << 33) + 5;
  const EnergyEnd::Result found = Ask(Recording(3.0), kEnd + 1600, first);
  PWW_CHECK(found.verdict == EnergyEnd::Verdict::kFound);
  PWW_CHECK(Near(found.end_sample, first + kEnd));
}

PWW_TEST(FindsItAfterDigitalSilence) {
  const EnergyEnd::Result found = Ask(Recording(0.0), kEnd + 1600);
  PWW_CHECK(found.verdict == EnergyEnd::Verdict::kFound);
  PWW_CHECK(Near(found.end_sample, kEnd));
}

PWW_TEST(SaysThatTheWordGoesOn) {
  PWW_CHECK(Ask(Recording(3.0), kEnd - 800).verdict == EnergyEnd::Verdict::kGoesOn);
}

PWW_TEST(KeepsSilentInNoise) {
  PWW_CHECK(Ask(Recording(800.0), kEnd + 1600).verdict == EnergyEnd::Verdict::kNoisy);
}

PWW_TEST(AClickAfterTheWordIsNotItsEnd) {
  std::vector<int16_t> samples = Recording(3.0);
  for (int64_t i = kEnd + 2000; i < kEnd + 2160; ++i) {
    samples[static_cast<size_t>(i)] = i % 2 == 0 ? 9000 : -9000;
  }
  const EnergyEnd::Result found = Ask(samples, kEnd + 4000);
  PWW_CHECK(found.verdict == EnergyEnd::Verdict::kFound);
  PWW_CHECK(Near(found.end_sample, kEnd));
}

PWW_TEST(AClosureInsideTheWordIsNotItsEnd) {
  std::vector<int16_t> samples = Recording(3.0);
  for (int64_t i = kEnd - 3200; i < kEnd - 1600; ++i) {  // 100 ms
    samples[static_cast<size_t>(i)] = 0;
  }
  const EnergyEnd::Result found = Ask(samples, kEnd + 1600);
  PWW_CHECK(found.verdict == EnergyEnd::Verdict::kFound);
  PWW_CHECK(Near(found.end_sample, kEnd));
}

PWW_TEST(TooLittleAudioGivesNoAnswer) {
  AudioRing ring(8 * kRate);
  const std::vector<int16_t> samples(200, 100);
  ring.Push(samples.data(), samples.size());
  EnergyEnd energy_end;
  WordSpan word;
  word.end_sample = 100;
  PWW_CHECK(energy_end.Find(ring, word).verdict == EnergyEnd::Verdict::kNoisy);
}

}  // namespace
}  // namespace pww
int main() { return pww::test::RunAll(); }
