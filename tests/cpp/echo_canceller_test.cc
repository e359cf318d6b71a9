// The echo canceller: what it takes away, what it leaves alone, and that neither the
// cut nor the instruction set shows.

#include "dsp/echo_canceller.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

#include "check.h"
#include "counting_new.h"

namespace pww {
namespace {

constexpr size_t kRate = 16000;

// Noise of a linear congruential generator, the same on every machine.
class Noise {
 public:
  explicit Noise(uint32_t seed) : state_(seed) {}
  int16_t Next(double amplitude) {
    state_ = state_ * 1664525 + 1013904223;
    const double unit = static_cast<double>(state_ >> 8) / (1 << 23) - 1;
    return static_cast<int16_t>(amplitude * unit);
  }

 private:
  uint32_t state_;
};

std::vector<int16_t> MakeNoise(uint32_t seed, size_t n, double amplitude) {
  Noise noise(seed);
  std::vector<int16_t> samples(n);
  for (int16_t& sample : samples) {
    sample = noise.Next(amplitude);
  }
  return samples;
}

// The loudspeaker as a room with two reflections hands it on, `delay` samples later.
std::vector<int16_t> Echo(const std::vector<int16_t>& loudspeaker, size_t delay) {
  std::vector<int16_t> echo(loudspeaker.size());
  for (size_t i = delay + 900; i < echo.size(); ++i) {
    const double sum = 0.5 * loudspeaker[i - delay] -
                       0.3 * loudspeaker[i - delay - 333] +
                       0.1 * loudspeaker[i - delay - 900];
    echo[i] = static_cast<int16_t>(std::lround(sum));
  }
  return echo;
}

double Power(const std::vector<int16_t>& samples, size_t begin, size_t end) {
  double sum = 0;
  for (size_t i = begin; i < end; ++i) {
    sum += static_cast<double>(samples[i]) * samples[i];
  }
  return sum / static_cast<double>(end - begin);
}

double Decibels(double a, double b) { return 10 * std::log10((a + 1e-9) / (b + 1e-9)); }

std::vector<int16_t> Cancel(const Kernels* kernels,
                            const std::vector<int16_t>& microphone,
                            const std::vector<int16_t>& loudspeaker, size_t chunk) {
  EchoCanceller canceller(kernels, 250, 300);
  std::vector<int16_t> out(microphone.size());
  for (size_t i = 0; i < microphone.size(); i += chunk) {
    const size_t n = std::min(chunk, microphone.size() - i);
    canceller.Process(microphone.data() + i, loudspeaker.data() + i, n, out.data() + i);
  }
  return out;
}

const Kernels* Fastest() { return SupportedKernels().back(); }

PWW_TEST(takes_the_echo_away_whatever_its_delay) {
  for (const size_t delay_ms : {0, 40, 170, 295}) {
    const auto loudspeaker = MakeNoise(1, 6 * kRate, 8000);
    const auto microphone = Echo(loudspeaker, delay_ms * 16);
    EchoCanceller canceller(Fastest(), 250, 300);
    std::vector<int16_t> out(microphone.size());
    canceller.Process(microphone.data(), loudspeaker.data(), out.size(), out.data());
    const double erle = Decibels(Power(microphone, 4 * kRate, 6 * kRate),
                                 Power(out, 4 * kRate, 6 * kRate));
    PWW_CHECK(erle > 35);
    PWW_CHECK(canceller.converged());
    PWW_CHECK(canceller.erle_db() > 30);
    PWW_CHECK(canceller.delay_samples() == delay_ms * 16);
  }
}

PWW_TEST(a_person_who_talks_stays) {
  const auto loudspeaker = MakeNoise(2, 8 * kRate, 8000);
  auto microphone = Echo(loudspeaker, 800);
  std::vector<int16_t> person = MakeNoise(3, 8 * kRate, 3000);
  for (size_t i = 0; i < person.size(); ++i) {
    const bool talks = i > 3 * kRate && i / 4000 % 2 == 0;
    person[i] = talks ? person[i] : int16_t{0};
    microphone[i] = static_cast<int16_t>(microphone[i] + person[i]);
  }
  const auto out = Cancel(Fastest(), microphone, loudspeaker, 160);
  std::vector<int16_t> difference(out.size());
  for (size_t i = 0; i < out.size(); ++i) {
    difference[i] = static_cast<int16_t>(out[i] - person[i]);
  }
  PWW_CHECK(Decibels(Power(person, 4 * kRate, 8 * kRate),
                     Power(difference, 4 * kRate, 8 * kRate)) > 12);
}

PWW_TEST(no_cut_and_no_instruction_set_shows) {
  auto loudspeaker = MakeNoise(4, 2 * kRate, 6000);
  std::fill(loudspeaker.begin() + 9000, loudspeaker.begin() + 20000, int16_t{0});
  auto microphone = Echo(loudspeaker, 1000);
  Noise noise(5);
  for (int16_t& sample : microphone) {
    sample = static_cast<int16_t>(sample + noise.Next(200));
  }
  const auto kernels = SupportedKernels();
  const auto want = Cancel(kernels.front(), microphone, loudspeaker, microphone.size());
  for (const Kernels* row : kernels) {
    for (const size_t chunk : {1, 7, 128, 160, 1000, 32000}) {
      PWW_CHECK(Cancel(row, microphone, loudspeaker, chunk) == want);
    }
  }
}

PWW_TEST(a_silent_loudspeaker_changes_no_bit) {
  const auto microphone = MakeNoise(6, 2 * kRate, 32767);
  const std::vector<int16_t> silence(microphone.size(), 0);
  PWW_CHECK(Cancel(Fastest(), microphone, silence, 160) == microphone);
  // Nor some time after it played.
  auto loudspeaker = MakeNoise(7, 4 * kRate, 5000);
  std::fill(loudspeaker.begin() + kRate, loudspeaker.end(), int16_t{0});
  auto played = Echo(loudspeaker, 500);
  std::copy(microphone.begin(), microphone.end(), played.begin() + 2 * kRate);
  const auto out = Cancel(Fastest(), played, loudspeaker, 160);
  PWW_CHECK(std::equal(microphone.begin(), microphone.end(), out.begin() + 2 * kRate));
}

PWW_TEST(a_reference_that_is_not_heard_does_no_harm) {
  const auto microphone = MakeNoise(8, 4 * kRate, 5000);
  const auto loudspeaker = MakeNoise(9, 4 * kRate, 20000);
  const auto out = Cancel(Fastest(), microphone, loudspeaker, 160);
  for (size_t begin = 0; begin < microphone.size(); begin += kRate / 10) {
    const double louder = Decibels(Power(out, begin, begin + kRate / 10),
                                   Power(microphone, begin, begin + kRate / 10));
    PWW_CHECK(louder < 0.5);
  }
}

PWW_TEST(another_delay_is_followed) {
  const auto loudspeaker = MakeNoise(10, 8 * kRate, 8000);
  auto microphone = Echo(loudspeaker, 800);
  const auto later = Echo(loudspeaker, 2600);
  std::copy(later.begin() + 4 * kRate, later.end(), microphone.begin() + 4 * kRate);
  const auto out = Cancel(Fastest(), microphone, loudspeaker, 160);
  PWW_CHECK(Decibels(Power(microphone, 7 * kRate, 8 * kRate),
                     Power(out, 7 * kRate, 8 * kRate)) > 20);
}

PWW_TEST(a_clipped_microphone_stays_in_range) {
  const auto loudspeaker = MakeNoise(11, 2 * kRate, 32000);
  std::vector<int16_t> microphone(loudspeaker.size());
  for (size_t i = 0; i < microphone.size(); ++i) {
    microphone[i] = static_cast<int16_t>(loudspeaker[i] > 0 ? 32767 : -32768);
  }
  const auto out = Cancel(Fastest(), microphone, loudspeaker, 160);
  PWW_CHECK(Power(out, 0, out.size()) <= Power(microphone, 0, out.size()));
}

PWW_TEST(reset_is_as_new_and_nothing_is_allocated) {
  const auto loudspeaker = MakeNoise(12, kRate, 8000);
  const auto microphone = Echo(loudspeaker, 1000);
  EchoCanceller canceller(Fastest(), 250, 300);
  std::vector<int16_t> first(microphone.size());
  std::vector<int16_t> second(microphone.size());
  canceller.Process(microphone.data(), loudspeaker.data(), first.size(), first.data());
  const size_t before = test::Allocations();
  canceller.Reset();
  canceller.Process(microphone.data(), loudspeaker.data(), second.size(),
                    second.data());
  PWW_CHECK(canceller.delay_samples() > 0 && canceller.erle_db() > 0);
  PWW_CHECK(test::Allocations() == before);
  PWW_CHECK(first == second);
  PWW_CHECK(canceller.nbytes() > 100000 && canceller.nbytes() < 400000);
}

PWW_TEST(in_place) {
  const auto loudspeaker = MakeNoise(13, kRate, 8000);
  auto microphone = Echo(loudspeaker, 1000);
  const auto want = Cancel(Fastest(), microphone, loudspeaker, 160);
  EchoCanceller canceller(Fastest(), 250, 300);
  canceller.Process(microphone.data(), loudspeaker.data(), microphone.size(),
                    microphone.data());
  PWW_CHECK(microphone == want);
}

}  // namespace
}  // namespace pww

int main() { return pww::test::RunAll(); }
