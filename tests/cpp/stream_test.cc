// Tests the promises of a stream. Python tests its equality with the interpreter.

#include "nn/stream.h"

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "check.h"
#include "model_file.h"

namespace {

using pww::Model;
using pww::Stream;

using Outputs = std::vector<int8_t>;

std::shared_ptr<const Model> LoadSmallModel() {
  const std::vector<uint8_t> bytes = pww::test::ReadSmallModel();
  std::shared_ptr<const Model> model;
  std::string message;
  PWW_CHECK(Model::Load(bytes.data(), bytes.size(), &model, &message) ==
            pww::Status::kOk);
  return model;
}

std::vector<int8_t> RandomValues(size_t n, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<int8_t> values(n);
  for (int8_t& value : values) {
    value = static_cast<int8_t>(random() & 0xFF);
  }
  return values;
}

Outputs AllOutputs(const Stream& stream) {
  Outputs values;
  for (int i = 0; i < stream.model().n_outputs(); ++i) {
    const int8_t* output = stream.output(i);
    values.insert(values.end(), output, output + stream.model().output_size(i));
  }
  return values;
}

std::vector<Outputs> PushAll(Stream* stream, const int8_t* frames, int n_frames) {
  std::vector<Outputs> due;
  for (int i = 0; i < n_frames; ++i) {
    if (stream->Push(frames + i * stream->model().n_bins())) {
      due.push_back(AllOutputs(*stream));
    }
  }
  return due;
}

constexpr int kFrames = 60;

std::vector<int8_t> RandomFrames(const Model& model, uint32_t seed) {
  return RandomValues(static_cast<size_t>(kFrames * model.n_bins()), seed);
}

}  // namespace

PWW_TEST(ModelDescribesItself) {
  const auto model = LoadSmallModel();
  PWW_CHECK(model->window_frames() == 13);
  PWW_CHECK(model->frame_stride() == 2);
  PWW_CHECK(model->n_bins() == 8);
  PWW_CHECK(model->n_state() == 22);
  PWW_CHECK(model->n_outputs() == 3);
  PWW_CHECK(model->output_name(0) == "logits");
  PWW_CHECK(model->output_name(2) == "end");
  PWW_CHECK(model->output_size(1) == 1);
  PWW_CHECK(model->output_quantization(0).zero_point == 4);
  PWW_CHECK(model->features_quantization().zero_point == -5);
  PWW_CHECK(model->state_quantization().zero_point == -128);
  // conv 6*3*8, depthwise 3*6, last 6*2*6, three heads of 10, all once per output.
  PWW_CHECK(model->macs_per_output() == 144 + 18 + 72 + 30);
  PWW_CHECK(model->bytes() > 144 + 18 + 72 + 30);
}

PWW_TEST(OutputsAreDueAtTheStride) {
  const auto model = LoadSmallModel();
  Stream stream(model);
  const auto frames = RandomFrames(*model, 1);
  for (int i = 0; i < kFrames; ++i) {
    const bool due = stream.Push(frames.data() + i * model->n_bins());
    PWW_CHECK(due == (i >= 12 && (i - 12) % 2 == 0));
  }
}

PWW_TEST(EachOutputEqualsItsWindowAlone) {
  const auto model = LoadSmallModel();
  Stream stream(model);
  const auto frames = RandomFrames(*model, 2);
  const auto due = PushAll(&stream, frames.data(), kFrames);
  PWW_CHECK(due.size() == 24);
  for (size_t n = 0; n < due.size(); ++n) {
    Stream alone(model);
    const int8_t* window =
        frames.data() +
        n * static_cast<size_t>(model->frame_stride() * model->n_bins());
    const auto outputs = PushAll(&alone, window, model->window_frames());
    PWW_CHECK(outputs.size() == 1 && outputs[0] == due[n]);
  }
}

PWW_TEST(ResetForgetsFramesButKeepsTheState) {
  const auto model = LoadSmallModel();
  const auto frames = RandomFrames(*model, 3);
  const auto state = RandomValues(22, 4);
  Stream fresh(model);
  fresh.SetState(state.data());
  const auto want = PushAll(&fresh, frames.data(), kFrames);
  Stream used(model);
  used.SetState(state.data());
  const auto noise = RandomFrames(*model, 5);
  static_cast<void>(PushAll(&used, noise.data(), 17));
  used.Reset();
  PWW_CHECK(PushAll(&used, frames.data(), kFrames) == want);
}

PWW_TEST(StateCountsFromTheNextPush) {
  const auto model = LoadSmallModel();
  const auto frames = RandomFrames(*model, 6);
  const auto state = RandomValues(22, 7);
  const std::vector<int8_t> zero(22, -128);  // the zero point of "state"
  Stream plain(model);
  const auto without = PushAll(&plain, frames.data(), kFrames);
  Stream stream(model);
  stream.SetState(state.data());
  PWW_CHECK(PushAll(&stream, frames.data(), kFrames) != without);
  stream.Reset();
  stream.SetState(zero.data());
  PWW_CHECK(PushAll(&stream, frames.data(), kFrames) == without);
}

PWW_TEST(StreamsOfOneModelAreIndependent) {
  const auto model = LoadSmallModel();
  const auto frames = RandomFrames(*model, 8);
  const auto other_frames = RandomFrames(*model, 9);
  Stream alone(model);
  const auto want = PushAll(&alone, frames.data(), kFrames);
  Stream first(model);
  Stream second(model);
  std::vector<Outputs> got;
  for (int i = 0; i < kFrames; ++i) {
    if (first.Push(frames.data() + i * model->n_bins())) {
      got.push_back(AllOutputs(first));
    }
    static_cast<void>(second.Push(other_frames.data() + i * model->n_bins()));
  }
  PWW_CHECK(got == want);
  PWW_CHECK(first.bytes() == second.bytes() && first.bytes() > sizeof(Stream));
}

int main() { return pww::test::RunAll(); }
