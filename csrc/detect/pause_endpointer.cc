#include "detect/pause_endpointer.h"

#include <algorithm>

namespace pww {
namespace {

constexpr float kLargestLevelRange = 100.0F;  // dB
// After its first steps the reference rises slowly, so that a bang does not raise it.
constexpr size_t kFreeSteps = 4;
constexpr float kRisePerStep = 1.0F;          // dB
constexpr int64_t kWordSamples = 12800;       // where the wake word's level is measured
constexpr int64_t kFaintOnsetSamples = 1920;  // of a word that begins with a consonant

EndpointEvent Event(EndpointKind kind, EndpointReason reason, int64_t sample,
                    const PauseEndpointer::Step& step) noexcept {
  EndpointEvent event;
  event.kind = kind;
  event.reason = reason;
  event.sample = sample;
  event.decided_sample = step.now_sample;
  return event;
}

}  // namespace

Status PauseEndpointer::Check(const Config& config, std::string* message) {
  constexpr int64_t kMostSamples = int64_t{3600} * 16000;
  constexpr int64_t kLastFirstSample = int64_t{1} << 62;  // leaves room to count on
  constexpr size_t kMostRules = 100;
  const auto refuse = [message](const char* text) {
    *message = text;
    return Status::kInvalidArgument;
  };
  const auto is_length = [](int64_t samples) {
    return samples >= 0 && samples <= kMostSamples;
  };
  if (config.rules.empty() || config.rules.size() > kMostRules) {
    return refuse("there must be from 1 to 100 rules");
  }
  for (const EndpointRule& rule : config.rules) {
    if (!is_length(rule.min_trailing_silence) || !is_length(rule.min_utterance)) {
      return refuse("lengths of a rule must be from 0 to one hour");
    }
    if (rule.min_trailing_silence == 0 && rule.min_utterance == 0) {
      return refuse("a rule must ask for a silence or a length, or it always holds");
    }
  }
  // Written so that a NaN fails.
  if (!(config.offset_threshold > 0.0F &&
        config.offset_threshold <= config.onset_threshold &&
        config.onset_threshold <= 1.0F)) {
    return refuse("thresholds must be 0 < offset <= onset <= 1");
  }
  if (!(config.level_range >= 0.0F && config.level_range <= kLargestLevelRange)) {
    return refuse("level_range must be from 0 to 100 dB");
  }
  for (const int64_t length :
       {config.min_speech, config.possible_end, config.word_tail, config.grace,
        config.no_speech_timeout, config.max_utterance}) {
    if (!is_length(length)) {
      return refuse("lengths must be from 0 to one hour");
    }
  }
  if (config.first_sample < 0 || config.first_sample > kLastFirstSample) {
    return refuse("first_sample must be from 0 to 2^62");
  }
  return Status::kOk;
}

PauseEndpointer::PauseEndpointer(const Config& config) : config_(config) {
  replayed_.resize(kHistorySteps * kMostEventsPerStep);
  Reset();
}

void PauseEndpointer::Reset() noexcept {
  n_steps_ = 0;
  Listen(config_.first_sample, false);
}

void PauseEndpointer::Listen(int64_t from_sample, bool after_word) noexcept {
  phase_ = Phase::kListening;
  clock_runs_ = true;
  listen_from_ = from_sample;
  in_run_ = word_may_go_on_ = after_word;
  run_begin_ = from_sample;
  possible_end_said_ = false;
  has_reference_ = was_faint_ = false;
  n_levels_ = 0;
}

size_t PauseEndpointer::Push(const Step& step, EndpointEvent* events) noexcept {
  history_[n_steps_ % kHistorySteps] = step;
  ++n_steps_;
  return Judge(step, events);
}

Status PauseEndpointer::StartAfterWakeWord(int64_t sample, int64_t now_sample,
                                           const EndpointEvent** events,
                                           size_t* n_events) noexcept {
  const size_t n_kept = std::min(n_steps_, kHistorySteps);
  const size_t oldest = n_steps_ - n_kept;
  const int64_t earliest = n_kept < kHistorySteps
                               ? config_.first_sample
                               : history_[oldest % kHistorySteps].begin_sample;
  if (sample < earliest || sample > now_sample) {
    return Status::kInvalidArgument;
  }
  Listen(sample, true);
  TakeLevelOfWord(sample);
  *events = replayed_.data();
  *n_events = 0;
  for (size_t i = oldest; i < n_steps_; ++i) {
    Step step = history_[i % kHistorySteps];
    step.now_sample = now_sample;  // no decision lies in the past
    *n_events += Judge(step, replayed_.data() + *n_events);
  }
  return Status::kOk;
}

size_t PauseEndpointer::Judge(const Step& step, EndpointEvent* events) noexcept {
  if (step.end_sample <= listen_from_) {
    return 0;
  }
  FollowRun(step, IsFaint(step));
  switch (phase_) {
    case Phase::kListening:
    case Phase::kEnded:
      return JudgeSilence(step, events);
    case Phase::kSpeech:
    case Phase::kPause:
      return JudgeOpenUtterance(step, events);
  }
  return 0;
}

void PauseEndpointer::TakeLevelOfWord(int64_t word_end) noexcept {
  const size_t n_kept = std::min(n_steps_, kHistorySteps);
  for (size_t i = n_steps_ - n_kept; i < n_steps_; ++i) {
    const Step& step = history_[i % kHistorySteps];
    if (step.end_sample > word_end - kWordSamples && step.end_sample <= word_end &&
        step.probability >= config_.offset_threshold) {
      reference_ = has_reference_ ? std::max(reference_, step.level) : step.level;
      has_reference_ = true;
      n_loud_ = kFreeSteps;
    }
  }
}

// Whether a step of speech is too faint to be the speaker's. If not, updates the
// reference.
bool PauseEndpointer::IsFaint(const Step& step) noexcept {
  if (config_.level_range == 0.0F || step.probability < config_.offset_threshold) {
    n_levels_ = 0;
    was_faint_ = false;
    return false;
  }
  levels_[n_levels_++ % kLevelSteps] = step.level;
  const float loudest = *std::max_element(
      levels_.begin(),
      levels_.begin() + static_cast<std::ptrdiff_t>(std::min(n_levels_, kLevelSteps)));
  if (has_reference_ && loudest < reference_ - config_.level_range) {
    if (!was_faint_) {
      faint_begin_ = step.begin_sample;
    }
    was_faint_ = true;
    return true;
  }
  if (!has_reference_) {
    n_loud_ = 0;
    reference_ = loudest;
  } else if (loudest > reference_) {
    reference_ =
        n_loud_ < kFreeSteps ? loudest : std::min(loudest, reference_ + kRisePerStep);
  }
  has_reference_ = true;
  ++n_loud_;
  return false;
}

void PauseEndpointer::FollowRun(const Step& step, bool faint) noexcept {
  const float threshold = in_run_ ? config_.offset_threshold : config_.onset_threshold;
  const bool speech = !faint && step.probability >= threshold;
  if (speech && !in_run_) {
    run_begin_ = std::max(step.begin_sample, listen_from_);
    if (was_faint_) {
      run_begin_ = std::max(
          {faint_begin_, step.begin_sample - kFaintOnsetSamples, listen_from_});
    }
  }
  if (!faint) {
    was_faint_ = false;
  }
  in_run_ = speech;
  if (!speech) {
    word_may_go_on_ = false;
  } else if (phase_ == Phase::kSpeech) {
    speech_end_ = step.end_sample;
  }
}

size_t PauseEndpointer::JudgeSilence(const Step& step, EndpointEvent* events) noexcept {
  const bool resumes = phase_ == Phase::kEnded && run_begin_ <= grace_end_;
  if (in_run_) {
    const int64_t needed = word_may_go_on_ ? config_.word_tail : config_.min_speech;
    if (step.end_sample - run_begin_ < needed) {
      return 0;
    }
    EndpointReason reason =
        word_may_go_on_ ? EndpointReason::kAfterWakeWord : EndpointReason::kSpeech;
    phase_ = Phase::kSpeech;
    clock_runs_ = word_may_go_on_ = possible_end_said_ = false;
    speech_end_ = step.end_sample;
    if (!resumes) {
      speech_begin_ = run_begin_;
    }
    events[0] = Event(resumes ? EndpointKind::kResumed : EndpointKind::kSpeechStart,
                      reason, run_begin_, step);
    return 1;
  }
  if (phase_ == Phase::kEnded && step.end_sample > grace_end_) {
    phase_ = Phase::kListening;
    has_reference_ = false;  // the next speaker may be another one
  }
  if (!clock_runs_) {
    return 0;
  }
  const int64_t silence = step.end_sample - listen_from_;
  EndpointEvent event = Event(EndpointKind::kNoSpeech, EndpointReason::kNoSpeechTimeout,
                              step.end_sample, step);
  const bool timed_out =
      config_.no_speech_timeout > 0 && silence >= config_.no_speech_timeout;
  if (!timed_out && !FindRule(silence, &event)) {
    return 0;
  }
  clock_runs_ = has_reference_ = false;
  events[0] = event;
  return 1;
}

size_t PauseEndpointer::JudgeOpenUtterance(const Step& step,
                                           EndpointEvent* events) noexcept {
  size_t n = 0;
  if (phase_ == Phase::kPause && in_run_ &&
      step.end_sample - run_begin_ >= config_.min_speech) {
    phase_ = Phase::kSpeech;
    speech_end_ = step.end_sample;
    if (possible_end_said_) {
      events[n++] =
          Event(EndpointKind::kResumed, EndpointReason::kSpeech, run_begin_, step);
    }
    possible_end_said_ = false;
  } else if (phase_ == Phase::kSpeech && !in_run_) {
    phase_ = Phase::kPause;
  }
  const int64_t silence = step.end_sample - speech_end_;
  const bool may_be_speech = phase_ == Phase::kPause && in_run_;
  if (phase_ == Phase::kPause && !may_be_speech && !possible_end_said_ &&
      silence >= config_.possible_end) {
    possible_end_said_ = true;
    events[n++] =
        Event(EndpointKind::kPossibleEnd, EndpointReason::kPause, speech_end_, step);
  }
  EndpointEvent end =
      Event(EndpointKind::kEnd, EndpointReason::kMaxUtterance, speech_end_, step);
  const bool too_long = config_.max_utterance > 0 &&
                        step.end_sample - speech_begin_ >= config_.max_utterance;
  if (too_long || (!may_be_speech && FindRule(silence, &end))) {
    EndUtterance(step, end.reason == EndpointReason::kRule && phase_ == Phase::kPause);
    events[n++] = end;
  }
  return n;
}

// Finds the first rule that holds. Without speech the length of the utterance is 0.
bool PauseEndpointer::FindRule(int64_t silence, EndpointEvent* event) const noexcept {
  const bool spoken = phase_ == Phase::kSpeech || phase_ == Phase::kPause;
  const int64_t utterance = spoken ? speech_end_ - speech_begin_ : 0;
  for (size_t i = 0; i < config_.rules.size(); ++i) {
    const EndpointRule& rule = config_.rules[i];
    if ((spoken || !rule.must_contain_speech) && silence >= rule.min_trailing_silence &&
        utterance >= rule.min_utterance) {
      event->reason = EndpointReason::kRule;
      event->rule = i;
      return true;
    }
  }
  return false;
}

// Speech that continues after the longest utterance is a new utterance.
void PauseEndpointer::EndUtterance(const Step& step, bool may_resume) noexcept {
  phase_ = may_resume ? Phase::kEnded : Phase::kListening;
  has_reference_ = has_reference_ && may_resume;
  grace_end_ = step.now_sample + config_.grace;
  in_run_ = false;
  possible_end_said_ = false;
}

size_t PauseEndpointer::Close(int64_t now_sample, EndpointEvent* events) noexcept {
  const bool open = phase_ == Phase::kSpeech || phase_ == Phase::kPause;
  phase_ = Phase::kListening;
  clock_runs_ = in_run_ = false;
  if (!open) {
    return 0;
  }
  Step step;
  step.now_sample = now_sample;
  events[0] = Event(EndpointKind::kEnd, EndpointReason::kClosed, speech_end_, step);
  return 1;
}

size_t PauseEndpointer::bytes() const noexcept {
  return sizeof(*this) + config_.rules.size() * sizeof(EndpointRule) +
         replayed_.size() * sizeof(EndpointEvent);
}

}  // namespace pww
