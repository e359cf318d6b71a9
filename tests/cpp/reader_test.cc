// Tests that damaged files give a Status and a message and never crash. Run it with
// -DPWW_SANITIZE=address,undefined, too.

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "check.h"
#include "model_file.h"
#include "nn/model.h"
#include "nn/stream.h"

namespace {

using pww::Model;
using pww::Status;
using pww::test::ReadSmallModel;

// Loads from a heap block of exactly this size, so that a sanitizer detects an overrun,
// and runs a model that loads for a few frames.
Status LoadAndRun(const std::vector<uint8_t>& bytes) {
  const std::unique_ptr<uint8_t[]> exact(new uint8_t[bytes.size()]);
  std::copy(bytes.begin(), bytes.end(), exact.get());
  std::shared_ptr<const Model> model;
  std::string message;
  const Status status = Model::Load(exact.get(), bytes.size(), &model, &message);
  if (status != Status::kOk) {
    PWW_CHECK(!message.empty());
    PWW_CHECK(message.find('\n') == std::string::npos);
    PWW_CHECK(model == nullptr);
    return status;
  }
  pww::Stream stream(model);
  const std::vector<int8_t> state(static_cast<size_t>(model->n_state()), 1);
  const std::vector<int8_t> frame(static_cast<size_t>(model->n_bins()), -1);
  stream.SetState(state.data());
  for (int i = 0; i < 40; ++i) {
    static_cast<void>(stream.Push(frame.data()));
  }
  return status;
}

}  // namespace

PWW_TEST(WholeFileLoads) {
  const std::vector<uint8_t> bytes = ReadSmallModel();
  PWW_CHECK(!bytes.empty());
  PWW_CHECK(LoadAndRun(bytes) == Status::kOk);
}

PWW_TEST(TruncatedAtEveryLength) {
  const std::vector<uint8_t> bytes = ReadSmallModel();
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::vector<uint8_t> part(bytes.begin(),
                                    bytes.begin() + static_cast<ptrdiff_t>(size));
    const Status status = LoadAndRun(part);
    // A flatbuffer may end in padding of up to one alignment.
    PWW_CHECK(status != Status::kOk || size + 16 >= bytes.size());
  }
}

PWW_TEST(EveryBitFlipped) {
  std::vector<uint8_t> bytes = ReadSmallModel();
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      const auto mask = static_cast<uint8_t>(1 << bit);
      bytes[i] ^= mask;
      static_cast<void>(
          LoadAndRun(bytes));  // many flips are valid, for example of a weight
      bytes[i] ^= mask;
    }
  }
}

PWW_TEST(RandomWordsOverwritten) {
  const std::vector<uint8_t> original = ReadSmallModel();
  std::mt19937 engine(3);
  const auto random = [&engine] { return static_cast<uint32_t>(engine()); };
  for (int round = 0; round < 20000; ++round) {
    std::vector<uint8_t> bytes = original;
    for (uint32_t n = 1 + random() % 4; n > 0; --n) {
      const size_t at = random() % (bytes.size() - 4);
      // Small, huge and arbitrary values reach different checks.
      const uint32_t choices[] = {random() % 64, 0xFFFFFFFFU - random() % 64, random()};
      const uint32_t word = choices[random() % 3];
      for (size_t k = 0; k < 4; ++k) {
        bytes[at + k] = static_cast<uint8_t>(word >> (8 * k));
      }
    }
    static_cast<void>(LoadAndRun(bytes));
  }
}

PWW_TEST(RandomBytes) {
  std::mt19937 random(5);
  for (int round = 0; round < 2000; ++round) {
    std::vector<uint8_t> bytes(random() % 400);
    for (uint8_t& byte : bytes) {
      byte = static_cast<uint8_t>(random());
    }
    PWW_CHECK(LoadAndRun(bytes) == Status::kCorruptModel);
  }
}

PWW_TEST(FailureLeavesTheModelAlone) {
  const std::vector<uint8_t> bytes = ReadSmallModel();
  std::shared_ptr<const Model> model;
  std::string message;
  PWW_CHECK(Model::Load(bytes.data(), bytes.size(), &model, &message) == Status::kOk);
  const Model* before = model.get();
  PWW_CHECK(Model::Load(bytes.data(), 10, &model, &message) == Status::kCorruptModel);
  PWW_CHECK(model.get() == before);
}

int main() { return pww::test::RunAll(); }
