// Spotters of the C API.

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "capi/error.h"
#include "capi/handles.h"
#include "capi/stream.h"
#include "detect/network_source.h"

namespace pww::capi {
namespace {

// Runs `call` while no other thread uses the spotter.
template <typename Call>
pww_status InSpotter(pww_spotter* spotter, Call call) noexcept {
  return Alone(spotter, "spotter is NULL", call);
}

Spotter::Config MakeConfig(const pww_spotter_options& options) {
  Spotter::Config config;
  for (size_t k = 0; k < options.n_keywords; ++k) {
    const int smoothing =
        options.smoothing_outputs == nullptr ? 1 : options.smoothing_outputs[k];
    config.keywords.push_back({options.thresholds[k], smoothing});
  }
  config.refractory_s = options.refractory_s;
  config.history_s = options.history_s;
  config.pre_roll_s = options.pre_roll_s;
  config.first_sample = options.first_sample;
  return config;
}

pww_status CreateSpotter(const pww_model* const* models, size_t n_models,
                         const pww_spotter_options& options, pww_spotter** out) {
  // Checked before the arrays are read, so that a wrong length reads nothing beyond.
  size_t n_keywords = 0;
  std::string message;
  std::vector<std::unique_ptr<PosteriorSource>> sources;
  for (size_t i = 0; i < n_models; ++i) {
    PWW_REQUIRE(models[i] != nullptr,
                ("models[" + std::to_string(i) + "] is NULL").c_str());
    n_keywords += models[i]->n_keywords;
    sources.emplace_back();
    const Status status =
        NetworkSource::Create(models[i]->core, {}, &sources.back(), &message);
    if (status != Status::kOk) {
      return Fail(status, message);
    }
  }
  PWW_REQUIRE(options.n_keywords == n_keywords,
              ("options.n_keywords is " + std::to_string(options.n_keywords) +
               ", but the models have " + std::to_string(n_keywords))
                  .c_str());
  PWW_REQUIRE(options.thresholds != nullptr, "options.thresholds is NULL");
  auto spotter = std::make_unique<pww_spotter>();
  const Status status = Spotter::Create(MakeConfig(options), std::move(sources),
                                        &spotter->core, &message);
  if (status != Status::kOk) {
    return Fail(status, message);
  }
  *out = spotter.release();
  return PWW_OK;
}

// Detection `index` of the last call, or null.
const Detection* Find(const pww_spotter& spotter, size_t index) {
  const Spotter::Output* output = spotter.output;
  return output != nullptr && index < output->n_detections ? output->detections + index
                                                           : nullptr;
}

// Keeps the detections of `output` for get_detection; returns their number.
size_t Keep(pww_spotter* spotter, const Spotter::Output& output) {
  spotter->output = output.n_detections > 0 ? &output : nullptr;
  return output.n_detections;
}

// The caller's buffer for rows of scores.
struct Rows {
  float* values;
  size_t capacity;
  size_t width;
  size_t* n_values;

  [[nodiscard]] bool HasRoom() const { return capacity - *n_values >= width; }
  void Append(const float* row) const {
    std::copy_n(row, width, values + *n_values);
    *n_values += width;
  }
};

// Checks the arguments of calls that return scores and clears their results.
pww_status StartRows(const int16_t* samples, size_t count, const Rows& rows,
                     size_t* n_taken) {
  PWW_REQUIRE(n_taken != nullptr, "n_taken is NULL");
  PWW_REQUIRE(rows.n_values != nullptr, "n_values is NULL");
  *n_taken = 0;
  *rows.n_values = 0;
  const pww_status status = CheckSamples(samples, count);
  if (status != PWW_OK) {
    return status;
  }
  PWW_REQUIRE(rows.values != nullptr, "scores is NULL");
  PWW_REQUIRE(rows.HasRoom(), "capacity is less than one row of n_keywords");
  return PWW_OK;
}

constexpr char kNoSuchDetection[] = "index is not below the number of detections";

size_t SnippetSamples(const Detection& detection) {
  return static_cast<size_t>(detection.word.detected_sample - detection.snippet_begin);
}

}  // namespace
}  // namespace pww::capi

using pww::capi::Guarded;
using pww::capi::InSpotter;

pww_status pww_spotter_create(const pww_model* const* models, size_t n_models,
                              const pww_spotter_options* options,
                              pww_spotter** spotter) {
  return Guarded([&]() -> pww_status {
    PWW_REQUIRE(spotter != nullptr, "spotter is NULL");
    *spotter = nullptr;
    PWW_REQUIRE(models != nullptr, "models is NULL");
    PWW_REQUIRE(n_models > 0, "n_models is 0");
    PWW_REQUIRE(options != nullptr, "options is NULL");
    return pww::capi::CreateSpotter(models, n_models, *options, spotter);
  });
}

pww_status pww_spotter_destroy(pww_spotter* spotter) {
  return pww::capi::DestroyStream(spotter);
}

pww_status pww_spotter_process(pww_spotter* spotter, const int16_t* samples,
                               size_t count, size_t* n_taken, size_t* n_detections) {
  return InSpotter(spotter, [&]() -> pww_status {
    PWW_REQUIRE(n_taken != nullptr, "n_taken is NULL");
    PWW_REQUIRE(n_detections != nullptr, "n_detections is NULL");
    *n_taken = 0;
    *n_detections = 0;
    const pww_status status = pww::capi::CheckSamples(samples, count);
    if (status == PWW_OK) {
      spotter->output = nullptr;
      *n_taken = pww::capi::Feed(spotter->core.get(), samples, count,
                                 [&](const pww::Spotter::Output& output) {
                                   *n_detections = pww::capi::Keep(spotter, output);
                                   return *n_detections > 0;
                                 });
    }
    return status;
  });
}

pww_status pww_spotter_get_detection(pww_spotter* spotter, size_t index,
                                     pww_detection* detection) {
  return InSpotter(spotter, [&]() -> pww_status {
    PWW_REQUIRE(detection != nullptr, "detection is NULL");
    const pww::Detection* found = pww::capi::Find(*spotter, index);
    PWW_REQUIRE(found != nullptr, pww::capi::kNoSuchDetection);
    const pww::WordSpan& word = found->word;
    *detection = {
        found->keyword,
        word.score,
        word.start_sample,
        word.end_sample,
        word.detected_sample,
        word.start_sample - found->snippet_begin,
        pww::capi::SnippetSamples(*found),
        {found->state.device_type, found->state.playback, found->state.volume_bucket}};
    return PWW_OK;
  });
}

pww_status pww_spotter_copy_snippet(pww_spotter* spotter, size_t index,
                                    int16_t* samples, size_t capacity,
                                    size_t* n_samples) {
  return InSpotter(spotter, [&]() -> pww_status {
    PWW_REQUIRE(samples != nullptr || capacity == 0, "samples is NULL");
    PWW_REQUIRE(n_samples != nullptr, "n_samples is NULL");
    const pww::Detection* found = pww::capi::Find(*spotter, index);
    PWW_REQUIRE(found != nullptr, pww::capi::kNoSuchDetection);
    *n_samples = pww::capi::SnippetSamples(*found);
    if (capacity < *n_samples) {
      return pww::capi::Fail(PWW_BUFFER_TOO_SMALL,
                             "capacity is less than detection.n_snippet_samples");
    }
    if (!spotter->core->history().Copy(found->snippet_begin,
                                       found->word.detected_sample, samples)) {
      return pww::capi::Fail(PWW_INTERNAL_ERROR, "the snippet is not in the history");
    }
    return PWW_OK;
  });
}

pww_status pww_spotter_scores(pww_spotter* spotter, const int16_t* samples,
                              size_t count, float* scores, size_t capacity,
                              size_t* n_taken, size_t* n_values) {
  return InSpotter(spotter, [&]() -> pww_status {
    const pww::capi::Rows rows = {scores, capacity, spotter->core->n_keywords(),
                                  n_values};
    const pww_status status = pww::capi::StartRows(samples, count, rows, n_taken);
    if (status == PWW_OK) {
      spotter->output = nullptr;
      *n_taken = pww::capi::Feed(spotter->core.get(), samples, count,
                                 [&](const pww::Spotter::Output& output) {
                                   rows.Append(output.scores);
                                   return !rows.HasRoom();
                                 });
    }
    return status;
  });
}

pww_status pww_spotter_process_with_scores(pww_spotter* spotter, const int16_t* samples,
                                           size_t count, float* scores, size_t capacity,
                                           size_t* n_taken, size_t* n_values,
                                           size_t* n_detections) {
  return InSpotter(spotter, [&]() -> pww_status {
    PWW_REQUIRE(n_detections != nullptr, "n_detections is NULL");
    *n_detections = 0;
    const pww::capi::Rows rows = {scores, capacity, spotter->core->n_keywords(),
                                  n_values};
    const pww_status status = pww::capi::StartRows(samples, count, rows, n_taken);
    if (status == PWW_OK) {
      spotter->output = nullptr;
      *n_taken = pww::capi::Feed(spotter->core.get(), samples, count,
                                 [&](const pww::Spotter::Output& output) {
                                   rows.Append(output.scores);
                                   *n_detections = pww::capi::Keep(spotter, output);
                                   return *n_detections > 0 || !rows.HasRoom();
                                 });
    }
    return status;
  });
}

pww_status pww_spotter_reset(pww_spotter* spotter) {
  return InSpotter(spotter, [&] {
    spotter->output = nullptr;
    spotter->core->Reset();
    return PWW_OK;
  });
}

pww_status pww_spotter_set_state(pww_spotter* spotter, const pww_device_state* state) {
  return Guarded([&]() -> pww_status {
    PWW_REQUIRE(spotter != nullptr, "spotter is NULL");
    PWW_REQUIRE(state != nullptr, "state is NULL");
    const pww::Status status = spotter->core->SetState(
        state->device_type, state->playback, state->volume_bucket);
    PWW_REQUIRE(status == pww::Status::kOk,
                "device_type, playback or volume_bucket is outside its vocabulary");
    return PWW_OK;
  });
}

pww_status pww_spotter_set_thresholds(pww_spotter* spotter, int32_t playback,
                                      const float* thresholds, size_t n_keywords) {
  return InSpotter(spotter, [&]() -> pww_status {
    PWW_REQUIRE(thresholds != nullptr, "thresholds is NULL");
    // Checked before the array is read, so that a wrong length reads nothing beyond.
    PWW_REQUIRE(n_keywords == spotter->core->n_keywords(),
                "n_keywords is not the number of keywords");
    PWW_REQUIRE(
        spotter->core->SetThresholds(playback, thresholds) == pww::Status::kOk,
        "playback is outside its vocabulary, or thresholds are not above 0 and at "
        "most 1");
    return PWW_OK;
  });
}

pww_status pww_spotter_get_info(const pww_spotter* spotter, pww_spotter_info* info) {
  return Guarded([&]() -> pww_status {
    PWW_REQUIRE(spotter != nullptr, "spotter is NULL");
    PWW_REQUIRE(info != nullptr, "info is NULL");
    const pww::Spotter& core = *spotter->core;
    *info = {core.n_keywords(), core.frame_stride(), core.bytes(),
             core.history().bytes()};
    return PWW_OK;
  });
}
