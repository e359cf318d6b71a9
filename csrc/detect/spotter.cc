#include "detect/spotter.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace pww {
namespace {

Status Invalid(std::string* message, std::string text) {
  *message = std::move(text);
  return Status::kInvalidArgument;
}

Status CheckSources(const std::vector<std::unique_ptr<PosteriorSource>>& sources,
                    size_t* n_keywords, std::string* message) {
  if (sources.empty()) {
    return Invalid(message, "at least one network is needed");
  }
  const int stride = sources.front()->frame_stride();
  *n_keywords = 0;
  for (const auto& source : sources) {
    if (source->frame_stride() != stride) {
      return Invalid(message, "networks with different frame strides (" +
                                  std::to_string(stride) + " and " +
                                  std::to_string(source->frame_stride()) +
                                  ") cannot share a spotter");
    }
    if (stride < 1 || source->window_frames() < stride) {
      return Invalid(message,
                     "a network's frame stride must be from 1 to its window of " +
                         std::to_string(source->window_frames()) + " frames, not " +
                         std::to_string(stride));
    }
    *n_keywords += source->n_keywords();
  }
  return Status::kOk;
}

// False for a NaN.
bool Within(double value, double low, double high) {
  return value >= low && value <= high;
}

// False for a NaN.
bool IsThreshold(float value) { return value > 0.0F && value <= 1.0F; }

Status CheckConfig(const Spotter::Config& config, size_t n_keywords,
                   std::string* message) {
  constexpr int kMostSmoothingOutputs = 1000;
  constexpr double kMostRefractorySeconds = 3600.0;
  constexpr int64_t kLastFirstSample = int64_t{1} << 62;  // leaves room to count on
  if (config.keywords.size() != n_keywords) {
    return Invalid(
        message, "the networks have " + std::to_string(n_keywords) + " keywords, but " +
                     std::to_string(config.keywords.size()) + " thresholds are given");
  }
  for (const Spotter::Keyword& keyword : config.keywords) {
    if (!IsThreshold(keyword.threshold)) {
      return Invalid(message, "thresholds must be above 0 and at most 1");
    }
    if (keyword.smoothing_outputs < 1 ||
        keyword.smoothing_outputs > kMostSmoothingOutputs) {
      return Invalid(message, "smoothing_outputs must be from 1 to 1000");
    }
  }
  if (!Within(config.refractory_s, 0.0, kMostRefractorySeconds)) {
    return Invalid(message, "refractory_s must be from 0 to 3600");
  }
  if (!Within(config.history_s, Spotter::kLeastHistorySeconds,
              Spotter::kMostHistorySeconds)) {
    return Invalid(message, "history_s must be from 8 to 3600");
  }
  if (!Within(config.pre_roll_s, 0.0, Spotter::kMostPreRollSeconds)) {
    return Invalid(message, "pre_roll_s must be from 0 to 5");
  }
  const DeviceStateSizes& sizes = config.state_sizes;
  for (const int size : {sizes.device_type, sizes.playback, sizes.volume_bucket}) {
    if (!Within(size, 1, 256)) {
      return Invalid(message, "state_sizes must be from 1 to 256");
    }
  }
  if (config.first_sample < 0 || config.first_sample > kLastFirstSample) {
    return Invalid(message, "first_sample must be from 0 to 2^62");
  }
  return Status::kOk;
}

int64_t SamplesIn(double seconds) { return std::llround(seconds * Lfbe::kSampleRate); }

}  // namespace

Status Spotter::Create(const Config& config,
                       std::vector<std::unique_ptr<PosteriorSource>> sources,
                       std::unique_ptr<Spotter>* out, std::string* message) {
  size_t n_keywords = 0;
  Status status = CheckSources(sources, &n_keywords, message);
  if (status == Status::kOk) {
    status = CheckConfig(config, n_keywords, message);
  }
  const Kernels* kernels = nullptr;
  if (status == Status::kOk) {
    status = SelectKernels(&kernels, message);
  }
  if (status == Status::kOk) {
    out->reset(new Spotter(config, kernels, std::move(sources)));
  }
  return status;
}

Spotter::Spotter(const Config& config, const Kernels* kernels,
                 std::vector<std::unique_ptr<PosteriorSource>> sources)
    : state_sizes_(config.state_sizes),
      first_sample_(config.first_sample),
      pre_roll_samples_(SamplesIn(config.pre_roll_s)),
      history_(static_cast<size_t>(SamplesIn(config.history_s)), config.first_sample),
      lfbe_(kernels),
      frame_stride_(sources.front()->frame_stride()),
      sources_(std::move(sources)),
      posteriors_(config.keywords.size()),
      scores_(config.keywords.size()),
      detections_(config.keywords.size()),
      output_{scores_.data(), detections_.data(), 0} {
  // Networks of words that were trained together have most layers in common.
  for (auto source = sources_.begin(); source != sources_.end(); ++source) {
    for (auto earlier = sources_.begin(); earlier != source; ++earlier) {
      (*source)->ShareWith(earlier->get());
    }
  }
  const int64_t refractory_samples = SamplesIn(config.refractory_s);
  keywords_.reserve(config.keywords.size());
  for (const Keyword& keyword : config.keywords) {
    keywords_.push_back({Smoother(static_cast<size_t>(keyword.smoothing_outputs)),
                         Detector(refractory_samples), WordSpan(), false});
  }
  for (int playback = 0; playback < state_sizes_.playback; ++playback) {
    for (const Keyword& keyword : config.keywords) {
      thresholds_.push_back(keyword.threshold);
    }
  }
}

size_t Spotter::Process(const int16_t* samples, size_t count,
                        const Output** output) noexcept {
  *output = nullptr;
  size_t taken = 0;
  while (taken < count && *output == nullptr) {
    bool complete = false;
    const size_t n = lfbe_.Take(samples + taken, count - taken, &complete);
    history_.Push(samples + taken, n);
    taken += n;
    if (complete && TakeFrame()) {
      *output = &output_;
    }
  }
  return taken;
}

// Frames wait until an output needs them, so that the front end computes several at
// once. Each keeps the device state at the time when it was complete.
bool Spotter::TakeFrame() noexcept {
  const size_t n = lfbe_.n_waiting();
  waiting_states_[n - 1] = wanted_state_.load(std::memory_order_relaxed);
  ++frames_since_output_;
  if (frames_since_output_ < frame_stride_ && n < Lfbe::kMostWaiting) {
    return false;
  }
  const float* frames = lfbe_.Compute();
  bool due = false;
  for (size_t i = 0; i < n; ++i) {
    due = PushFrame(frames + i * Lfbe::kBins, waiting_states_[i]);
  }
  if (due) {
    frames_since_output_ = 0;
  }
  return due;
}

bool Spotter::PushFrame(const float* frame, uint32_t packed) noexcept {
  const DeviceState state = Unpack(packed);
  if (!started_) {
    StartStream(state);
  } else if (packed != applied_state_) {
    ApplyState(state);
  }
  // All sources started together with the same stride, so they are due together.
  bool due = false;
  Posterior* posteriors = posteriors_.data();
  for (const auto& source : sources_) {
    due = source->Push(frame, posteriors);
    posteriors += source->n_keywords();
  }
  if (due) {
    Decide(state);
  }
  return due;
}

// Feeds each network silence for the part of its window before the first output, so
// that a word at the very start of the audio is found. This happens at the first frame,
// not in Reset(): by then the device state is known, so a stream gives the same results
// after construction and after a reset.
void Spotter::StartStream(DeviceState state) noexcept {
  started_ = true;
  ApplyState(state);
  std::array<float, Lfbe::kBins> silence;
  silence.fill(Lfbe::SilenceValue());
  for (const auto& source : sources_) {
    for (int i = source->frame_stride(); i < source->window_frames(); ++i) {
      // No output is due before the window is full.
      (void)source->Push(silence.data(), posteriors_.data());
    }
  }
}

void Spotter::ApplyState(DeviceState state) noexcept {
  applied_state_ = Pack(state);
  for (const auto& source : sources_) {
    source->SetState(state);
  }
}

void Spotter::Decide(DeviceState state) noexcept {
  output_.n_detections = 0;
  const float* thresholds = thresholds_.data() + state.playback * n_keywords();
  for (size_t k = 0; k < keywords_.size(); ++k) {
    scores_[k] = keywords_[k].smoother.Push(posteriors_[k].probability);
    Detector::Observation observation;
    observation.score = scores_[k];
    observation.posterior = posteriors_[k];
    observation.now_sample = history_.end_index();
    observation.earliest_sample = history_.begin_index();
    observation.threshold = thresholds[k];
    KeywordStream& keyword = keywords_[k];
    if (keyword.detector.Step(observation, &keyword.word)) {
      keyword.waiting = true;
    }
    if (keyword.waiting && Settle(&keyword)) {
      Detection& detection = detections_[output_.n_detections];
      detection.word = keyword.word;
      detection.keyword = k;
      detection.snippet_begin = std::max(
          detection.word.start_sample - pre_roll_samples_, history_.begin_index());
      detection.state = state;
      ++output_.n_detections;
    }
  }
}

// Whether a detected word can be reported now. If so, sets its final end.
bool Spotter::Settle(KeywordStream* keyword) noexcept {
  WordSpan& word = keyword->word;
  const int64_t now = history_.end_index();
  const EnergyEnd::Result end = energy_end_.Find(history_, word);
  if (end.verdict == EnergyEnd::Verdict::kGoesOn &&
      now - word.detected_sample < kPatienceSamples) {
    return false;
  }
  if (end.verdict == EnergyEnd::Verdict::kFound) {
    word.end_sample = std::clamp(end.end_sample, word.start_sample + 1, now);
  }
  word.detected_sample = now;
  keyword->waiting = false;
  return true;
}

Status Spotter::SetState(int device_type, int playback, int volume_bucket) noexcept {
  const auto below = [](int value, int size) { return value >= 0 && value < size; };
  if (!below(device_type, state_sizes_.device_type) ||
      !below(playback, state_sizes_.playback) ||
      !below(volume_bucket, state_sizes_.volume_bucket)) {
    return Status::kInvalidArgument;
  }
  const DeviceState state = {static_cast<uint8_t>(device_type),
                             static_cast<uint8_t>(playback),
                             static_cast<uint8_t>(volume_bucket)};
  wanted_state_.store(Pack(state), std::memory_order_relaxed);
  return Status::kOk;
}

Status Spotter::SetThresholds(int playback, const float* thresholds) noexcept {
  if (playback < 0 || playback >= state_sizes_.playback ||
      !std::all_of(thresholds, thresholds + n_keywords(), IsThreshold)) {
    return Status::kInvalidArgument;
  }
  std::copy_n(thresholds, n_keywords(),
              thresholds_.data() + static_cast<size_t>(playback) * n_keywords());
  return Status::kOk;
}

void Spotter::Reset() noexcept {
  started_ = false;
  frames_since_output_ = 0;
  history_.Reset(first_sample_);
  lfbe_.Reset();
  for (const auto& source : sources_) {
    source->Reset();
  }
  for (KeywordStream& keyword : keywords_) {
    keyword.smoother.Reset();
    keyword.detector.Reset();
    keyword.waiting = false;
  }
}

size_t Spotter::bytes() const noexcept {
  size_t bytes =
      sizeof(*this) + lfbe_.shared_bytes() + sources_.size() * sizeof(sources_[0]) +
      keywords_.size() * (sizeof(Posterior) + sizeof(float) + sizeof(Detection)) +
      thresholds_.size() * sizeof(float);
  for (const auto& source : sources_) {
    bytes += source->bytes();
  }
  for (const KeywordStream& keyword : keywords_) {
    bytes += keyword.smoother.bytes() + sizeof(keyword);
  }
  return bytes;
}

}  // namespace pww
