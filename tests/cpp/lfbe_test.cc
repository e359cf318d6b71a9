#include "dsp/lfbe.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "check.h"
#include "kernels/fast_log.h"
#include "test_data.h"

namespace pww {
namespace {

const Kernels* Scalar() { return SupportedKernels().front(); }

// Computes whenever `most_waiting` frames wait, and at the end.
void Append(Lfbe* lfbe, const int16_t* samples, size_t count,
            std::vector<float>* frames, size_t most_waiting = Lfbe::kMostWaiting) {
  while (count > 0) {
    bool complete = false;
    const size_t taken = lfbe->Take(samples, count, &complete);
    samples += taken;
    count -= taken;
    if (lfbe->n_waiting() >= most_waiting || count == 0) {
      const size_t n_values = lfbe->n_waiting() * Lfbe::kBins;
      const float* computed = lfbe->Compute();
      frames->insert(frames->end(), computed, computed + n_values);
    }
  }
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() &&
         std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

PWW_TEST(AgreesWithTheFloat64Reference) {
  const auto pcm = test::ReadGolden<int16_t>("lfbe_pcm.i16");
  const auto expected = test::ReadGolden<float>("lfbe_frames.f32");
  Lfbe lfbe(Scalar());
  std::vector<float> frames;
  Append(&lfbe, pcm.data(), pcm.size(), &frames);
  PWW_CHECK(!expected.empty());
  PWW_CHECK(frames.size() == expected.size());
  float worst = 0.0F;
  for (size_t i = 0; i < frames.size() && i < expected.size(); ++i) {
    worst = std::max(worst, std::fabs(frames[i] - expected[i]));
  }
  PWW_CHECK(worst < 1e-4F);
}

PWW_TEST(BitsDoNotDependOnTheCut) {
  const std::vector<int16_t> pcm = test::Noise(20000, 20000, 1);
  std::vector<float> whole;
  Lfbe reference(Scalar());
  Append(&reference, pcm.data(), pcm.size(), &whole);
  PWW_CHECK(whole.size() == ((pcm.size() - 400) / 160 + 1) * Lfbe::kBins);
  for (const size_t chunk : test::ChunkSizes()) {
    Lfbe lfbe(Scalar());
    std::vector<float> frames;
    test::ForEachChunk(pcm, chunk, [&](const int16_t* samples, size_t count) {
      Append(&lfbe, samples, count, &frames);
    });
    PWW_CHECK(SameBits(frames, whole));
  }
}

PWW_TEST(BitsDoNotDependOnWhatWaitsOrOnTheRow) {
  const std::vector<int16_t> pcm = test::Noise(20000, 20000, 3);
  std::vector<float> whole;
  Lfbe reference(Scalar());
  Append(&reference, pcm.data(), pcm.size(), &whole);
  for (const Kernels* kernels : SupportedKernels()) {
    for (size_t most = 1; most <= Lfbe::kMostWaiting; ++most) {
      Lfbe lfbe(kernels);
      std::vector<float> frames;
      Append(&lfbe, pcm.data(), pcm.size(), &frames, most);
      PWW_CHECK(SameBits(frames, whole));
    }
  }
}

PWW_TEST(NothingIsTakenWhileAllWait) {
  const std::vector<int16_t> pcm = test::Noise(2000, 20000, 4);
  Lfbe lfbe(Scalar());
  size_t taken = 0;
  bool complete = false;
  for (int i = 0; i < 4; ++i) {
    taken += lfbe.Take(pcm.data() + taken, pcm.size() - taken, &complete);
    PWW_CHECK(complete);
  }
  PWW_CHECK(taken == 400 + 3 * 160 && lfbe.n_waiting() == 4);
  PWW_CHECK(lfbe.Take(pcm.data() + taken, 1, &complete) == 0 && !complete);
  PWW_CHECK(lfbe.Compute() != nullptr && lfbe.n_waiting() == 0);
  PWW_CHECK(lfbe.Take(pcm.data() + taken, 1, &complete) == 1 && !complete);
}

PWW_TEST(ResetStartsAnew) {
  const std::vector<int16_t> pcm = test::Noise(4000, 20000, 2);
  Lfbe lfbe(Scalar());
  std::vector<float> first;
  std::vector<float> second;
  Append(&lfbe, pcm.data(), pcm.size(), &first);
  lfbe.Reset();
  Append(&lfbe, pcm.data(), pcm.size(), &second);
  PWW_CHECK(SameBits(first, second));
}

PWW_TEST(SilenceHasItsValue) {
  const std::vector<int16_t> zeros(Lfbe::kWindowSamples, 0);
  Lfbe lfbe(Scalar());
  std::vector<float> frame;
  Append(&lfbe, zeros.data(), zeros.size(), &frame);
  PWW_CHECK(SameBits(frame, std::vector<float>(Lfbe::kBins, Lfbe::SilenceValue())));
  PWW_CHECK(std::fabs(Lfbe::SilenceValue() - std::log(1e-6F)) < 2e-6F);
}

PWW_TEST(AnEmptyChunkIsNoFrame) {
  Lfbe lfbe(Scalar());
  bool complete = true;
  PWW_CHECK(lfbe.Take(nullptr, 0, &complete) == 0);
  PWW_CHECK(!complete && lfbe.n_waiting() == 0);
}

PWW_TEST(FastLogKeepsItsError) {
  bool within = true;
  for (float x = 1e-7F; x < 1e9F; x *= 1.0001F) {
    const double exact = std::log(static_cast<double>(x));
    const double error = std::fabs(static_cast<double>(FastLog(x)) - exact);
    within = within && error < 1.3e-7 + std::fabs(exact) * 1.2e-7;
  }
  PWW_CHECK(within);
}

}  // namespace
}  // namespace pww

int main() { return pww::test::RunAll(); }
