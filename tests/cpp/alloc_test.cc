// The audio path must not allocate.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "check.h"
#include "counting_new.h"
#include "detect/network_source.h"
#include "detect/spotter.h"
#include "fake_source.h"
#include "test_data.h"

namespace pww {
namespace {

// Counts the allocations while processing `pcm`, with a state change and a reset.
size_t CountAllocations(Spotter* spotter, const std::vector<int16_t>& pcm,
                        size_t* n_detections) {
  *n_detections = 0;
  const size_t before = test::Allocations();
  for (int round = 0; round < 2; ++round) {
    PWW_CHECK(spotter->SetState(round, 1, 2) == Status::kOk);
    test::ForEachChunk(pcm, 777, [&](const int16_t* samples, size_t count) {
      while (count > 0) {
        const Spotter::Output* output = nullptr;
        const size_t taken = spotter->Process(samples, count, &output);
        samples += taken;
        count -= taken;
        *n_detections += output != nullptr ? output->n_detections : 0;
      }
    });
    spotter->Reset();
  }
  return test::Allocations() - before;
}

PWW_TEST(TheCounterCounts) {
  const size_t before = test::Allocations();
  const auto number = std::make_unique<int>(1);
  PWW_CHECK(*number == 1 && test::Allocations() == before + 1);
}

PWW_TEST(NoAllocationFromSamplesToDetections) {
  test::FakeSource::ScriptRows script(100, {Posterior()});
  script[30][0] = {0.9F, 20.0F, 3.0F};
  Spotter::Config config;
  config.keywords = {{0.5F, 1}};
  std::unique_ptr<Spotter> spotter;
  std::string message;
  PWW_CHECK(Spotter::Create(config,
                            test::OneSource(std::make_unique<test::FakeSource>(
                                10, 4, 1, std::move(script))),
                            &spotter, &message) == Status::kOk);
  size_t n_detections = 0;
  PWW_CHECK(
      CountAllocations(spotter.get(), test::Noise(48000, 900, 1), &n_detections) == 0);
  PWW_CHECK(n_detections == 2);
}

PWW_TEST(NoAllocationInARealNetwork) {
  const auto file = test::ReadGolden<uint8_t>("tone.tflite");
  std::shared_ptr<const Model> model;
  std::unique_ptr<PosteriorSource> source;
  std::unique_ptr<Spotter> spotter;
  std::string message;
  Spotter::Config config;
  config.keywords = {{0.5F, 3}, {0.5F, 3}};
  PWW_CHECK(Model::Load(file.data(), file.size(), &model, &message) == Status::kOk);
  PWW_CHECK(NetworkSource::Create(model, {}, &source, &message) == Status::kOk);
  PWW_CHECK(Spotter::Create(config, test::OneSource(std::move(source)), &spotter,
                            &message) == Status::kOk);
  size_t n_detections = 0;
  PWW_CHECK(
      CountAllocations(spotter.get(), test::Noise(48000, 900, 2), &n_detections) == 0);
}

}  // namespace
}  // namespace pww

int main() { return pww::test::RunAll(); }
