// Endpointers of the C API.

#include <memory>
#include <string>
#include <utility>

#include "capi/error.h"
#include "capi/handles.h"
#include "capi/stream.h"

namespace pww::capi {
namespace {

// The casts below need equal values in the header and in the core.
static_assert(PWW_SPEECH_START == static_cast<int>(EndpointKind::kSpeechStart) &&
              PWW_POSSIBLE_END == static_cast<int>(EndpointKind::kPossibleEnd) &&
              PWW_END == static_cast<int>(EndpointKind::kEnd) &&
              PWW_RESUMED == static_cast<int>(EndpointKind::kResumed) &&
              PWW_NO_SPEECH == static_cast<int>(EndpointKind::kNoSpeech));
static_assert(PWW_REASON_SPEECH == static_cast<int>(EndpointReason::kSpeech) &&
              PWW_REASON_AFTER_WAKE_WORD ==
                  static_cast<int>(EndpointReason::kAfterWakeWord) &&
              PWW_REASON_PAUSE == static_cast<int>(EndpointReason::kPause) &&
              PWW_REASON_RULE == static_cast<int>(EndpointReason::kRule) &&
              PWW_REASON_NO_SPEECH_TIMEOUT ==
                  static_cast<int>(EndpointReason::kNoSpeechTimeout) &&
              PWW_REASON_MAX_UTTERANCE ==
                  static_cast<int>(EndpointReason::kMaxUtterance) &&
              PWW_REASON_CLOSED == static_cast<int>(EndpointReason::kClosed));

// Runs `call` while no other thread uses the endpointer.
template <typename Call>
pww_status InEndpointer(pww_endpointer* endpointer, Call call) noexcept {
  return Alone(endpointer, "endpointer is NULL", call);
}

PauseEndpointer::Config MakeConfig(const pww_endpointer_options& options) {
  PauseEndpointer::Config config;
  if (options.n_rules > 0) {
    config.rules.clear();
    for (size_t i = 0; i < options.n_rules; ++i) {
      const pww_endpoint_rule& rule = options.rules[i];
      config.rules.push_back({rule.must_contain_speech != 0, rule.min_trailing_silence,
                              rule.min_utterance});
    }
  }
  config.onset_threshold = options.onset_threshold;
  config.offset_threshold = options.offset_threshold;
  config.min_speech = options.min_speech;
  config.possible_end = options.possible_end;
  config.word_tail = options.word_tail;
  config.grace = options.grace;
  config.no_speech_timeout = options.no_speech_timeout;
  config.max_utterance = options.max_utterance;
  config.level_range = options.level_range;
  config.first_sample = options.first_sample;
  return config;
}

pww_status CreateEndpointer(const pww_vad& vad, const pww_endpointer_options& options,
                            pww_endpointer** out) {
  constexpr size_t kMostRules = 100;  // checked before the array is read
  PWW_REQUIRE(options.n_rules <= kMostRules, "options.n_rules is above 100");
  PWW_REQUIRE(options.rules != nullptr || options.n_rules == 0,
              "options.rules is NULL, but options.n_rules is not 0");
  auto endpointer = std::make_unique<pww_endpointer>();
  std::string message;
  std::unique_ptr<Vad> stream;
  Status status = Vad::Create(vad.core, options.delay_frames, &stream, &message);
  if (status == Status::kOk) {
    status = Endpointer::Create(MakeConfig(options), std::move(stream),
                                &endpointer->core, &message);
  }
  if (status != Status::kOk) {
    return Fail(status, message);
  }
  *out = endpointer.release();
  return PWW_OK;
}

void Forget(pww_endpointer* endpointer) {
  endpointer->events = nullptr;
  endpointer->n_events = 0;
}

// Keeps the events of `output` for get_event; returns their number.
size_t Keep(pww_endpointer* endpointer, const Endpointer::Output& output) {
  endpointer->events = output.events;
  endpointer->n_events = output.n_events;
  return output.n_events;
}

// Checks the arguments of calls that return posteriors and clears their results.
pww_status StartValues(const int16_t* samples, size_t count, const float* probabilities,
                       size_t capacity, size_t* n_taken, size_t* n_values) {
  PWW_REQUIRE(n_taken != nullptr, "n_taken is NULL");
  PWW_REQUIRE(n_values != nullptr, "n_values is NULL");
  *n_taken = 0;
  *n_values = 0;
  const pww_status status = CheckSamples(samples, count);
  if (status != PWW_OK) {
    return status;
  }
  PWW_REQUIRE(probabilities != nullptr, "probabilities is NULL");
  PWW_REQUIRE(capacity > 0, "capacity is 0");
  return PWW_OK;
}

}  // namespace
}  // namespace pww::capi

using pww::capi::InEndpointer;

pww_status pww_endpointer_create(const pww_vad* vad,
                                 const pww_endpointer_options* options,
                                 pww_endpointer** endpointer) {
  return pww::capi::Guarded([&]() -> pww_status {
    PWW_REQUIRE(endpointer != nullptr, "endpointer is NULL");
    *endpointer = nullptr;
    PWW_REQUIRE(vad != nullptr, "vad is NULL");
    PWW_REQUIRE(options != nullptr, "options is NULL");
    return pww::capi::CreateEndpointer(*vad, *options, endpointer);
  });
}

pww_status pww_endpointer_destroy(pww_endpointer* endpointer) {
  return pww::capi::DestroyStream(endpointer);
}

pww_status pww_endpointer_process(pww_endpointer* endpointer, const int16_t* samples,
                                  size_t count, size_t* n_taken, size_t* n_events) {
  return InEndpointer(endpointer, [&]() -> pww_status {
    PWW_REQUIRE(n_taken != nullptr, "n_taken is NULL");
    PWW_REQUIRE(n_events != nullptr, "n_events is NULL");
    *n_taken = 0;
    *n_events = 0;
    const pww_status status = pww::capi::CheckSamples(samples, count);
    if (status == PWW_OK) {
      pww::capi::Forget(endpointer);
      *n_taken = pww::capi::Feed(endpointer->core.get(), samples, count,
                                 [&](const pww::Endpointer::Output& output) {
                                   *n_events = pww::capi::Keep(endpointer, output);
                                   return *n_events > 0;
                                 });
    }
    return status;
  });
}

pww_status pww_endpointer_share_front_end(pww_endpointer* endpointer,
                                          pww_spotter* spotter) {
  return InEndpointer(endpointer, [&] {
    return pww::capi::Alone(spotter, "spotter is NULL", [&] {
      endpointer->core->front_end()->ShareWith(spotter->core->front_end());
      return PWW_OK;
    });
  });
}

pww_status pww_endpointer_get_event(pww_endpointer* endpointer, size_t index,
                                    pww_endpoint_event* event) {
  return InEndpointer(endpointer, [&]() -> pww_status {
    PWW_REQUIRE(event != nullptr, "event is NULL");
    PWW_REQUIRE(index < endpointer->n_events,
                "index is not below the number of events");
    const pww::EndpointEvent& found = endpointer->events[index];
    *event = {static_cast<int32_t>(found.kind), static_cast<int32_t>(found.reason),
              found.rule, found.sample, found.decided_sample};
    return PWW_OK;
  });
}

pww_status pww_endpointer_start_after_wake_word(pww_endpointer* endpointer,
                                                int64_t end_sample, size_t* n_events) {
  return InEndpointer(endpointer, [&]() -> pww_status {
    PWW_REQUIRE(n_events != nullptr, "n_events is NULL");
    *n_events = 0;
    pww::capi::Forget(endpointer);
    const pww::Status status = endpointer->core->StartAfterWakeWord(
        end_sample, &endpointer->events, &endpointer->n_events);
    if (status != pww::Status::kOk) {
      pww::capi::Forget(endpointer);
      return pww::capi::Fail(status,
                             "end_sample must lie in the last 10 s of the stream");
    }
    *n_events = endpointer->n_events;
    return PWW_OK;
  });
}

pww_status pww_endpointer_close(pww_endpointer* endpointer, size_t* n_events) {
  return InEndpointer(endpointer, [&]() -> pww_status {
    PWW_REQUIRE(n_events != nullptr, "n_events is NULL");
    endpointer->core->Close(&endpointer->events, &endpointer->n_events);
    *n_events = endpointer->n_events;
    return PWW_OK;
  });
}

pww_status pww_endpointer_probabilities(pww_endpointer* endpointer,
                                        const int16_t* samples, size_t count,
                                        float* probabilities, size_t capacity,
                                        size_t* n_taken, size_t* n_values) {
  return InEndpointer(endpointer, [&]() -> pww_status {
    const pww_status status = pww::capi::StartValues(samples, count, probabilities,
                                                     capacity, n_taken, n_values);
    if (status == PWW_OK) {
      pww::capi::Forget(endpointer);
      *n_taken = pww::capi::Feed(endpointer->core.get(), samples, count,
                                 [&](const pww::Endpointer::Output& output) {
                                   probabilities[(*n_values)++] = output.probability;
                                   return *n_values == capacity;
                                 });
    }
    return status;
  });
}

pww_status pww_endpointer_process_with_probabilities(pww_endpointer* endpointer,
                                                     const int16_t* samples,
                                                     size_t count, float* probabilities,
                                                     size_t capacity, size_t* n_taken,
                                                     size_t* n_values,
                                                     size_t* n_events) {
  return InEndpointer(endpointer, [&]() -> pww_status {
    PWW_REQUIRE(n_events != nullptr, "n_events is NULL");
    *n_events = 0;
    const pww_status status = pww::capi::StartValues(samples, count, probabilities,
                                                     capacity, n_taken, n_values);
    if (status == PWW_OK) {
      pww::capi::Forget(endpointer);
      *n_taken = pww::capi::Feed(endpointer->core.get(), samples, count,
                                 [&](const pww::Endpointer::Output& output) {
                                   probabilities[(*n_values)++] = output.probability;
                                   *n_events = pww::capi::Keep(endpointer, output);
                                   return *n_events > 0 || *n_values == capacity;
                                 });
    }
    return status;
  });
}

pww_status pww_endpointer_reset(pww_endpointer* endpointer) {
  return InEndpointer(endpointer, [&] {
    pww::capi::Forget(endpointer);
    endpointer->core->Reset();
    return PWW_OK;
  });
}
