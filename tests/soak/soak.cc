// Runs hours of audio through the whole device path, as fast as possible:
//
//   soak MODELS_FOLDER WORDS_FOLDER HOURS [SEED]
//
// Two spotters with the bundled words get the same stream in different chunks, and the
// same states at the same samples, each behind an echo canceller of its own, while a
// loudspeaker plays. Every sample, score and detection must agree. Another thread
// sets the states of a third spotter and resets it at any time, like the bindings: a
// reset is refused while the stream is in use. The third shares its front end with an
// endpointer in that thread. After the first minutes nothing may be allocated and the
// process may not grow. The stream begins just before index 2^31 and crosses it. Exits
// with 1 at the first failure.

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <utility>

#include "../cpp/counting_new.h"
#include "base/busy_flag.h"
#include "detect/endpointer.h"
#include "detect/network_source.h"
#include "detect/spotter.h"
#include "dsp/echo_canceller.h"
#include "stream.h"

namespace {

using pww::soak::Pcm;

constexpr int64_t kFirstSample = (int64_t{1} << 31) - 60 * 16000;
constexpr double kWarmUpHours = 0.1;
constexpr uint64_t kHashPrime = 1099511628211U;  // FNV-1a

[[noreturn]] void Fail(const char* what) {
  std::printf("FAILED: %s\n", what);
  std::exit(1);
}

void Check(bool holds, const char* what) {
  if (!holds) {
    Fail(what);
  }
}

std::shared_ptr<const pww::Model> Load(const std::string& path) {
  const std::vector<char> file = pww::soak::ReadFile(path);
  std::shared_ptr<const pww::Model> model;
  std::string message;
  if (pww::Model::Load(reinterpret_cast<const uint8_t*>(file.data()), file.size(),
                       &model, &message) != pww::Status::kOk) {
    Fail(message.c_str());
  }
  return model;
}

std::unique_ptr<pww::Endpointer> MakeEndpointer(const std::string& models) {
  std::unique_ptr<pww::Vad> vad;
  std::unique_ptr<pww::Endpointer> endpointer;
  std::string message;
  if (pww::Vad::Create(Load(models + "/endpoint/vad.tflite"), 4, &vad, &message) !=
          pww::Status::kOk ||
      pww::Endpointer::Create({}, std::move(vad), &endpointer, &message) !=
          pww::Status::kOk) {
    Fail(message.c_str());
  }
  return endpointer;
}

std::unique_ptr<pww::Spotter> MakeSpotter(const std::string& models) {
  std::vector<std::unique_ptr<pww::PosteriorSource>> sources;
  pww::Spotter::Config config;
  config.state_sizes = {8, 8, 6};
  config.first_sample = kFirstSample;
  std::string message;
  for (const char* word : {"alexa", "computer"}) {
    std::unique_ptr<pww::PosteriorSource> source;
    if (pww::NetworkSource::Create(Load(models + "/" + word + ".tflite"),
                                   config.state_sizes, &source,
                                   &message) != pww::Status::kOk) {
      Fail(message.c_str());
    }
    sources.push_back(std::move(source));
    config.keywords.push_back({0.5F, 3});
  }
  std::unique_ptr<pww::Spotter> spotter;
  if (pww::Spotter::Create(config, std::move(sources), &spotter, &message) !=
      pww::Status::kOk) {
    Fail(message.c_str());
  }
  return spotter;
}

const pww::Kernels* Fastest() {
  const pww::Kernels* kernels = nullptr;
  std::string message;
  if (pww::SelectKernels(&kernels, &message) != pww::Status::kOk) {
    Fail(message.c_str());
  }
  return kernels;
}

// One canceller and one spotter, with a digest of all results.
struct Listener {
  explicit Listener(const std::string& models) : spotter(MakeSpotter(models)) {}

  template <typename Chunk>
  void Hear(const Pcm& microphone, const Pcm& loudspeaker, Chunk chunk) {
    clean = microphone;
    for (size_t begin = 0; begin < clean.size();) {
      const size_t count = std::min(chunk(), clean.size() - begin);
      canceller.Process(clean.data() + begin, loudspeaker.data() + begin, count,
                        clean.data() + begin);
      begin += count;
    }
    Hear(clean, chunk);
  }

  template <typename Chunk>
  void Hear(const Pcm& pcm, Chunk chunk) {
    for (size_t begin = 0; begin < pcm.size();) {
      size_t count = std::min(chunk(), pcm.size() - begin);
      const int16_t* samples = pcm.data() + begin;
      begin += count;
      while (count > 0) {
        const pww::Spotter::Output* output = nullptr;
        const size_t taken = spotter->Process(samples, count, &output);
        samples += taken;
        count -= taken;
        if (output != nullptr) {
          Note(*output);
        }
      }
    }
  }

  void Note(const pww::Spotter::Output& output) {
    for (size_t k = 0; k < spotter->n_keywords(); ++k) {
      Check(output.scores[k] >= 0.0F && output.scores[k] <= 1.0F, "a score's range");
      Mix(static_cast<uint64_t>(output.scores[k] * 1e9F));
    }
    for (size_t i = 0; i < output.n_detections; ++i) {
      const pww::Detection& found = output.detections[i];
      const pww::WordSpan& word = found.word;
      Check(word.start_sample < word.end_sample &&
                word.end_sample <= word.detected_sample &&
                word.detected_sample == spotter->history().end_index(),
            "the order of a detection's indexes");
      const auto length =
          static_cast<size_t>(word.detected_sample - found.snippet_begin);
      Check(length <= snippet.size() &&
                spotter->history().Copy(found.snippet_begin, word.detected_sample,
                                        snippet.data()),
            "the snippet of a detection");
      for (const int64_t index : {word.start_sample, word.end_sample,
                                  word.detected_sample, found.snippet_begin}) {
        Mix(static_cast<uint64_t>(index));
      }
      Mix(static_cast<uint64_t>(snippet[length / 2]));
      ++n_detections;
    }
  }

  void Mix(uint64_t value) { digest = (digest ^ value) * kHashPrime; }

  pww::EchoCanceller canceller{Fastest(), 250, 300};
  Pcm clean;
  std::unique_ptr<pww::Spotter> spotter;
  Pcm snippet = Pcm(16000 * 8);
  uint64_t digest = 14695981039346656037U;
  int64_t n_detections = 0;
};

// Memory of the process, resident or not.
size_t DataBytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  size_t pages = 0;
  if (file == nullptr || std::fscanf(file, "%*u %*u %*u %*u %*u %zu", &pages) != 1) {
    Fail("/proc/self/statm cannot be read");
  }
  std::fclose(file);
  return pages * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

void SetState(pww::Spotter* spotter, uint32_t random) {
  const auto index = [&](uint32_t shift, uint32_t size) {
    return static_cast<int>((random >> shift) % size);
  };
  Check(spotter->SetState(index(0, 8), index(8, 8), index(16, 6)) == pww::Status::kOk,
        "a state was refused");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::printf("usage: soak MODELS_FOLDER WORDS_FOLDER HOURS [SEED]\n");
    return 2;
  }
  const std::string words = argv[2];
  const double hours = std::atof(argv[3]);
  const auto seed = static_cast<uint32_t>(argc > 4 ? std::atol(argv[4]) : 1);
  const std::vector<Pcm> spoken = {pww::soak::ReadWav(words + "/alexa.wav"),
                                   pww::soak::ReadWav(words + "/computer.wav")};
  pww::soak::Stream stream(seed, spoken);
  pww::soak::Loudspeaker loudspeaker(seed + 3, spoken);
  Pcm pcm;
  std::mt19937 random(seed + 1);
  Listener even(argv[1]);
  Listener ragged(argv[1]);
  Listener disturbed(argv[1]);

  const std::unique_ptr<pww::Endpointer> beside = MakeEndpointer(argv[1]);
  beside->front_end()->ShareWith(disturbed.spotter->front_end());
  pww::BusyFlag busy;  // of the third spotter, as in the bindings
  int64_t n_resets = 0;
  int64_t n_refused = 0;

  std::atomic<bool> stop{false};
  std::thread other([&] {
    std::mt19937 values(seed + 2);
    Pcm noise(160);
    while (!stop.load(std::memory_order_relaxed)) {
      const auto random = static_cast<uint32_t>(values());
      SetState(disturbed.spotter.get(), random);
      if (random % 64 == 0) {
        const pww::BusyFlag::Scope scope(&busy);
        ++(scope.entered() ? n_resets : n_refused);
        if (scope.entered()) {
          disturbed.spotter->Reset();
        }
      }
      noise[random % 160] = static_cast<int16_t>(random >> 16);
      for (size_t begin = 0; begin < noise.size();) {
        const pww::Endpointer::Output* output = nullptr;
        begin += beside->Process(noise.data() + begin, noise.size() - begin, &output);
      }
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  });

  const double warm_up = std::min(kWarmUpHours, hours / 2);
  int64_t n_samples = 0;
  int64_t n_segments = 0;
  size_t allocations = 0;
  size_t data = 0;
  bool warm = false;
  const auto hours_heard = [&] {
    return static_cast<double>(n_samples) / 16000 / 3600;
  };
  while (hours_heard() < hours) {
    pcm = stream.Next();
    const Pcm& played = loudspeaker.Next(&pcm);
    const auto state = static_cast<uint32_t>(random());
    const bool change = random() % 8 == 0;
    for (Listener* listener : {&even, &ragged}) {
      if (change) {
        SetState(listener->spotter.get(), state);
      }
    }
    even.Hear(pcm, played, [] { return size_t{1280}; });
    ragged.Hear(pcm, played, [&] {
      return random() % 8 == 0 ? 1 + random() % 9 : 1 + random() % 3000;
    });
    if (n_segments % 16 == 0) {  // the third gets a part and waits for its turn
      for (bool heard = false; !heard;) {
        const pww::BusyFlag::Scope scope(&busy);
        if (scope.entered()) {
          disturbed.Hear(pcm, [] { return size_t{160}; });
          heard = true;
        }
      }
    }
    n_samples += static_cast<int64_t>(pcm.size());
    ++n_segments;
    Check(even.clean == ragged.clean, "two cuts give one canceller's output");
    Check(even.digest == ragged.digest, "two cuts of one stream disagree");
    for (const Listener* listener : {&even, &ragged}) {
      Check(listener->spotter->history().end_index() == kFirstSample + n_samples,
            "the index of the newest sample");
    }
    if (!warm && hours_heard() >= warm_up) {
      warm = true;
      allocations = pww::test::Allocations();
      data = DataBytes();
    }
    if (warm && n_segments % 1024 == 0) {
      Check(pww::test::Allocations() == allocations, "something was allocated");
      Check(DataBytes() == data, "the process grew");
    }
    if (n_segments % (1 << 14) == 0) {
      std::printf("%.1f h, %lld detections\n", hours_heard(),
                  static_cast<long long>(even.n_detections));
      std::fflush(stdout);
    }
  }
  stop.store(true);
  other.join();
  Check(even.n_detections > 0, "no wake word was detected");
  Check(n_resets > 0, "no reset by the other thread succeeded");
  std::printf(
      "%.2f h of audio, %lld detections, last index %lld (2^31 %s), %zu bytes "
      "of data, "
      "%zu allocations since the warm-up, %lld resets by another thread (%lld more "
      "refused), digest %016llx\n",
      hours_heard(), static_cast<long long>(even.n_detections),
      static_cast<long long>(even.spotter->history().end_index()),
      even.spotter->history().end_index() > int64_t{1} << 31 ? "crossed"
                                                             : "not reached",
      DataBytes(), pww::test::Allocations() - allocations,
      static_cast<long long>(n_resets), static_cast<long long>(n_refused),
      static_cast<unsigned long long>(even.digest));
  return 0;
}
