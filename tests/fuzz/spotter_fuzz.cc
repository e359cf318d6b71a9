// Fuzz target: audio, states and resets in any order and any chunks. Two spotters with
// two models that share a trunk get the same audio, one in the input's chunks and one
// sample by sample. Their scores and detections must agree.

#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "detect/network_source.h"
#include "detect/spotter.h"
#include "input.h"

namespace {

using pww::fuzz::Input;
using pww::fuzz::Require;

std::shared_ptr<const pww::Model> LoadTone() {
  std::ifstream file(PWW_TEST_DIR "/golden/tone.tflite", std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file),
                                std::istreambuf_iterator<char>()};
  std::shared_ptr<const pww::Model> model;
  std::string message;
  Require(pww::Model::Load(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(),
                           &model, &message) == pww::Status::kOk,
          "the model of the tests loads");
  return model;
}

std::unique_ptr<pww::Spotter> MakeSpotter() {
  static const std::shared_ptr<const pww::Model> model = LoadTone();
  std::vector<std::unique_ptr<pww::PosteriorSource>> sources(2);
  pww::Spotter::Config config;
  config.keywords.assign(4, {0.3F, 2});
  std::string message;
  for (auto& source : sources) {
    Require(pww::NetworkSource::Create(model, config.state_sizes, &source, &message) ==
                pww::Status::kOk,
            "a source is created");
  }
  std::unique_ptr<pww::Spotter> spotter;
  Require(pww::Spotter::Create(config, std::move(sources), &spotter, &message) ==
              pww::Status::kOk,
          "a spotter is created");
  return spotter;
}

struct Heard {
  std::vector<float> scores;
  std::vector<int64_t> indexes;

  bool operator==(const Heard& other) const {
    return scores == other.scores && indexes == other.indexes;
  }
};

void Hear(pww::Spotter* spotter, const std::vector<int16_t>& pcm, size_t chunk,
          Heard* heard) {
  for (size_t begin = 0; begin < pcm.size();) {
    size_t count = chunk < pcm.size() - begin ? chunk : pcm.size() - begin;
    while (count > 0) {
      const pww::Spotter::Output* output = nullptr;
      const size_t taken = spotter->Process(pcm.data() + begin, count, &output);
      Require(taken > 0 && taken <= count, "some samples are taken");
      begin += taken;
      count -= taken;
      if (output == nullptr) {
        continue;
      }
      heard->scores.insert(heard->scores.end(), output->scores, output->scores + 4);
      for (size_t i = 0; i < output->n_detections; ++i) {
        const pww::Detection& found = output->detections[i];
        std::vector<int16_t> snippet(
            static_cast<size_t>(found.word.detected_sample - found.snippet_begin));
        Require(spotter->history().Copy(found.snippet_begin, found.word.detected_sample,
                                        snippet.data()),
                "the snippet is there");
        heard->indexes.insert(
            heard->indexes.end(),
            {static_cast<int64_t>(found.keyword), found.word.start_sample,
             found.word.end_sample, found.word.detected_sample, found.snippet_begin});
      }
    }
  }
}

// Silence, a constant, a square wave of any period, or the input's own samples.
std::vector<int16_t> Audio(Input* input) {
  const uint8_t kind = input->Byte();
  const size_t count = input->Word() % 4000;
  const auto value = static_cast<int16_t>(input->Word());
  const size_t half_period = 1U + input->Byte() % 32;
  std::vector<int16_t> pcm(count);
  for (size_t n = 0; n < count; ++n) {
    switch (kind % 4) {
      case 0:
        break;
      case 1:
        pcm[n] = value;
        break;
      case 2:
        pcm[n] = n / half_period % 2 == 0 ? value : static_cast<int16_t>(~value);
        break;
      default:
        pcm[n] = static_cast<int16_t>(input->Byte() << 8 | input->Byte());
        break;
    }
  }
  return pcm;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::unique_ptr<pww::Spotter> spotters[] = {MakeSpotter(),
                                                           MakeSpotter()};
  Heard heard[2];
  for (const auto& spotter : spotters) {
    spotter->Reset();
    Require(spotter->SetState(0, 0, 0) == pww::Status::kOk,
            "the unknown state is taken");
  }
  Input input(data, size);
  for (int steps = 0; steps < 12 && !input.empty(); ++steps) {
    const uint8_t action = input.Byte();
    if (action % 8 == 0) {
      spotters[0]->Reset();
      spotters[1]->Reset();
    } else if (action % 8 == 1) {
      const int state[] = {input.Int8(), input.Int8(), input.Int8()};
      const pww::Status first = spotters[0]->SetState(state[0], state[1], state[2]);
      Require(first == spotters[1]->SetState(state[0], state[1], state[2]),
              "both take or refuse a state");
    } else {
      const size_t chunk = 1U + input.Word() % 3000;
      const std::vector<int16_t> pcm = Audio(&input);
      Hear(spotters[0].get(), pcm, chunk, &heard[0]);
      Hear(spotters[1].get(), pcm, 1 + steps % 3, &heard[1]);
    }
  }
  Require(heard[0] == heard[1], "results do not depend on the chunks");
  Require(spotters[0]->history().end_index() == spotters[1]->history().end_index(),
          "both count alike");
  return 0;
}
