// Tests front ends that share computed frames: the same bits with fewer computations.

#include "dsp/lfbe_memory.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "check.h"
#include "counting_new.h"
#include "dsp/lfbe.h"
#include "test_data.h"

namespace pww {
namespace {

size_t n_computed = 0;

// The scalar row with a counter of its calls.
const Kernels* Counting() {
  static const Kernels* const scalar = SupportedKernels().front();
  static const Kernels counting = [] {
    Kernels kernels = *scalar;
    kernels.lfbe_s16 = [](const LfbeTables& tables, const int16_t* samples,
                          float* frames) {
      ++n_computed;
      scalar->lfbe_s16(tables, samples, frames);
    };
    return kernels;
  }();
  return &counting;
}

// A front end and all its frames.
struct Hearing {
  explicit Hearing(size_t most_waiting = Lfbe::kMostWaiting) : most(most_waiting) {
    frames.reserve(size_t{1} << 18);
  }

  void Hear(const int16_t* samples, size_t count) {
    while (count > 0) {
      bool complete = false;
      const size_t taken = lfbe.Take(samples, count, &complete);
      samples += taken;
      count -= taken;
      if (lfbe.n_waiting() >= most) {
        const size_t n_values = lfbe.n_waiting() * Lfbe::kBins;
        const float* computed = lfbe.Compute();
        frames.insert(frames.end(), computed, computed + n_values);
      }
    }
  }

  [[nodiscard]] bool SameBits(const Hearing& other) const {
    return frames.size() == other.frames.size() &&
           std::memcmp(frames.data(), other.frames.data(),
                       frames.size() * sizeof(float)) == 0;
  }

  Lfbe lfbe{Counting()};
  size_t most;
  std::vector<float> frames;
};

Hearing Alone(const std::vector<int16_t>& pcm) {
  Hearing alone;
  alone.Hear(pcm.data(), pcm.size());
  return alone;
}

// Noise between stretches of digital silence, where many blocks are equal.
std::vector<int16_t> Stream(uint32_t seed) {
  std::vector<int16_t> pcm = test::Noise(24000, 20000, seed);
  std::fill(pcm.begin() + 6000, pcm.begin() + 12000, int16_t{0});
  return pcm;
}

PWW_TEST(OneOfTwoComputes) {
  const std::vector<int16_t> pcm = Stream(1);
  n_computed = 0;
  const Hearing alone = Alone(pcm);
  const size_t needed = n_computed;
  PWW_CHECK(needed == ((pcm.size() - 400) / 160 + 1) / Lfbe::kMostWaiting);
  for (const size_t chunk : std::vector<size_t>{1, 160, 999, 1280, 2560}) {
    Hearing first;
    Hearing second;
    second.lfbe.ShareWith(&first.lfbe);
    n_computed = 0;
    test::ForEachChunk(pcm, chunk, [&](const int16_t* samples, size_t count) {
      first.Hear(samples, count);
      second.Hear(samples, count);
    });
    PWW_CHECK(first.SameBits(alone) && second.SameBits(alone));
    // Fewer where silence repeats blocks in the memory.
    PWW_CHECK(n_computed <= needed && n_computed > needed / 2);
  }
}

PWW_TEST(BitsStayTheSameWhateverEachHears) {
  const std::vector<int16_t> pcm = Stream(2);
  const std::vector<int16_t> others = Stream(3);
  const Hearing alone = Alone(pcm);
  const Hearing alone_others = Alone(others);
  uint32_t random = 1;
  const auto chance = [&random](uint32_t below) {
    random = random * 1664525U + 1013904223U;
    return (random >> 16) % below;
  };
  for (int round = 0; round < 20; ++round) {
    // Three with different waits, two of one stream, with random chunks and turns.
    Hearing hearing[] = {Hearing(1 + chance(4)), Hearing(1 + chance(4)), Hearing()};
    const std::vector<int16_t>* streams[] = {&pcm, &pcm, &others};
    size_t at[] = {0, 0, 0};
    hearing[1].lfbe.ShareWith(&hearing[0].lfbe);
    hearing[2].lfbe.ShareWith(&hearing[1].lfbe);
    while (at[0] < pcm.size() || at[1] < pcm.size() || at[2] < others.size()) {
      const size_t i = chance(3);
      const size_t count = std::min<size_t>(streams[i]->size() - at[i],
                                            chance(2) == 0 ? 640 : chance(900));
      hearing[i].Hear(streams[i]->data() + at[i], count);
      at[i] += count;
    }
    for (size_t i = 0; i < 3; ++i) {
      const Hearing& wanted = i < 2 ? alone : alone_others;
      // Those that wait for fewer frames have returned more of the last ones.
      const size_t n = std::min(hearing[i].frames.size(), wanted.frames.size());
      PWW_CHECK(hearing[i].frames.size() < wanted.frames.size() + 4 * Lfbe::kBins);
      PWW_CHECK(n + 4 * Lfbe::kBins > wanted.frames.size());
      PWW_CHECK(std::memcmp(hearing[i].frames.data(), wanted.frames.data(),
                            n * sizeof(float)) == 0);
    }
  }
}

PWW_TEST(OneGoesOnWithoutTheOther) {
  const std::vector<int16_t> pcm = Stream(4);
  Hearing first;
  {
    Hearing second;
    second.lfbe.ShareWith(&first.lfbe);
    second.Hear(pcm.data(), 5000);
    PWW_CHECK(second.lfbe.shared_bytes() == sizeof(LfbeMemory));
  }
  first.Hear(pcm.data(), pcm.size());
  PWW_CHECK(first.SameBits(Alone(pcm)));
  first.frames.clear();
  first.lfbe.Reset();
  const size_t before = test::Allocations();
  first.Hear(pcm.data(), pcm.size());
  PWW_CHECK(test::Allocations() == before);
  PWW_CHECK(first.SameBits(Alone(pcm)));
}

PWW_TEST(ABlockIsFoundByAllOfItsSamples) {
  LfbeMemory memory;
  std::vector<int16_t> samples = test::Noise(LfbeTables::kBlockSamples, 9000, 5);
  LfbeMemory::Frames frames{};
  frames[3] = 1.5F;
  memory.Keep(samples.data(), samples.size(), frames);
  LfbeMemory::Frames found{};
  PWW_CHECK(!memory.Find(samples.data(), samples.size() - 160, &found));
  PWW_CHECK(memory.Find(samples.data(), samples.size(), &found) && found == frames);
  for (const size_t at : {size_t{0}, samples.size() / 2, samples.size() - 1}) {
    samples[at] = static_cast<int16_t>(samples[at] ^ 1);
    PWW_CHECK(!memory.Find(samples.data(), samples.size(), &found));
    samples[at] = static_cast<int16_t>(samples[at] ^ 1);
  }
  // The oldest block is dropped.
  for (size_t i = 0; i < LfbeMemory::kBlocks; ++i) {
    PWW_CHECK(memory.Find(samples.data(), samples.size(), &found));
    const std::vector<int16_t> next =
        test::Noise(400, 9000, 6 + static_cast<uint32_t>(i));
    memory.Keep(next.data(), next.size(), LfbeMemory::Frames{});
  }
  PWW_CHECK(!memory.Find(samples.data(), samples.size(), &found));
}

}  // namespace
}  // namespace pww

int main() { return pww::test::RunAll(); }
