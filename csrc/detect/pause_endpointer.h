#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace pww {

enum class EndpointKind : uint8_t {
  kSpeechStart,
  kPossibleEnd,  // a short pause: speech may continue
  kEnd,
  kResumed,  // speech after kPossibleEnd, or soon after kEnd
  kNoSpeech,
};

enum class EndpointReason : uint8_t {
  kSpeech,
  kAfterWakeWord,  // speech followed the wake word without a pause
  kPause,
  kRule,  // see EndpointEvent::rule
  kNoSpeechTimeout,
  kMaxUtterance,
  kClosed,
};

struct EndpointEvent {
  EndpointKind kind = EndpointKind::kSpeechStart;
  EndpointReason reason = EndpointReason::kSpeech;
  size_t rule = 0;
  int64_t sample = 0;          // where speech began or ended
  int64_t decided_sample = 0;  // samples consumed at the decision
};

// After Kaldi's online endpointing: ends the utterance when every condition holds.
struct EndpointRule {
  // False: also without speech. The silence then counts from where listening began, and
  // the event is kNoSpeech.
  bool must_contain_speech = true;
  int64_t min_trailing_silence = 12800;  // samples
  int64_t min_utterance = 0;             // samples, from the start of speech to its end
};

// Decides from speech posteriors when an utterance starts, pauses and ends.
//
// Time is counted in samples, never in wall time: equal posteriors give equal events.
// Speech begins where the posterior reaches the onset threshold and lasts while it
// stays at or above the offset threshold. Stretches shorter than min_speech are not
// speech, at the start and in a pause. Nothing is decided while such a stretch is open,
// so the first word after a pause never turns the pause into an end.
//
// Sounds much fainter than the speaker are not speech: a step counts as speech only if
// the loudest of the last few steps is within level_range of the loudest speech since
// listening began, including the wake word. So an utterance ends even while a faint
// background sound that the network takes for speech continues.
//
// After an utterance the endpointer waits for the next one without the no-speech clock.
// That clock runs only from Reset() and StartAfterWakeWord().
//
// Only the constructor allocates. One thread at a time.
class PauseEndpointer {
 public:
  static constexpr size_t kHistorySteps = 256;     // 10 s of steps of 40 ms
  static constexpr size_t kMostEventsPerStep = 2;  // a possible end and an end
  static constexpr size_t kLevelSteps = 10;        // a last consonant is faint: 400 ms

  struct Config {  // lengths in samples
    std::vector<EndpointRule> rules = std::vector<EndpointRule>(1);
    float onset_threshold = 0.5F;
    float offset_threshold = 0.35F;
    int64_t min_speech = 2560;
    int64_t possible_end = 3200;
    // Speech under way at the end of the wake word belongs to the word, unless it lasts
    // longer than this.
    int64_t word_tail = 4000;
    int64_t grace = 16000;  // after an End, for Resumed
    int64_t no_speech_timeout = 80000;
    int64_t max_utterance = 320000;  // 0: no limit, also in no_speech_timeout
    float level_range = 18.0F;       // dB; 0: off
    int64_t first_sample = 0;
  };

  // One posterior. Steps are consecutive and of equal length.
  struct Step {
    float probability = 0.0F;
    int64_t begin_sample = 0;  // the audio that it is about
    int64_t end_sample = 0;
    int64_t now_sample = 0;  // samples consumed
    float level = 0.0F;      // dB, to any reference
  };

  [[nodiscard]] static Status Check(const Config& config, std::string* message);

  explicit PauseEndpointer(const Config& config);  // which passed Check()

  // Writes up to kMostEventsPerStep events and returns their number.
  [[nodiscard]] size_t Push(const Step& step, EndpointEvent* events) noexcept;

  // Forgets the utterance and listens from `sample` on, the end of a wake word, where
  // the no-speech clock starts. Audio since then is judged at once; `*events` is valid
  // until the next call. Refuses a sample after now_sample or before the last
  // kHistorySteps steps.
  [[nodiscard]] Status StartAfterWakeWord(int64_t sample, int64_t now_sample,
                                          const EndpointEvent** events,
                                          size_t* n_events) noexcept;

  // Ends the open utterance, if any, at the end of the stream.
  [[nodiscard]] size_t Close(int64_t now_sample, EndpointEvent* events) noexcept;

  void Reset() noexcept;

  [[nodiscard]] size_t bytes() const noexcept;

 private:
  enum class Phase : uint8_t { kListening, kSpeech, kPause, kEnded };

  void Listen(int64_t from_sample, bool after_word) noexcept;
  [[nodiscard]] size_t Judge(const Step& step, EndpointEvent* events) noexcept;
  [[nodiscard]] bool IsFaint(const Step& step) noexcept;
  void TakeLevelOfWord(int64_t word_end) noexcept;
  void FollowRun(const Step& step, bool faint) noexcept;
  [[nodiscard]] size_t JudgeSilence(const Step& step, EndpointEvent* events) noexcept;
  [[nodiscard]] size_t JudgeOpenUtterance(const Step& step,
                                          EndpointEvent* events) noexcept;
  [[nodiscard]] bool FindRule(int64_t silence, EndpointEvent* event) const noexcept;
  void EndUtterance(const Step& step, bool may_resume) noexcept;

  Config config_;
  Phase phase_ = Phase::kListening;
  bool clock_runs_ = true;  // for no_speech_timeout, from listen_from_
  int64_t listen_from_ = 0;
  // The open stretch above the thresholds.
  bool in_run_ = false;
  bool word_may_go_on_ = false;  // it may be part of the wake word
  int64_t run_begin_ = 0;
  // Levels. The reference is the speaker's level, once known.
  bool has_reference_ = false;
  float reference_ = 0.0F;
  size_t n_loud_ = 0;  // steps that made the reference
  std::array<float, kLevelSteps> levels_{};
  size_t n_levels_ = 0;     // of the open stretch above the offset threshold
  bool was_faint_ = false;  // it began too faint
  int64_t faint_begin_ = 0;
  // The utterance.
  int64_t speech_begin_ = 0;
  int64_t speech_end_ = 0;
  bool possible_end_said_ = false;
  int64_t grace_end_ = 0;
  // Newest steps, as a ring, to be judged again after a wake word.
  std::array<Step, kHistorySteps> history_{};
  size_t n_steps_ = 0;  // ever pushed
  std::vector<EndpointEvent> replayed_;
};

}  // namespace pww
