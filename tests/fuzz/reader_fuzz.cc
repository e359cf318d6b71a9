// libFuzzer target: any bytes as a model, and a few frames through what loads.
//   clang++ -std=c++17 -fsanitize=fuzzer,address,undefined -Icsrc ... reader_fuzz.cc
// Without libFuzzer, -DPWW_FUZZ_MAIN adds a main() that replays files:
//   reader_fuzz corpus/*

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "nn/model.h"
#include "nn/stream.h"

// A valid but huge network would be slow, and a fuzzer would call that a hang.
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

#ifdef PWW_FUZZ_MAIN
#include <cstdio>
#include <fstream>
#include <iterator>

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file),
                                  std::istreambuf_iterator<char>()};
    static_cast<void>(LLVMFuzzerTestOneInput(
        reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()));
    std::printf("%s\n", argv[i]);
  }
  return 0;
}
#endif
