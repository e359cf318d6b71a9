#include "detect/spotter.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/busy_flag.h"
#include "check.h"
#include "detect/network_source.h"
#include "fake_source.h"
#include "test_data.h"

namespace pww {
namespace {

using test::FakeSource;
using Sources = std::vector<std::unique_ptr<PosteriorSource>>;

constexpr int kStride = 4;
constexpr int kWindow = 10;
// Samples consumed when output n is made.
constexpr int64_t OutputSample(int64_t n) {
  return (kStride * n + kStride - 1) * 160 + 400;
}

FakeSource::ScriptRows Word(size_t n_outputs, size_t at, float start, float end) {
  FakeSource::ScriptRows rows(n_outputs, {Posterior()});
  rows[at][0] = {0.9F, start, end};
  return rows;
}

Spotter::Config OneKeyword() {
  Spotter::Config config;
  config.keywords = {{0.5F, 1}};
  return config;
}

std::unique_ptr<Spotter> Make(const Spotter::Config& config, Sources sources) {
  std::unique_ptr<Spotter> spotter;
  std::string message;
  PWW_CHECK(Spotter::Create(config, std::move(sources), &spotter, &message) ==
            Status::kOk);
  return spotter;
}

std::unique_ptr<Spotter> MakeFake(const Spotter::Config& config,
                                  FakeSource::ScriptRows script,
                                  FakeSource::Log* log = nullptr) {
  const size_t n_keywords = config.keywords.size();
  return Make(config, test::OneSource(std::make_unique<FakeSource>(
                          kWindow, kStride, n_keywords, std::move(script), log)));
}

struct Heard {
  std::vector<Detection> detections;
  std::vector<float> scores;
  std::vector<std::vector<int16_t>> snippets;
};

void Feed(Spotter* spotter, const int16_t* samples, size_t count, Heard* heard) {
  while (count > 0) {
    const Spotter::Output* output = nullptr;
    const size_t taken = spotter->Process(samples, count, &output);
    samples += taken;
    count -= taken;
    if (output == nullptr) {
      continue;
    }
    heard->scores.insert(heard->scores.end(), output->scores,
                         output->scores + spotter->n_keywords());
    for (size_t i = 0; i < output->n_detections; ++i) {
      const Detection& detection = output->detections[i];
      std::vector<int16_t> snippet(static_cast<size_t>(detection.word.detected_sample -
                                                       detection.snippet_begin));
      PWW_CHECK(spotter->history().Copy(
          detection.snippet_begin, detection.word.detected_sample, snippet.data()));
      heard->detections.push_back(detection);
      heard->snippets.push_back(std::move(snippet));
    }
  }
}

Heard Feed(Spotter* spotter, const std::vector<int16_t>& pcm) {
  Heard heard;
  Feed(spotter, pcm.data(), pcm.size(), &heard);
  return heard;
}

PWW_TEST(TheFirstOutputIsDueAfterOneStride) {
  FakeSource::Log log;
  auto spotter = MakeFake(OneKeyword(), Word(1, 0, 4.0F, 1.0F), &log);
  const auto pcm = test::Noise(static_cast<size_t>(OutputSample(0)), 9000, 1);
  const Heard heard = Feed(spotter.get(), pcm);
  PWW_CHECK(heard.scores == std::vector<float>{0.9F});
  PWW_CHECK(log.first_bins.size() == kWindow);
  for (size_t i = 0; i < log.first_bins.size(); ++i) {
    PWW_CHECK((log.first_bins[i] == Lfbe::SilenceValue()) == (i < kWindow - kStride));
  }
}

PWW_TEST(APreRollInMidStreamIsHalfASecond) {
  for (const int64_t first : {int64_t{0}, (int64_t{1} << 31) - 20000}) {
    Spotter::Config config = OneKeyword();
    config.first_sample = first;
    auto spotter = MakeFake(config, Word(60, 50, 40.0F, 10.0F));
    const auto pcm = test::Noise(40000, 9000, 2);
    const Heard heard = Feed(spotter.get(), pcm);
    PWW_CHECK(heard.detections.size() == 1);
    const Detection& found = heard.detections.at(0);
    PWW_CHECK(found.word.detected_sample == first + OutputSample(51));
    PWW_CHECK(found.word.start_sample == first + OutputSample(50) - 40 * 160);
    PWW_CHECK(found.word.end_sample == first + OutputSample(50) - 10 * 160);
    PWW_CHECK(found.snippet_begin == found.word.start_sample - 8000);
    PWW_CHECK(heard.snippets[0] == test::Cut(pcm, found.snippet_begin - first,
                                             found.word.detected_sample - first));
  }
}

// Faint noise with a loud tone in it, [begin, end).
std::vector<int16_t> ToneBetween(int64_t begin, int64_t end, size_t count) {
  std::vector<int16_t> pcm = test::Noise(count, 5, 6);
  for (int64_t i = begin; i < end; ++i) {
    pcm[static_cast<size_t>(i)] = i % 20 < 10 ? 8000 : -8000;
  }
  return pcm;
}

PWW_TEST(AWordIsReportedWhenItsSoundHasEnded) {
  const int64_t reported = OutputSample(51);  // from the networks alone
  for (const int64_t late : {int64_t{-1600}, int64_t{800}}) {
    auto spotter = MakeFake(OneKeyword(), Word(60, 50, 40.0F, 10.0F));
    const int64_t end = reported + late;
    const Heard heard =
        Feed(spotter.get(), ToneBetween(OutputSample(50) - 6400, end, 60000));
    PWW_CHECK(heard.detections.size() == 1);
    const WordSpan& word = heard.detections.at(0).word;
    PWW_CHECK(std::abs(word.end_sample - end) <= 240);
    PWW_CHECK(word.detected_sample >= word.end_sample);
    PWW_CHECK((word.detected_sample == reported) == (late < 0));
  }
}

PWW_TEST(ASoundThatNeverEndsIsNotWaitedForLong) {
  auto spotter = MakeFake(OneKeyword(), Word(60, 50, 40.0F, 10.0F));
  const Heard heard =
      Feed(spotter.get(), ToneBetween(OutputSample(50) - 6400, 60000, 60000));
  PWW_CHECK(heard.detections.size() == 1);
  const WordSpan& word = heard.detections.at(0).word;
  PWW_CHECK(word.end_sample == OutputSample(50) - 10 * 160);  // the network's
  PWW_CHECK(word.detected_sample - OutputSample(51) >= Spotter::kPatienceSamples);
  PWW_CHECK(word.detected_sample - OutputSample(51) < Spotter::kPatienceSamples + 640);
}

PWW_TEST(AtTheStartOfAStreamThePreRollIsWhatThereIs) {
  auto spotter = MakeFake(OneKeyword(), Word(20, 15, 40.0F, 10.0F));
  const Heard heard = Feed(spotter.get(), test::Noise(20000, 9000, 3));
  PWW_CHECK(heard.detections.size() == 1);
  PWW_CHECK(heard.detections.at(0).snippet_begin == 0);
  PWW_CHECK(heard.detections.at(0).word.start_sample == OutputSample(15) - 40 * 160);
}

PWW_TEST(TwoWordsAtOnceAndOverTwoSources) {
  Spotter::Config config;
  config.keywords = {{0.5F, 1}, {0.5F, 2}, {0.5F, 1}};
  Sources sources;
  FakeSource::ScriptRows pair(40, {Posterior(), Posterior()});
  pair[20] = {{0.9F, 30.0F, 2.0F}, {0.9F, 30.0F, 2.0F}};
  sources.push_back(std::make_unique<FakeSource>(kWindow, kStride, 2, pair));
  // With another window and the same stride, outputs are due at the same time.
  sources.push_back(
      std::make_unique<FakeSource>(33, kStride, 1, Word(40, 20, 20.0F, 1.0F)));
  auto spotter = Make(config, std::move(sources));
  const Heard heard = Feed(spotter.get(), test::Noise(30000, 9000, 4));
  PWW_CHECK(heard.detections.size() == 2);  // smoothing halves the second one's score
  PWW_CHECK(heard.detections.at(0).keyword == 0);
  PWW_CHECK(heard.detections.at(1).keyword == 2);
  PWW_CHECK(heard.scores.at(3 * 20 + 1) == 0.45F);
}

PWW_TEST(ResetGivesTheSameAgain) {
  auto spotter = MakeFake(OneKeyword(), Word(30, 12, 20.0F, 3.0F));
  const auto pcm = test::Noise(30000, 9000, 5);
  const Heard before = Feed(spotter.get(), pcm);
  spotter->Reset();
  const Heard after = Feed(spotter.get(), pcm);
  PWW_CHECK(before.scores == after.scores);
  PWW_CHECK(before.detections.size() == 1 && after.detections.size() == 1);
  PWW_CHECK(before.detections.at(0).word.start_sample ==
            after.detections.at(0).word.start_sample);
  PWW_CHECK(before.snippets == after.snippets);
}

PWW_TEST(TheStateIsThereFromTheFirstFrameAndChangesWithTheNext) {
  FakeSource::Log log;
  auto spotter = MakeFake(OneKeyword(), {}, &log);
  PWW_CHECK(spotter->SetState(1, 2, 5) == Status::kOk);
  PWW_CHECK(log.states.empty());
  Feed(spotter.get(), test::Noise(4000, 9000, 6));
  PWW_CHECK(log.states.size() == 1 && Pack(log.states.at(0)) == Pack({1, 2, 5}));
  PWW_CHECK(spotter->SetState(7, 0, 0) == Status::kOk);
  Feed(spotter.get(), test::Noise(4000, 9000, 7));
  PWW_CHECK(log.states.size() == 2 && Pack(log.states.at(1)) == Pack({7, 0, 0}));
  for (const auto& [type, playback, volume] :
       {std::tuple(8, 0, 0), std::tuple(0, 8, 0), std::tuple(0, 0, 6),
        std::tuple(-1, 0, 0)}) {
    PWW_CHECK(spotter->SetState(type, playback, volume) == Status::kInvalidArgument);
  }
}

PWW_TEST(ChunksDoNotMatterWithARealNetwork) {
  const auto file = test::ReadGolden<uint8_t>("tone.tflite");
  std::shared_ptr<const Model> model;
  std::string message;
  PWW_CHECK(Model::Load(file.data(), file.size(), &model, &message) == Status::kOk);
  std::unique_ptr<PosteriorSource> source;
  PWW_CHECK(NetworkSource::Create(model, {}, &source, &message) == Status::kOk);
  Spotter::Config config;
  config.keywords = {{0.5F, 3}, {0.5F, 3}};
  auto spotter = Make(config, test::OneSource(std::move(source)));
  std::vector<int16_t> pcm = test::Noise(48000, 40, 8);
  for (size_t i = 16000; i < 24000; ++i) {
    // A 1 kHz tone: 16 samples per period.
    static constexpr int kSine[] = {0, 1531,  2828,  3696,  4000,  3696,  2828,  1531,
                                    0, -1531, -2828, -3696, -4000, -3696, -2828, -1531};
    pcm[i] = static_cast<int16_t>(pcm[i] + kSine[i % 16]);
  }
  const Heard whole = Feed(spotter.get(), pcm);
  PWW_CHECK(whole.detections.size() == 1);
  for (const size_t chunk : test::ChunkSizes()) {
    spotter->Reset();
    Heard heard;
    test::ForEachChunk(pcm, chunk, [&](const int16_t* samples, size_t count) {
      Feed(spotter.get(), samples, count, &heard);
    });
    PWW_CHECK(heard.scores == whole.scores);
    PWW_CHECK(heard.snippets == whole.snippets);
  }
}

PWW_TEST(RefusesWhatItCannotRun) {
  const auto refusal = [](const Spotter::Config& config, Sources sources) {
    std::unique_ptr<Spotter> spotter;
    std::string message;
    PWW_CHECK(Spotter::Create(config, std::move(sources), &spotter, &message) ==
              Status::kInvalidArgument);
    PWW_CHECK(spotter == nullptr);
    return message;
  };
  const auto source = [](int window, int stride) {
    return std::make_unique<FakeSource>(window, stride, 1, FakeSource::ScriptRows());
  };
  PWW_CHECK(refusal(OneKeyword(), {}) == "at least one network is needed");

  Sources mixed = test::OneSource(source(kWindow, 4));
  mixed.push_back(source(kWindow, 3));
  PWW_CHECK(refusal(OneKeyword(), std::move(mixed)).find("strides") !=
            std::string::npos);
  PWW_CHECK(refusal(OneKeyword(), test::OneSource(source(3, 4))).find("window") !=
            std::string::npos);

  Spotter::Config config = OneKeyword();
  config.keywords.clear();
  PWW_CHECK(refusal(config, test::OneSource(source(10, 4))).find("thresholds") !=
            std::string::npos);
  config = OneKeyword();
  config.history_s = 7.9;
  PWW_CHECK(refusal(config, test::OneSource(source(10, 4))).find("history_s") !=
            std::string::npos);
  config = OneKeyword();
  config.keywords[0].threshold = 0.0F;
  PWW_CHECK(refusal(config, test::OneSource(source(10, 4))).find("thresholds") !=
            std::string::npos);
}

PWW_TEST(EachPlaybackHasItsThreshold) {
  constexpr int kMusic = 2;
  const std::vector<int16_t> pcm(16000, 100);
  for (const size_t chunk : {size_t{1}, size_t{1000}, pcm.size()}) {
    auto spotter = MakeFake(OneKeyword(), Word(20, 8, 30, 2));  // its score is 0.9
    const float strict = 0.95F;
    PWW_CHECK(spotter->SetThresholds(kMusic, &strict) == Status::kOk);
    for (const int playback : {0, kMusic, 1}) {
      PWW_CHECK(spotter->SetState(0, playback, 0) == Status::kOk);
      spotter->Reset();  // keeps state and thresholds
      Heard heard;
      for (size_t begin = 0; begin < pcm.size(); begin += chunk) {
        Feed(spotter.get(), pcm.data() + begin, std::min(chunk, pcm.size() - begin),
             &heard);
      }
      PWW_CHECK(heard.detections.size() == (playback == kMusic ? 0U : 1U));
    }
  }
}

PWW_TEST(ThresholdsThatAreRefusedChangeNothing) {
  const std::vector<int16_t> pcm(16000, 100);
  auto spotter = MakeFake(OneKeyword(), Word(20, 8, 30, 2));
  const float strict = 0.95F;
  PWW_CHECK(spotter->SetThresholds(8, &strict) == Status::kInvalidArgument);
  PWW_CHECK(spotter->SetThresholds(-1, &strict) == Status::kInvalidArgument);
  for (const float wrong : {0.0F, 1.1F, std::nanf("")}) {
    PWW_CHECK(spotter->SetThresholds(0, &wrong) == Status::kInvalidArgument);
  }
  Heard heard;
  Feed(spotter.get(), pcm.data(), pcm.size(), &heard);
  PWW_CHECK(heard.detections.size() == 1);
}

PWW_TEST(ABusyFlagLetsOneIn) {
  BusyFlag flag;
  {
    const BusyFlag::Scope first(&flag);
    PWW_CHECK(first.entered());
    const BusyFlag::Scope second(&flag);
    PWW_CHECK(!second.entered());
  }
  const BusyFlag::Scope third(&flag);
  PWW_CHECK(third.entered());
}

}  // namespace
}  // namespace pww

int main() { return pww::test::RunAll(); }
