// Tests the shared library through its C header only. Every misuse has a code and a
// message.

#include <array>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "check.h"
#include "pywakeword.h"
#include "tone_signal.h"

namespace {

constexpr char kToneModel[] = PWW_TEST_DIR "/golden/tone.tflite";
constexpr float kThresholds[] = {0.5F, 0.5F};
constexpr int32_t kSmoothing[] = {3, 3};

pww_model* LoadTone() {
  pww_model* model = nullptr;
  PWW_CHECK(pww_model_load_file(kToneModel, &model) == PWW_OK);
  return model;
}

pww_spotter_options Options() {
  pww_spotter_options options = PWW_SPOTTER_OPTIONS_INIT;
  options.n_keywords = 2;
  options.thresholds = kThresholds;
  options.smoothing_outputs = kSmoothing;
  return options;
}

pww_spotter* MakeSpotter() {
  pww_model* model = LoadTone();
  const pww_spotter_options options = Options();
  pww_spotter* spotter = nullptr;
  PWW_CHECK(pww_spotter_create(&model, 1, &options, &spotter) == PWW_OK);
  pww_model_destroy(model);  // the spotter does not need it
  return spotter;
}

// Whether the last error contains `text`.
bool Says(const char* text) {
  return std::string(pww_last_error()).find(text) != std::string::npos;
}

struct Heard {
  pww_detection detection;
  std::vector<int16_t> snippet;
};

void Feed(pww_spotter* spotter, const int16_t* samples, size_t count,
          std::vector<Heard>* heard) {
  while (count > 0) {
    size_t n_taken = 0;
    size_t n_detections = 0;
    PWW_CHECK(pww_spotter_process(spotter, samples, count, &n_taken, &n_detections) ==
              PWW_OK);
    for (size_t i = 0; i < n_detections; ++i) {
      Heard word;
      PWW_CHECK(pww_spotter_get_detection(spotter, i, &word.detection) == PWW_OK);
      word.snippet.resize(word.detection.n_snippet_samples);
      size_t n_samples = 0;
      PWW_CHECK(pww_spotter_copy_snippet(spotter, i, word.snippet.data(),
                                         word.snippet.size(), &n_samples) == PWW_OK);
      PWW_CHECK(n_samples == word.snippet.size());
      heard->push_back(word);
    }
    samples += n_taken;
    count -= n_taken;
  }
}

}  // namespace

PWW_TEST(SaysWhatItIs) {
  const char* isa = nullptr;
  PWW_CHECK(pww_abi_version() == PWW_ABI_VERSION);
  PWW_CHECK(std::strcmp(pww_version(), PWW_TEST_VERSION) == 0);
  PWW_CHECK(pww_isa(&isa) == PWW_OK && std::strlen(isa) > 0);
  PWW_CHECK(pww_isa(nullptr) == PWW_INVALID_ARGUMENT && Says("name"));
  for (int status = PWW_OK; status <= PWW_INTERNAL_ERROR + 1; ++status) {
    PWW_CHECK(std::strlen(pww_status_message(static_cast<pww_status>(status))) > 0);
  }
}

PWW_TEST(HearsTheToneHoweverItIsCut) {
  const std::vector<int16_t> pcm = pww::test::ToneSignal();
  pww_spotter* spotter = MakeSpotter();
  std::vector<Heard> whole;
  Feed(spotter, pcm.data(), pcm.size(), &whole);
  PWW_CHECK(whole.size() == 1);
  const pww_detection& found = whole.at(0).detection;
  PWW_CHECK(found.keyword_index == 0 && found.pre_roll_samples == 8000);
  PWW_CHECK(found.start_sample < found.end_sample);
  PWW_CHECK(found.end_sample <= found.detected_sample);
  PWW_CHECK(whole[0].snippet ==
            pww::test::Cut(pcm, found.start_sample - found.pre_roll_samples,
                           found.detected_sample));
  for (const size_t chunk : pww::test::ChunkSizes()) {
    PWW_CHECK(pww_spotter_reset(spotter) == PWW_OK);
    std::vector<Heard> heard;
    pww::test::ForEachChunk(pcm, chunk, [&](const int16_t* samples, size_t count) {
      Feed(spotter, samples, count, &heard);
    });
    PWW_CHECK(heard.size() == 1 && heard[0].snippet == whole[0].snippet);
    PWW_CHECK(heard[0].detection.score == found.score);
    PWW_CHECK(heard[0].detection.end_sample == found.end_sample);
  }
  PWW_CHECK(pww_spotter_destroy(spotter) == PWW_OK);
}

PWW_TEST(TheStateReachesTheModel) {
  const std::vector<int16_t> pcm = pww::test::ToneSignal();
  pww_spotter* spotter = MakeSpotter();
  pww_device_state state = {PWW_DEVICE_SPEAKER, PWW_PLAYBACK_MUSIC,
                            pww_volume_bucket(0.5)};
  PWW_CHECK(pww_spotter_set_state(spotter, &state) == PWW_OK);
  std::vector<Heard> heard;
  Feed(spotter, pcm.data(), pcm.size(), &heard);
  PWW_CHECK(heard.empty());  // this model detects nothing under music
  state.playback = PWW_PLAYBACK_NONE;
  PWW_CHECK(pww_spotter_set_state(spotter, &state) == PWW_OK);
  Feed(spotter, pcm.data(), pcm.size(), &heard);
  PWW_CHECK(heard.size() == 1);
  PWW_CHECK(heard.at(0).detection.state.device_type == PWW_DEVICE_SPEAKER);
  PWW_CHECK(heard.at(0).detection.state.playback == PWW_PLAYBACK_NONE);
  PWW_CHECK(heard.at(0).detection.state.volume_bucket == 3);
  for (const pww_device_state& bad :
       {pww_device_state{8, 0, 0}, pww_device_state{0, -1, 0},
        pww_device_state{0, 0, 6}, pww_device_state{0, 0, pww_volume_bucket(2.0)}}) {
    PWW_CHECK(pww_spotter_set_state(spotter, &bad) == PWW_INVALID_ARGUMENT);
    PWW_CHECK(Says("volume_bucket"));
  }
  PWW_CHECK(pww_spotter_destroy(spotter) == PWW_OK);
}

PWW_TEST(EachPlaybackHasItsThresholds) {
  const std::vector<int16_t> pcm = pww::test::ToneSignal();
  pww_spotter* spotter = MakeSpotter();
  // The score of keyword 1 is 0.004 throughout.
  constexpr float kLoose[] = {0.5F, 0.001F};
  PWW_CHECK(pww_spotter_set_thresholds(spotter, PWW_PLAYBACK_TTS, kLoose, 2) == PWW_OK);
  for (const int32_t playback : {PWW_PLAYBACK_TTS, PWW_PLAYBACK_NONE}) {
    const pww_device_state state = {PWW_DEVICE_UNKNOWN, playback, 0};
    PWW_CHECK(pww_spotter_set_state(spotter, &state) == PWW_OK);
    PWW_CHECK(pww_spotter_reset(spotter) == PWW_OK);
    std::vector<Heard> heard;
    Feed(spotter, pcm.data(), pcm.size(), &heard);
    size_t n_others = 0;
    for (const Heard& word : heard) {
      n_others += word.detection.keyword_index;
    }
    PWW_CHECK((n_others > 0) == (playback == PWW_PLAYBACK_TTS));
    PWW_CHECK(heard.size() == n_others + 1);
  }
  PWW_CHECK(pww_spotter_set_thresholds(spotter, 8, kLoose, 2) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(Says("playback"));
  PWW_CHECK(pww_spotter_set_thresholds(spotter, 0, kLoose, 1) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(Says("n_keywords"));
  PWW_CHECK(pww_spotter_set_thresholds(spotter, 0, nullptr, 2) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(Says("thresholds is NULL"));
  PWW_CHECK(pww_spotter_set_thresholds(nullptr, 0, kLoose, 2) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(pww_spotter_destroy(spotter) == PWW_OK);
}

PWW_TEST(VolumesHaveBuckets) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const struct {
    double volume;
    int32_t bucket;
  } cases[] = {{-1.0, 0}, {0.0, 1}, {0.19, 1},  {0.2, 2},
               {0.8, 5},  {1.0, 5}, {1.01, -1}, {kNan, -1}};
  for (const auto& each : cases) {
    PWW_CHECK(pww_volume_bucket(each.volume) == each.bucket);
  }
}

PWW_TEST(ScoresStopWhereTheBufferEnds) {
  const std::vector<int16_t> pcm = pww::test::ToneSignal();
  pww_spotter* spotter = MakeSpotter();
  std::vector<float> whole(2000);
  size_t n_taken = 0;
  size_t n_whole = 0;
  PWW_CHECK(pww_spotter_scores(spotter, pcm.data(), pcm.size(), whole.data(),
                               whole.size(), &n_taken, &n_whole) == PWW_OK);
  PWW_CHECK(n_taken == pcm.size() && n_whole > 100 && n_whole % 2 == 0);
  whole.resize(n_whole);
  PWW_CHECK(pww_spotter_reset(spotter) == PWW_OK);
  std::vector<float> pieces;
  for (size_t begin = 0; begin < pcm.size(); begin += n_taken) {
    float buffer[7];
    size_t n_values = 0;
    PWW_CHECK(pww_spotter_scores(spotter, pcm.data() + begin, pcm.size() - begin,
                                 buffer, 7, &n_taken, &n_values) == PWW_OK);
    pieces.insert(pieces.end(), buffer, buffer + n_values);
  }
  PWW_CHECK(pieces == whole);
  PWW_CHECK(pww_spotter_scores(spotter, pcm.data(), pcm.size(), whole.data(), 1,
                               &n_taken, &n_whole) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(Says("capacity") && n_taken == 0 && n_whole == 0);
  PWW_CHECK(pww_spotter_destroy(spotter) == PWW_OK);
}

PWW_TEST(ScoresAndDetectionsInOneCall) {
  const std::vector<int16_t> pcm = pww::test::ToneSignal();
  pww_spotter* spotter = MakeSpotter();
  std::vector<float> scores(2000);
  size_t n_taken = 0;
  size_t n_values = 0;
  PWW_CHECK(pww_spotter_scores(spotter, pcm.data(), pcm.size(), scores.data(),
                               scores.size(), &n_taken, &n_values) == PWW_OK);
  scores.resize(n_values);
  for (const size_t capacity : {size_t{2}, size_t{7}, size_t{2000}}) {
    PWW_CHECK(pww_spotter_reset(spotter) == PWW_OK);
    std::vector<float> buffer(capacity);
    std::vector<float> pieces;
    std::vector<int64_t> ends;
    for (size_t begin = 0; begin < pcm.size(); begin += n_taken) {
      size_t n_detections = 9;
      PWW_CHECK(pww_spotter_process_with_scores(
                    spotter, pcm.data() + begin, pcm.size() - begin, buffer.data(),
                    capacity, &n_taken, &n_values, &n_detections) == PWW_OK);
      PWW_CHECK(n_taken > 0);
      pieces.insert(pieces.end(), buffer.data(), buffer.data() + n_values);
      if (n_detections > 0) {
        pww_detection word;
        PWW_CHECK(n_detections == 1);
        PWW_CHECK(pww_spotter_get_detection(spotter, 0, &word) == PWW_OK);
        PWW_CHECK(word.detected_sample == static_cast<int64_t>(begin + n_taken));
        std::vector<int16_t> snippet(word.n_snippet_samples);
        size_t n_samples = 0;
        PWW_CHECK(pww_spotter_copy_snippet(spotter, 0, snippet.data(), snippet.size(),
                                           &n_samples) == PWW_OK);
        ends.push_back(word.end_sample);
      }
    }
    PWW_CHECK(pieces == scores);
    PWW_CHECK(ends.size() == 1);
  }
  size_t n_detections = 9;
  PWW_CHECK(pww_spotter_process_with_scores(spotter, pcm.data(), pcm.size(),
                                            scores.data(), 1, &n_taken, &n_values,
                                            &n_detections) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(Says("capacity") && n_taken == 0 && n_values == 0 && n_detections == 0);
  PWW_CHECK(pww_spotter_process_with_scores(spotter, pcm.data(), pcm.size(),
                                            scores.data(), 2, &n_taken, &n_values,
                                            nullptr) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(Says("n_detections"));
  PWW_CHECK(pww_spotter_destroy(spotter) == PWW_OK);
}

PWW_TEST(StatesHaveNames) {
  PWW_CHECK(std::string(pww_device_type_name(PWW_DEVICE_TV)) == "tv");
  PWW_CHECK(std::string(pww_playback_name(PWW_PLAYBACK_MUSIC)) == "music");
  for (const int32_t code : {-1, 8}) {
    PWW_CHECK(pww_device_type_name(code) == nullptr);
    PWW_CHECK(pww_playback_name(code) == nullptr);
  }
}

PWW_TEST(DescribesModelAndSpotter) {
  pww_model* model = LoadTone();
  pww_model_info info = {};
  PWW_CHECK(pww_model_get_info(model, &info) == PWW_OK);
  PWW_CHECK(info.n_keywords == 2 && info.window_frames == 25 &&
            info.frame_stride == 4 && info.takes_state == 1 && info.bytes > 0);
  PWW_CHECK(pww_model_get_info(nullptr, &info) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(pww_model_get_info(model, nullptr) == PWW_INVALID_ARGUMENT);
  pww_model_destroy(model);
  pww_spotter* spotter = MakeSpotter();
  pww_spotter_info stream = {};
  PWW_CHECK(pww_spotter_get_info(spotter, &stream) == PWW_OK);
  PWW_CHECK(stream.n_keywords == 2 && stream.frame_stride == 4);
  PWW_CHECK(stream.state_bytes > 0 && stream.history_bytes >= 8 * 32000);
  PWW_CHECK(pww_spotter_get_info(nullptr, &stream) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(pww_spotter_destroy(spotter) == PWW_OK);
}

PWW_TEST(RefusesBadModels) {
  auto* model = reinterpret_cast<pww_model*>(1);
  PWW_CHECK(pww_model_load_file(nullptr, &model) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(model == nullptr && Says("path"));
  PWW_CHECK(pww_model_load_file(kToneModel, nullptr) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(pww_model_load_memory(nullptr, 10, &model) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(pww_model_load_memory("junk", 4, nullptr) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(pww_model_load_memory("junk", 4, &model) == PWW_CORRUPT_MODEL);
  PWW_CHECK(model == nullptr && std::strlen(pww_last_error()) > 0);
  PWW_CHECK(pww_model_load_memory("junk", 0, &model) == PWW_CORRUPT_MODEL);
  PWW_CHECK(pww_model_load_file("/nowhere/x.tflite", &model) == PWW_IO_ERROR);
  PWW_CHECK(Says("/nowhere/x.tflite: No such file"));
  PWW_CHECK(pww_model_load_file("\xFF.tflite", &model) == PWW_IO_ERROR);  // no UTF-8
  PWW_CHECK(pww_model_load_file(PWW_TEST_DIR, &model) == PWW_IO_ERROR);
#if defined(_WIN32)
  PWW_CHECK(Says("Permission denied"));
#else
  PWW_CHECK(Says("directory"));
  PWW_CHECK(pww_model_load_file("/dev/zero", &model) == PWW_IO_ERROR);  // endless
  PWW_CHECK(Says("64 MiB"));
#endif
  PWW_CHECK(pww_model_load_file(__FILE__, &model) == PWW_CORRUPT_MODEL);
  PWW_CHECK(Says("capi_test.cc: "));
  // A network that the core can run, but not a wake-word model.
  PWW_CHECK(pww_model_load_file(PWW_TEST_DIR "/golden/small_model.tflite", &model) ==
            PWW_UNSUPPORTED_MODEL);
  PWW_CHECK(model == nullptr);
  pww_model_destroy(nullptr);
}

PWW_TEST(LoadsAFileWhateverItsName) {
  const char* name =
      "gr\xC3\xB6\xC3\x9F"
      "e \xE8\xAA\x9E.tflite";  // UTF-8
  const std::filesystem::path path = std::filesystem::u8path(name);
  std::filesystem::copy_file(kToneModel, path,
                             std::filesystem::copy_options::overwrite_existing);
  pww_model* model = nullptr;
  PWW_CHECK(pww_model_load_file(name, &model) == PWW_OK);
  pww_model_destroy(model);
  std::filesystem::resize_file(path, (uintmax_t{64} << 20) + 1);
  PWW_CHECK(pww_model_load_file(name, &model) == PWW_IO_ERROR && Says("64 MiB"));
  std::filesystem::remove(path);
}

PWW_TEST(RefusesBadOptions) {
  pww_model* model = LoadTone();
  pww_spotter* spotter = nullptr;
  const auto refuses = [&](const pww_spotter_options& options, const char* text) {
    spotter = reinterpret_cast<pww_spotter*>(1);
    return pww_spotter_create(&model, 1, &options, &spotter) == PWW_INVALID_ARGUMENT &&
           spotter == nullptr && Says(text);
  };
  pww_spotter_options options = Options();
  PWW_CHECK(pww_spotter_create(&model, 1, &options, nullptr) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(pww_spotter_create(nullptr, 1, &options, &spotter) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(pww_spotter_create(&model, 0, &options, &spotter) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(pww_spotter_create(&model, 1, nullptr, &spotter) == PWW_INVALID_ARGUMENT);
  const pww_model* holes[] = {model, nullptr};
  PWW_CHECK(pww_spotter_create(holes, 2, &options, &spotter) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(Says("models[1] is NULL"));
  options.n_keywords = 3;
  PWW_CHECK(refuses(options, "n_keywords is 3, but the models have 2"));
  options = Options();
  options.thresholds = nullptr;
  PWW_CHECK(refuses(options, "thresholds is NULL"));
  for (const float threshold : {0.0F, 1.5F, std::nanf("")}) {
    const float thresholds[] = {0.5F, threshold};
    options.thresholds = thresholds;
    PWW_CHECK(refuses(options, "thresholds"));
  }
  options = Options();
  const int32_t smoothing[] = {0, 1};
  options.smoothing_outputs = smoothing;
  PWW_CHECK(refuses(options, "smoothing"));
  options = Options();
  options.refractory_s = -1.0;
  PWW_CHECK(refuses(options, "refractory"));
  options = Options();
  options.history_s = 1e9;
  PWW_CHECK(refuses(options, "history"));
  options = Options();
  options.pre_roll_s = 5.1;
  PWW_CHECK(refuses(options, "pre_roll_s"));
  options = Options();
  options.first_sample = -1;
  PWW_CHECK(refuses(options, "first_sample"));
  pww_model_destroy(model);
}

PWW_TEST(RefusesBadCallsOnASpotter) {
  pww_spotter* spotter = MakeSpotter();
  std::array<int16_t, 4> samples = {};
  size_t n_taken = 9;
  size_t n_found = 9;
  PWW_CHECK(pww_spotter_process(nullptr, samples.data(), 4, &n_taken, &n_found) ==
            PWW_INVALID_ARGUMENT);
  PWW_CHECK(Says("spotter is NULL"));
  PWW_CHECK(pww_spotter_process(spotter, nullptr, 4, &n_taken, &n_found) ==
            PWW_INVALID_ARGUMENT);
  PWW_CHECK(Says("samples is NULL") && n_taken == 0 && n_found == 0);
  const auto* odd =
      reinterpret_cast<const int16_t*>(reinterpret_cast<uintptr_t>(samples.data()) + 1);
  PWW_CHECK(pww_spotter_process(spotter, odd, 1, &n_taken, &n_found) ==
            PWW_INVALID_ARGUMENT);
  PWW_CHECK(Says("aligned"));
  PWW_CHECK(pww_spotter_process(spotter, samples.data(), 4, nullptr, &n_found) ==
            PWW_INVALID_ARGUMENT);
  PWW_CHECK(pww_spotter_process(spotter, samples.data(), 4, &n_taken, nullptr) ==
            PWW_INVALID_ARGUMENT);
  PWW_CHECK(pww_spotter_process(spotter, nullptr, 0, &n_taken, &n_found) == PWW_OK);

  pww_detection detection;
  PWW_CHECK(pww_spotter_get_detection(spotter, 0, &detection) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(Says("index"));
  PWW_CHECK(pww_spotter_get_detection(nullptr, 0, &detection) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(pww_spotter_copy_snippet(spotter, 0, samples.data(), 4, &n_taken) ==
            PWW_INVALID_ARGUMENT);
  PWW_CHECK(pww_spotter_set_state(spotter, nullptr) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(pww_spotter_set_state(nullptr, nullptr) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(pww_spotter_reset(nullptr) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(pww_spotter_get_info(spotter, nullptr) == PWW_INVALID_ARGUMENT);
  float scores[2];
  PWW_CHECK(pww_spotter_scores(spotter, samples.data(), 4, nullptr, 2, &n_taken,
                               &n_found) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(pww_spotter_scores(spotter, samples.data(), 4, scores, 2, nullptr,
                               &n_found) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(pww_spotter_destroy(spotter) == PWW_OK);
  PWW_CHECK(pww_spotter_destroy(nullptr) == PWW_OK);
}

PWW_TEST(DetectionsGoWithTheNextCall) {
  const std::vector<int16_t> pcm = pww::test::ToneSignal();
  pww_spotter* spotter = MakeSpotter();
  size_t n_taken = 0;
  size_t n_found = 0;
  PWW_CHECK(pww_spotter_process(spotter, pcm.data(), pcm.size(), &n_taken, &n_found) ==
            PWW_OK);
  PWW_CHECK(n_found == 1 && n_taken < pcm.size());
  pww_detection detection;
  PWW_CHECK(pww_spotter_get_detection(spotter, 0, nullptr) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(pww_spotter_get_detection(spotter, 1, &detection) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(pww_spotter_get_detection(spotter, 0, &detection) == PWW_OK);
  std::vector<int16_t> snippet(detection.n_snippet_samples, 77);
  size_t n_samples = 0;
  PWW_CHECK(pww_spotter_copy_snippet(spotter, 0, snippet.data(), snippet.size() - 1,
                                     &n_samples) == PWW_BUFFER_TOO_SMALL);
  PWW_CHECK(n_samples == snippet.size() && snippet[0] == 77);
  PWW_CHECK(pww_spotter_copy_snippet(spotter, 0, nullptr, 1, &n_samples) ==
            PWW_INVALID_ARGUMENT);
  PWW_CHECK(pww_spotter_process(spotter, nullptr, 0, &n_taken, &n_found) == PWW_OK);
  PWW_CHECK(pww_spotter_get_detection(spotter, 0, &detection) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(pww_spotter_destroy(spotter) == PWW_OK);
}

PWW_TEST(ASecondThreadIsTurnedAway) {
  pww_spotter* spotter = MakeSpotter();
  const std::vector<int16_t> silence(160000);
  std::atomic<bool> stop{false};
  std::thread listener([&] {
    while (!stop) {
      size_t n_taken = 0;
      size_t n_found = 0;
      const pww_status status = pww_spotter_process(spotter, silence.data(),
                                                    silence.size(), &n_taken, &n_found);
      PWW_CHECK(status == PWW_OK || status == PWW_BUSY);
    }
  });
  const pww_device_state state = {1, 2, 3};
  while (pww_spotter_reset(spotter) != PWW_BUSY) {
    PWW_CHECK(pww_spotter_set_state(spotter, &state) == PWW_OK);
  }
  PWW_CHECK(Says("another thread"));
  stop = true;
  listener.join();
  PWW_CHECK(pww_spotter_destroy(spotter) == PWW_OK);
}

PWW_TEST(ErrorsBelongToTheirThread) {
  PWW_CHECK(pww_isa(nullptr) == PWW_INVALID_ARGUMENT);
  std::string other = "unset";
  std::thread([&] { other = pww_last_error(); }).join();
  PWW_CHECK(other.empty() && Says("name is NULL"));
  const char* isa = nullptr;
  PWW_CHECK(pww_isa(&isa) == PWW_OK && Says("name is NULL"));
  // A message longer than the buffer is cut.
  pww_model* model = nullptr;
  const std::string path(2000, 'x');
  PWW_CHECK(pww_model_load_file(path.c_str(), &model) == PWW_IO_ERROR);
  PWW_CHECK(std::strlen(pww_last_error()) == 511);
}

int main() { return pww::test::RunAll(); }
