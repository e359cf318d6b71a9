// Fuzz target: loads any bytes as a model and runs a model that loads for a few frames.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "nn/model.h"
#include "nn/stream.h"

// A fuzzer would report a valid but huge network as a hang.
constexpr int64_t kMaxMacs = 10'000'000;
constexpr int kFrames = 8;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::shared_ptr<const pww::Model> model;
  std::string message;
  if (pww::Model::Load(data, size, &model, &message) != pww::Status::kOk ||
      model->macs_per_output() > kMaxMacs) {
    return 0;
  }
  pww::Stream stream(model);
  const std::vector<int8_t> state(static_cast<size_t>(model->n_state()), 1);
  const std::vector<int8_t> frame(static_cast<size_t>(model->n_bins()), -1);
  stream.SetState(state.data());
  for (int i = 0; i < kFrames + model->window_frames() % 64; ++i) {
    static_cast<void>(stream.Push(frame.data()));
  }
  return 0;
}
