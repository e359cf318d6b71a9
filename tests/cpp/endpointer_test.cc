#include "detect/endpointer.h"

#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "check.h"
#include "counting_new.h"
#include "test_data.h"

namespace pww {
namespace {

using EventTuple = std::tuple<EndpointKind, EndpointReason, int64_t, int64_t>;

std::shared_ptr<const Model> LoadModel(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<uint8_t> data{std::istreambuf_iterator<char>(file),
                                  std::istreambuf_iterator<char>()};
  std::shared_ptr<const Model> model;
  std::string message;
  PWW_CHECK(Model::Load(data.data(), data.size(), &model, &message) == Status::kOk);
  return model;
}

std::unique_ptr<Endpointer> Make(const PauseEndpointer::Config& config) {
  static const std::shared_ptr<const Model> model =
      LoadModel(PWW_MODEL_DIR "/endpoint/vad.tflite");
  std::unique_ptr<Vad> vad;
  std::unique_ptr<Endpointer> endpointer;
  std::string message;
  PWW_CHECK(Vad::Create(model, 4, &vad, &message) == Status::kOk);
  PWW_CHECK(Endpointer::Create(config, std::move(vad), &endpointer, &message) ==
            Status::kOk);
  return endpointer;
}

// Noise in which a low threshold finds "speech", so that there are events.
PauseEndpointer::Config Nervous() {
  PauseEndpointer::Config config;
  config.onset_threshold = 0.02F;
  config.offset_threshold = 0.01F;
  config.min_speech = 0;
  config.rules[0].min_trailing_silence = 1600;
  config.no_speech_timeout = 8000;
  config.max_utterance = 16000;
  return config;
}

std::vector<int16_t> Bursts() {
  std::vector<int16_t> samples;
  for (uint32_t i = 0; i < 8; ++i) {
    const std::vector<int16_t> part =
        test::Noise(9000 + 500 * i, i % 2 == 0 ? 4 : 9000, i + 1);
    samples.insert(samples.end(), part.begin(), part.end());
  }
  return samples;
}

std::vector<EventTuple> Run(Endpointer* endpointer, const std::vector<int16_t>& pcm,
                            size_t chunk, std::vector<float>* probabilities) {
  std::vector<EventTuple> events;
  const auto keep = [&events](const EndpointEvent* found, size_t n) {
    for (size_t i = 0; i < n; ++i) {
      events.emplace_back(found[i].kind, found[i].reason, found[i].sample,
                          found[i].decided_sample);
    }
  };
  test::ForEachChunk(pcm, chunk, [&](const int16_t* samples, size_t count) {
    while (count > 0) {
      const Endpointer::Output* output = nullptr;
      const size_t taken = endpointer->Process(samples, count, &output);
      samples += taken;
      count -= taken;
      if (output != nullptr) {
        probabilities->push_back(output->probability);
        keep(output->events, output->n_events);
      }
    }
  });
  const EndpointEvent* found = nullptr;
  size_t n = 0;
  endpointer->Close(&found, &n);
  keep(found, n);
  return events;
}

PWW_TEST(CutsDoNotChangeAnything) {
  const std::vector<int16_t> pcm = Bursts();
  const auto endpointer = Make(Nervous());
  std::vector<float> wanted_probabilities;
  const auto wanted = Run(endpointer.get(), pcm, 0, &wanted_probabilities);
  PWW_CHECK(!wanted.empty());
  PWW_CHECK(wanted_probabilities.size() == (pcm.size() - 400) / 160 + 1);
  for (const size_t chunk : test::ChunkSizes()) {
    endpointer->Reset();
    std::vector<float> probabilities;
    PWW_CHECK(Run(endpointer.get(), pcm, chunk, &probabilities) == wanted);
    PWW_CHECK(probabilities == wanted_probabilities);
  }
}

PWW_TEST(FirstSampleShiftsEveryIndex) {
  constexpr int64_t kBeyond32Bits = (int64_t{1} << 31) - 5000;
  const std::vector<int16_t> pcm = Bursts();
  std::vector<float> probabilities;
  PauseEndpointer::Config config = Nervous();
  const auto wanted = Run(Make(config).get(), pcm, 0, &probabilities);
  config.first_sample = kBeyond32Bits;
  auto shifted = Run(Make(config).get(), pcm, 0, &probabilities);
  for (EventTuple& event : shifted) {
    std::get<2>(event) -= kBeyond32Bits;
    std::get<3>(event) -= kBeyond32Bits;
  }
  PWW_CHECK(shifted == wanted);
}

PWW_TEST(EventsSpeakOfWhatWasHeard) {
  std::vector<float> probabilities;
  const std::vector<int16_t> pcm = Bursts();
  for (const auto& [kind, reason, sample, decided] :
       Run(Make(Nervous()).get(), pcm, 0, &probabilities)) {
    PWW_CHECK(sample >= 0 && sample <= decided);
    PWW_CHECK(decided <= static_cast<int64_t>(pcm.size()));
  }
}

PWW_TEST(NoAllocationFromSamplesToEvents) {
  const std::vector<int16_t> pcm = Bursts();
  const auto endpointer = Make(Nervous());
  size_t n_events = 0;
  const EndpointEvent* events = nullptr;
  const size_t before = test::Allocations();
  for (int round = 0; round < 2; ++round) {
    test::ForEachChunk(pcm, 777, [&](const int16_t* samples, size_t count) {
      while (count > 0) {
        const Endpointer::Output* output = nullptr;
        const size_t taken = endpointer->Process(samples, count, &output);
        samples += taken;
        count -= taken;
        n_events += output != nullptr ? output->n_events : 0;
      }
    });
    size_t n = 0;
    PWW_CHECK(endpointer->StartAfterWakeWord(endpointer->now_sample() - 16000, &events,
                                             &n) == Status::kOk);
    endpointer->Close(&events, &n);
    endpointer->Reset();
  }
  PWW_CHECK(test::Allocations() == before);
  PWW_CHECK(n_events > 0);
}

PWW_TEST(KeywordModelsAreRefused) {
  const auto model = LoadModel(PWW_TEST_DIR "/golden/tone.tflite");
  std::unique_ptr<Vad> vad;
  std::string message;
  PWW_CHECK(Vad::Create(model, 4, &vad, &message) == Status::kUnsupportedModel);
  PWW_CHECK(message.find("voice activity") != std::string::npos);
  PWW_CHECK(Vad::Create(LoadModel(PWW_MODEL_DIR "/endpoint/vad.tflite"), -1, &vad,
                        &message) == Status::kInvalidArgument);
}

}  // namespace
}  // namespace pww

int main() { return pww::test::RunAll(); }
