// Tests the endpointer of the shared library through its C header only.

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "check.h"
#include "pywakeword.h"
#include "tone_signal.h"

namespace {

constexpr char kVadModel[] = PWW_TEST_DIR "/../models/endpoint/vad.tflite";

pww_vad* LoadVad() {
  pww_vad* vad = nullptr;
  PWW_CHECK(pww_vad_load_file(kVadModel, &vad) == PWW_OK);
  return vad;
}

pww_endpointer* Make(const pww_endpointer_options& options) {
  pww_vad* vad = LoadVad();
  pww_endpointer* endpointer = nullptr;
  PWW_CHECK(pww_endpointer_create(vad, &options, &endpointer) == PWW_OK);
  pww_vad_destroy(vad);  // the endpointer does not need it
  return endpointer;
}

bool Says(const char* text) {
  return std::string(pww_last_error()).find(text) != std::string::npos;
}

std::vector<pww_endpoint_event> Events(pww_endpointer* endpointer, size_t n_events) {
  std::vector<pww_endpoint_event> events(n_events);
  for (size_t i = 0; i < n_events; ++i) {
    PWW_CHECK(pww_endpointer_get_event(endpointer, i, &events[i]) == PWW_OK);
  }
  return events;
}

std::vector<pww_endpoint_event> Feed(pww_endpointer* endpointer, const int16_t* samples,
                                     size_t count) {
  std::vector<pww_endpoint_event> found;
  while (count > 0) {
    size_t n_taken = 0;
    size_t n_events = 0;
    PWW_CHECK(pww_endpointer_process(endpointer, samples, count, &n_taken, &n_events) ==
              PWW_OK);
    for (const pww_endpoint_event& event : Events(endpointer, n_events)) {
      found.push_back(event);
    }
    samples += n_taken;
    count -= n_taken;
  }
  return found;
}

}  // namespace

PWW_TEST(SilenceEndsByTheClockHoweverItIsCut) {
  const pww_endpointer_options options = PWW_ENDPOINTER_OPTIONS_INIT;
  pww_endpointer* endpointer = Make(options);
  const std::vector<int16_t> silence(16000 * 7);
  const auto whole = Feed(endpointer, silence.data(), silence.size());
  PWW_CHECK(whole.size() == 1 && whole[0].kind == PWW_NO_SPEECH);
  PWW_CHECK(whole[0].reason == PWW_REASON_NO_SPEECH_TIMEOUT);
  PWW_CHECK(whole[0].sample >= 80000 && whole[0].sample < 80000 + 640);
  for (const size_t chunk : pww::test::ChunkSizes()) {
    PWW_CHECK(pww_endpointer_reset(endpointer) == PWW_OK);
    std::vector<pww_endpoint_event> events;
    pww::test::ForEachChunk(silence, chunk, [&](const int16_t* samples, size_t count) {
      for (const auto& event : Feed(endpointer, samples, count)) {
        events.push_back(event);
      }
    });
    PWW_CHECK(events.size() == 1 && events[0].sample == whole[0].sample &&
              events[0].decided_sample == whole[0].decided_sample);
  }
  size_t n_events = 9;
  PWW_CHECK(pww_endpointer_start_after_wake_word(endpointer, 16000 * 6, &n_events) ==
            PWW_OK);
  PWW_CHECK(n_events == 0);
  PWW_CHECK(pww_endpointer_start_after_wake_word(endpointer, 16000 * 8, &n_events) ==
            PWW_INVALID_ARGUMENT);
  PWW_CHECK(Says("end_sample") && n_events == 0);
  PWW_CHECK(pww_endpointer_close(endpointer, &n_events) == PWW_OK && n_events == 0);
  PWW_CHECK(pww_endpointer_destroy(endpointer) == PWW_OK);
}

PWW_TEST(ARuleIsNamedByItsIndex) {
  const pww_endpoint_rule rules[] = {{1, 8000, 0}, {0, 16000, 0}};
  pww_endpointer_options options = PWW_ENDPOINTER_OPTIONS_INIT;
  options.n_rules = 2;
  options.rules = rules;
  options.first_sample = 1000;
  pww_endpointer* endpointer = Make(options);
  const std::vector<int16_t> silence(32000);
  const auto events = Feed(endpointer, silence.data(), silence.size());
  PWW_CHECK(!events.empty() && events[0].kind == PWW_NO_SPEECH);
  PWW_CHECK(events.at(0).reason == PWW_REASON_RULE && events[0].rule == 1);
  PWW_CHECK(events[0].sample >= 17000 && events[0].sample < 17000 + 640);
  PWW_CHECK(pww_endpointer_destroy(endpointer) == PWW_OK);
}

PWW_TEST(PosteriorsStopWhereTheBufferEnds) {
  const pww_endpointer_options options = PWW_ENDPOINTER_OPTIONS_INIT;
  pww_endpointer* endpointer = Make(options);
  const std::vector<int16_t> silence(16000);
  float values[200] = {};
  size_t n_taken = 0;
  size_t n_values = 0;
  PWW_CHECK(pww_endpointer_probabilities(endpointer, silence.data(), silence.size(),
                                         values, 10, &n_taken, &n_values) == PWW_OK);
  PWW_CHECK(n_values == 10 && n_taken == 400 + 9 * 160);
  PWW_CHECK(pww_endpointer_probabilities(endpointer, silence.data(),
                                         silence.size() - n_taken, values, 200,
                                         &n_taken, &n_values) == PWW_OK);
  PWW_CHECK(n_values == 88 && values[87] < 0.5F);
  PWW_CHECK(pww_endpointer_probabilities(endpointer, silence.data(), 4, values, 0,
                                         &n_taken, &n_values) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(Says("capacity"));
  PWW_CHECK(pww_endpointer_probabilities(endpointer, silence.data(), 4, nullptr, 2,
                                         &n_taken, &n_values) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(Says("probabilities"));
  PWW_CHECK(pww_endpointer_destroy(endpointer) == PWW_OK);
}

PWW_TEST(PosteriorsAndEventsInOneCall) {
  const pww_endpointer_options options = PWW_ENDPOINTER_OPTIONS_INIT;
  pww_endpointer* endpointer = Make(options);
  const std::vector<int16_t> silence(16000 * 6);
  const auto events = Feed(endpointer, silence.data(), silence.size());
  PWW_CHECK(events.size() == 1);
  std::vector<float> wanted(1000);
  size_t n_taken = 0;
  size_t n_values = 0;
  PWW_CHECK(pww_endpointer_reset(endpointer) == PWW_OK);
  PWW_CHECK(pww_endpointer_probabilities(endpointer, silence.data(), silence.size(),
                                         wanted.data(), wanted.size(), &n_taken,
                                         &n_values) == PWW_OK);
  wanted.resize(n_values);
  for (const size_t capacity : {size_t{1}, size_t{33}, size_t{1000}}) {
    PWW_CHECK(pww_endpointer_reset(endpointer) == PWW_OK);
    std::vector<float> buffer(capacity);
    std::vector<float> values;
    std::vector<pww_endpoint_event> found;
    for (size_t begin = 0; begin < silence.size(); begin += n_taken) {
      size_t n_events = 9;
      PWW_CHECK(pww_endpointer_process_with_probabilities(
                    endpointer, silence.data() + begin, silence.size() - begin,
                    buffer.data(), capacity, &n_taken, &n_values, &n_events) == PWW_OK);
      PWW_CHECK(n_taken > 0);
      values.insert(values.end(), buffer.data(), buffer.data() + n_values);
      for (const pww_endpoint_event& event : Events(endpointer, n_events)) {
        found.push_back(event);
      }
    }
    PWW_CHECK(values == wanted);
    PWW_CHECK(found.size() == 1 && found[0].sample == events.at(0).sample &&
              found[0].decided_sample == events[0].decided_sample);
  }
  PWW_CHECK(pww_endpointer_process_with_probabilities(
                endpointer, silence.data(), 4, wanted.data(), 0, &n_taken, &n_values,
                &n_taken) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(Says("capacity"));
  PWW_CHECK(pww_endpointer_process_with_probabilities(
                endpointer, silence.data(), 4, wanted.data(), 9, &n_taken, &n_values,
                nullptr) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(Says("n_events"));
  PWW_CHECK(pww_endpointer_destroy(endpointer) == PWW_OK);
}

PWW_TEST(RefusesBadModels) {
  auto* vad = reinterpret_cast<pww_vad*>(1);
  PWW_CHECK(pww_vad_load_file("/nowhere/x.tflite", &vad) == PWW_IO_ERROR);
  PWW_CHECK(vad == nullptr && Says("/nowhere/x.tflite"));
  PWW_CHECK(pww_vad_load_file(nullptr, &vad) == PWW_INVALID_ARGUMENT && Says("path"));
  PWW_CHECK(pww_vad_load_file(kVadModel, nullptr) == PWW_INVALID_ARGUMENT &&
            Says("vad"));
  PWW_CHECK(pww_vad_load_memory("junk", 4, &vad) == PWW_CORRUPT_MODEL);
  PWW_CHECK(pww_vad_load_memory(nullptr, 4, &vad) == PWW_INVALID_ARGUMENT);
  // A wake-word model is not a voice activity model, and vice versa.
  PWW_CHECK(pww_vad_load_file(PWW_TEST_DIR "/golden/tone.tflite", &vad) ==
            PWW_UNSUPPORTED_MODEL);
  PWW_CHECK(vad == nullptr && Says("tone.tflite: ") && Says("voice activity"));
  pww_model* model = nullptr;
  PWW_CHECK(pww_model_load_file(kVadModel, &model) == PWW_UNSUPPORTED_MODEL);
  pww_vad_destroy(nullptr);
}

PWW_TEST(RefusesBadOptions) {
  pww_vad* vad = LoadVad();
  pww_endpointer* endpointer = nullptr;
  const auto refuses = [&](const pww_endpointer_options& options, const char* text) {
    endpointer = reinterpret_cast<pww_endpointer*>(1);
    return pww_endpointer_create(vad, &options, &endpointer) == PWW_INVALID_ARGUMENT &&
           endpointer == nullptr && Says(text);
  };
  const pww_endpointer_options good = PWW_ENDPOINTER_OPTIONS_INIT;
  PWW_CHECK(pww_endpointer_create(nullptr, &good, &endpointer) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(pww_endpointer_create(vad, nullptr, &endpointer) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(pww_endpointer_create(vad, &good, nullptr) == PWW_INVALID_ARGUMENT);
  pww_endpointer_options options = good;
  options.n_rules = 1;
  PWW_CHECK(refuses(options, "rules is NULL"));
  options.n_rules = 101;
  PWW_CHECK(refuses(options, "above 100"));
  options = good;
  options.onset_threshold = std::nanf("");
  PWW_CHECK(refuses(options, "thresholds"));
  options = good;
  options.grace = -1;
  PWW_CHECK(refuses(options, "lengths"));
  options = good;
  options.delay_frames = 101;
  PWW_CHECK(refuses(options, "delay_frames"));
  pww_vad_destroy(vad);
}

PWW_TEST(RefusesBadCalls) {
  const pww_endpointer_options options = PWW_ENDPOINTER_OPTIONS_INIT;
  pww_endpointer* endpointer = Make(options);
  const int16_t samples[4] = {};
  size_t n_taken = 9;
  size_t n_events = 9;
  pww_endpoint_event event;
  PWW_CHECK(pww_endpointer_process(nullptr, samples, 4, &n_taken, &n_events) ==
            PWW_INVALID_ARGUMENT);
  PWW_CHECK(Says("endpointer is NULL"));
  PWW_CHECK(pww_endpointer_process(endpointer, nullptr, 4, &n_taken, &n_events) ==
            PWW_INVALID_ARGUMENT);
  PWW_CHECK(Says("samples is NULL") && n_taken == 0 && n_events == 0);
  PWW_CHECK(pww_endpointer_process(endpointer, samples, 4, nullptr, &n_events) ==
            PWW_INVALID_ARGUMENT);
  PWW_CHECK(pww_endpointer_process(endpointer, samples, 4, &n_taken, nullptr) ==
            PWW_INVALID_ARGUMENT);
  PWW_CHECK(pww_endpointer_process(endpointer, nullptr, 0, &n_taken, &n_events) ==
            PWW_OK);
  PWW_CHECK(pww_endpointer_get_event(endpointer, 0, &event) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(Says("index"));
  PWW_CHECK(pww_endpointer_get_event(endpointer, 0, nullptr) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(pww_endpointer_close(endpointer, nullptr) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(pww_endpointer_reset(nullptr) == PWW_INVALID_ARGUMENT);
  PWW_CHECK(pww_endpointer_destroy(nullptr) == PWW_OK);
  PWW_CHECK(pww_endpointer_destroy(endpointer) == PWW_OK);
}

int main() { return pww::test::RunAll(); }
