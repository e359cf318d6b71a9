#include "detect/energy_end.h"

#include <algorithm>
#include <cstdlib>

#include "dsp/lfbe.h"

namespace pww {
namespace {

constexpr int64_t kHop = 80;             // 5 ms
constexpr size_t kHopsPerFrame = 4;      // 20 ms
constexpr size_t kLongestClick = 8;      // hops, 40 ms
constexpr size_t kLongestClosure = 30;   // hops, 150 ms
constexpr size_t kQuietAfter = 4;        // quiet hops after the end of a word
constexpr int64_t kReachSamples = 4800;  // from the network's end, the most
constexpr int64_t kBefore = Lfbe::kSampleRate / 2;
constexpr float kRange = 0.001995F;  // -27 dB
constexpr float kClear = 631.0F;     // 28 dB
constexpr float kNoiseTaken = 2.0F;
constexpr float kLeastEnergy = 0.32F;  // per frame, so that digital silence has a ratio

struct Run {
  size_t first = 0;
  size_t last = 0;
};

// Finds the run of active frames that overlaps `word` the most; false if none does.
bool BestRun(const float* energy, size_t n, float threshold, Run word, Run* best) {
  Run run;
  bool open = false;
  size_t most = 0;
  const auto close = [&] {
    const size_t from = std::max(run.first, word.first);
    const size_t to = std::min(run.last, word.last);
    if (open && to >= from && to - from + 1 > most) {
      most = to - from + 1;
      *best = run;
    }
  };
  size_t i = 0;
  while (i < n) {
    if (energy[i] <= threshold) {
      ++i;
      continue;
    }
    size_t end = i;
    while (end < n && energy[end] > threshold) {
      ++end;
    }
    if (end - i >= kLongestClick) {
      if (open && i - run.last <= kLongestClosure) {
        run.last = end - 1;
      } else {
        close();
        run = {i, end - 1};
        open = true;
      }
    }
    i = end;
  }
  close();
  return most > 0;
}

}  // namespace

size_t EnergyEnd::MeasureHops(const AudioRing& history, int64_t begin,
                              int64_t end) noexcept {
  std::array<int16_t, kHop> samples;
  size_t n = 0;
  float previous = 0.0F;
  float filtered = 0.0F;
  for (int64_t at = begin; at + kHop <= end && n < kMostHops; at += kHop) {
    if (!history.Copy(at, at + kHop, samples.data())) {
      break;
    }
    float sum = 0.0F;
    for (const int16_t sample : samples) {
      // High-pass at about 100 Hz, against hum and rumble.
      const auto value = static_cast<float>(sample);
      filtered = 0.96F * filtered + value - previous;
      previous = value;
      sum += filtered * filtered;
    }
    energy_[n++] = sum;
  }
  return n;
}

EnergyEnd::Result EnergyEnd::Find(const AudioRing& history,
                                  const WordSpan& word) noexcept {
  const int64_t now = history.end_index();
  const auto longest = static_cast<int64_t>(kMostHops) * kHop;
  const int64_t begin =
      std::max({word.start_sample - kBefore, history.begin_index(), now - longest});
  const size_t n_hops = MeasureHops(history, begin, now);
  const auto hop_of = [&](int64_t sample) {
    return static_cast<size_t>(std::max<int64_t>(0, sample - begin) / kHop);
  };
  if (n_hops < 2 * kHopsPerFrame) {
    return {};
  }
  const size_t n = n_hops - kHopsPerFrame + 1;
  for (size_t i = 0; i < n; ++i) {
    float sum = kLeastEnergy;
    for (size_t k = 0; k < kHopsPerFrame; ++k) {
      sum += energy_[i + k];
    }
    energy_[i] = sum;
  }
  const Run span = {std::min(hop_of(word.start_sample), n - 1),
                    std::min(hop_of(word.end_sample), n - 1)};
  std::copy_n(energy_.begin(), n, scratch_.begin());
  const auto tenth = scratch_.begin() + static_cast<std::ptrdiff_t>(n / 10);
  std::nth_element(scratch_.begin(), tenth,
                   scratch_.begin() + static_cast<std::ptrdiff_t>(n));
  const float noise = *tenth;
  const float peak =
      *std::max_element(energy_.begin() + static_cast<std::ptrdiff_t>(span.first),
                        energy_.begin() + static_cast<std::ptrdiff_t>(span.last) + 1);
  Run run;
  if (peak < kClear * noise ||
      !BestRun(energy_.data(), n, kRange * peak + kNoiseTaken * noise, span, &run)) {
    return {};
  }
  if (n - 1 - run.last < kQuietAfter) {
    return {Verdict::kGoesOn, 0};
  }
  // On average, the first three quarters of the last frame are speech.
  const int64_t end = begin + static_cast<int64_t>(run.last + kHopsPerFrame - 1) * kHop;
  if (end <= word.start_sample || std::abs(end - word.end_sample) > kReachSamples) {
    return {};
  }
  return {Verdict::kFound, end};
}

}  // namespace pww
