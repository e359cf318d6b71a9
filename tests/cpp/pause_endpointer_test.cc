#include "detect/pause_endpointer.h"

#include <string>
#include <utility>
#include <vector>

#include "check.h"

namespace pww {
namespace {

using Kind = EndpointKind;
using Reason = EndpointReason;

constexpr int64_t kStep = 640;  // 40 ms
constexpr int64_t kLag = 760;   // audio that the network got after the step

struct Expected {
  Kind kind;
  Reason reason;
  int64_t step;  // event.sample is where this step begins
};

// A stream of posteriors, one letter per step: '#' speech, '~' between the thresholds,
// '.' silence; 'q' speech that is 20 dB fainter, 'b' a bang 20 dB louder.
class Script {
 public:
  explicit Script(const PauseEndpointer::Config& config) : endpointer_(config) {}

  Script& Play(const std::string& letters) {
    for (const char letter : letters) {
      PauseEndpointer::Step step;
      step.probability = letter == '.' ? 0.1F : letter == '~' ? 0.4F : 0.9F;
      step.level = letter == 'q' ? -20.0F : letter == 'b' ? 20.0F : 0.0F;
      step.begin_sample = n_steps_ * kStep;
      step.end_sample = step.begin_sample + kStep;
      step.now_sample = step.end_sample + kLag;
      EndpointEvent found[PauseEndpointer::kMostEventsPerStep];
      const size_t n = endpointer_.Push(step, found);
      ++n_steps_;
      for (size_t i = 0; i < n; ++i) {
        PWW_CHECK(found[i].decided_sample == step.now_sample);
        events_.push_back(found[i]);
      }
    }
    return *this;
  }

  Script& Times(int count, const std::string& letters) {
    for (int i = 0; i < count; ++i) {
      Play(letters);
    }
    return *this;
  }

  Status StartAfterWord(int64_t sample) {
    const EndpointEvent* found = nullptr;
    size_t n = 0;
    const Status status = endpointer_.StartAfterWakeWord(sample, now(), &found, &n);
    events_.insert(events_.end(), found, found + n);
    return status;
  }

  [[nodiscard]] int64_t now() const { return n_steps_ * kStep + kLag; }
  [[nodiscard]] const std::vector<EndpointEvent>& events() const { return events_; }
  PauseEndpointer& endpointer() { return endpointer_; }
  void Forget() { events_.clear(); }

  [[nodiscard]] bool Gave(const std::vector<Expected>& expected) const {
    bool equal = events_.size() == expected.size();
    for (size_t i = 0; equal && i < expected.size(); ++i) {
      equal = events_[i].kind == expected[i].kind &&
              events_[i].reason == expected[i].reason &&
              events_[i].sample == expected[i].step * kStep;
    }
    if (!equal) {
      for (const EndpointEvent& event : events_) {
        std::printf("  got kind %d reason %d step %g\n", static_cast<int>(event.kind),
                    static_cast<int>(event.reason),
                    static_cast<double>(event.sample) / kStep);
      }
    }
    return equal;
  }

 private:
  PauseEndpointer endpointer_;
  int64_t n_steps_ = 0;
  std::vector<EndpointEvent> events_;
};

PauseEndpointer::Config Default() {
  PauseEndpointer::Config config;
  config.min_speech = 2 * kStep;
  return config;
}

PWW_TEST(AnUtteranceStartsPausesAndEnds) {
  Script script(Default());
  script.Play("...").Times(20, "#").Times(30, ".");
  PWW_CHECK(script.Gave({{Kind::kSpeechStart, Reason::kSpeech, 3},
                         {Kind::kPossibleEnd, Reason::kPause, 23},
                         {Kind::kEnd, Reason::kRule, 23}}));
  // 200 and 800 ms of silence, as far as judged.
  PWW_CHECK(script.events()[1].decided_sample == (23 + 5) * kStep + kLag);
  PWW_CHECK(script.events()[2].decided_sample == (23 + 20) * kStep + kLag);
}

PWW_TEST(ShortSoundsAreNotSpeech) {
  Script script(Default());
  script.Times(20, "#....");
  PWW_CHECK(script.Gave({}));
}

PWW_TEST(WeakPosteriorsHoldSpeechButDoNotStartIt) {
  Script script(Default());
  script.Times(10, "~").Play("##").Times(10, "~").Times(5, ".");
  PWW_CHECK(script.Gave({{Kind::kSpeechStart, Reason::kSpeech, 10},
                         {Kind::kPossibleEnd, Reason::kPause, 22}}));
}

PWW_TEST(SpeechResumesInAPause) {
  Script script(Default());
  script.Times(10, "#").Times(10, ".").Times(10, "#").Times(20, ".");
  PWW_CHECK(script.Gave({{Kind::kSpeechStart, Reason::kSpeech, 0},
                         {Kind::kPossibleEnd, Reason::kPause, 10},
                         {Kind::kResumed, Reason::kSpeech, 20},
                         {Kind::kPossibleEnd, Reason::kPause, 30},
                         {Kind::kEnd, Reason::kRule, 30}}));
}

PWW_TEST(AShortPauseIsNoEvent) {
  Script script(Default());
  script.Times(10, "#").Times(4, ".").Times(10, "#");
  PWW_CHECK(script.Gave({{Kind::kSpeechStart, Reason::kSpeech, 0}}));
}

PWW_TEST(AClickDoesNotProlongAPause) {
  Script script(Default());
  script.Times(10, "#").Times(9, ".").Play("#").Times(10, ".");
  PWW_CHECK(script.Gave({{Kind::kSpeechStart, Reason::kSpeech, 0},
                         {Kind::kPossibleEnd, Reason::kPause, 10},
                         {Kind::kEnd, Reason::kRule, 10}}));
}

PWW_TEST(TheFirstSoundAfterAPauseIsHeardOutBeforeTheEnd) {
  Script script(Default());
  // The 20th step of silence would end it, but speech has just started.
  script.Times(10, "#").Times(19, ".").Play("##");
  PWW_CHECK(script.Gave({{Kind::kSpeechStart, Reason::kSpeech, 0},
                         {Kind::kPossibleEnd, Reason::kPause, 10},
                         {Kind::kResumed, Reason::kSpeech, 29}}));
}

PWW_TEST(SpeechSoonAfterTheEndTakesItBack) {
  Script script(Default());
  script.Times(10, "#").Times(30, ".").Times(5, "#").Times(20, ".");
  PWW_CHECK(script.Gave({{Kind::kSpeechStart, Reason::kSpeech, 0},
                         {Kind::kPossibleEnd, Reason::kPause, 10},
                         {Kind::kEnd, Reason::kRule, 10},
                         {Kind::kResumed, Reason::kSpeech, 40},
                         {Kind::kPossibleEnd, Reason::kPause, 45},
                         {Kind::kEnd, Reason::kRule, 45}}));
}

PWW_TEST(SpeechLongAfterTheEndIsANewUtterance) {
  Script script(Default());
  script.Times(10, "#").Times(60, ".").Times(5, "#");
  PWW_CHECK(script.events().size() == 4);
  PWW_CHECK(script.events().back().kind == Kind::kSpeechStart);
  PWW_CHECK(script.events().back().sample == 70 * kStep);
}

PWW_TEST(NoSpeechComesOnce) {
  Script script(Default());
  script.Times(400, ".");
  PWW_CHECK(script.Gave({{Kind::kNoSpeech, Reason::kNoSpeechTimeout, 125}}));
}

PWW_TEST(SpeechThatBeganBeforeTheTimeoutCounts) {
  Script script(Default());
  script.Times(124, ".").Times(5, "#");
  PWW_CHECK(script.Gave({{Kind::kSpeechStart, Reason::kSpeech, 124}}));
}

PWW_TEST(TheSilenceAfterAnUtteranceIsNoTimeout) {
  Script script(Default());
  script.Times(10, "#").Times(400, ".");
  PWW_CHECK(script.events().size() == 3);
}

PWW_TEST(ALongUtteranceIsCutAndGoesOnAsAnother) {
  PauseEndpointer::Config config = Default();
  config.max_utterance = 10 * kStep;
  Script script(config);
  script.Times(15, "#");
  PWW_CHECK(script.Gave({{Kind::kSpeechStart, Reason::kSpeech, 0},
                         {Kind::kEnd, Reason::kMaxUtterance, 10},
                         {Kind::kSpeechStart, Reason::kSpeech, 10}}));
}

PWW_TEST(TheFirstRuleThatHoldsEndsTheUtterance) {
  PauseEndpointer::Config config = Default();
  config.rules.resize(2);
  config.rules[0] = {true, 20 * kStep, 0};
  config.rules[1] = {true, 5 * kStep, 50 * kStep};
  Script script(config);
  script.Times(10, "#").Times(20, ".");
  PWW_CHECK(script.events().back().rule == 0);
  script.Times(60, ".").Times(50, "#").Times(5, ".");
  PWW_CHECK(script.events().back().kind == Kind::kEnd);
  PWW_CHECK(script.events().back().rule == 1);
}

PWW_TEST(WhatIsMuchFainterThanTheSpeakerDoesNotGoOnWithTheUtterance) {
  Script script(Default());
  // The last 400 ms count, so a faint sound is speech that long after the speech.
  script.Times(10, "#").Times(9, "q").Times(5, "qqqqq..");
  PWW_CHECK(script.Gave({{Kind::kSpeechStart, Reason::kSpeech, 0},
                         {Kind::kPossibleEnd, Reason::kPause, 19},
                         {Kind::kEnd, Reason::kRule, 19}}));
}

PWW_TEST(AnyLevelIsSpeechWithoutALimit) {
  PauseEndpointer::Config config = Default();
  config.level_range = 0.0F;
  Script script(config);
  script.Times(10, "#").Times(30, "qqqqq..");
  PWW_CHECK(script.Gave({{Kind::kSpeechStart, Reason::kSpeech, 0}}));
}

PWW_TEST(FaintConsonantsBelongToTheUtterance) {
  Script script(Default());
  script.Times(10, "##qqqq").Times(10, ".").Play("qq###").Times(5, ".");
  PWW_CHECK(script.Gave({{Kind::kSpeechStart, Reason::kSpeech, 0},
                         {Kind::kPossibleEnd, Reason::kPause, 60},
                         {Kind::kResumed, Reason::kSpeech, 70},
                         {Kind::kPossibleEnd, Reason::kPause, 75}}));
}

PWW_TEST(AFaintUtteranceIsHeardWhereNobodySpokeLouder) {
  Script script(Default());
  script.Times(10, "q").Times(20, ".");
  PWW_CHECK(script.events().size() == 3);
  // A new utterance may be fainter than the last, once that can no longer resume.
  Script after(Default());
  after.Times(10, "#").Times(30, ".").Times(5, "q").Times(30, ".").Times(5, "q");
  PWW_CHECK(after.Gave({{Kind::kSpeechStart, Reason::kSpeech, 0},
                        {Kind::kPossibleEnd, Reason::kPause, 10},
                        {Kind::kEnd, Reason::kRule, 10},
                        {Kind::kSpeechStart, Reason::kSpeech, 75}}));
}

PWW_TEST(ABangDoesNotMakeTheSpeakerFaint) {
  Script script(Default());
  script.Times(10, "#").Times(3, "b").Times(20, "#").Times(5, ".");
  PWW_CHECK(script.Gave({{Kind::kSpeechStart, Reason::kSpeech, 0},
                         {Kind::kPossibleEnd, Reason::kPause, 33}}));
}

PWW_TEST(TheWakeWordSetsTheLevelOfTheCommand) {
  Script script(Default());
  script.Times(25, ".").Times(15, "#").Times(4, ".");
  script.Forget();
  PWW_CHECK(script.StartAfterWord(40 * kStep) == Status::kOk);
  script.Times(20, "q").Times(10, ".");
  PWW_CHECK(script.Gave({}));  // a voice far behind the speaker
  script.Times(10, "#").Times(5, ".");
  PWW_CHECK(script.Gave({{Kind::kSpeechStart, Reason::kSpeech, 74},
                         {Kind::kPossibleEnd, Reason::kPause, 84}}));
  // A faint word, then an equally faint command.
  Script faint(Default());
  faint.Times(15, "#").Times(30, ".").Times(15, "q");
  faint.Forget();
  PWW_CHECK(faint.StartAfterWord(60 * kStep) == Status::kOk);
  faint.Times(5, ".").Times(10, "q").Times(5, ".");
  PWW_CHECK(faint.Gave({{Kind::kSpeechStart, Reason::kSpeech, 65},
                        {Kind::kPossibleEnd, Reason::kPause, 75}}));
}

PWW_TEST(ARuleThatNeedsNoSpeechGivesNoSpeech) {
  PauseEndpointer::Config config = Default();
  config.rules[0] = {false, 10 * kStep, 0};
  Script script(config);
  script.Times(50, ".");
  PWW_CHECK(script.Gave({{Kind::kNoSpeech, Reason::kRule, 10}}));
}

PWW_TEST(ACommandRightAfterTheWakeWord) {
  Script script(Default());
  script.Times(25, ".").Times(15, "#");  // the word and the start of the command
  script.Forget();
  PWW_CHECK(script.StartAfterWord(36 * kStep) == Status::kOk);
  PWW_CHECK(script.Gave({}));
  script.Times(10, "#").Times(20, ".");
  PWW_CHECK(script.Gave({{Kind::kSpeechStart, Reason::kAfterWakeWord, 36},
                         {Kind::kPossibleEnd, Reason::kPause, 50},
                         {Kind::kEnd, Reason::kRule, 50}}));
}

PWW_TEST(TheTailOfTheWakeWordIsNoCommand) {
  Script script(Default());
  script.Times(25, ".").Times(15, "#");
  script.Forget();
  PWW_CHECK(script.StartAfterWord(36 * kStep) == Status::kOk);
  script.Play("#").Times(30, ".").Times(10, "#");
  PWW_CHECK(script.Gave({{Kind::kSpeechStart, Reason::kSpeech, 71}}));
}

PWW_TEST(NoCommandAfterTheWakeWord) {
  Script script(Default());
  script.Times(300, ".").Times(15, "#");
  script.Forget();
  PWW_CHECK(script.StartAfterWord(314 * kStep) == Status::kOk);
  script.Times(200, ".");
  PWW_CHECK(script.Gave({{Kind::kNoSpeech, Reason::kNoSpeechTimeout, 314 + 125}}));
}

PWW_TEST(WhatWasHeardSinceTheWakeWordIsJudgedAtOnce) {
  Script script(Default());
  script.Times(15, "#").Times(10, ".").Times(10, "#").Times(6, ".");
  script.Forget();
  PWW_CHECK(script.StartAfterWord(15 * kStep) == Status::kOk);
  PWW_CHECK(script.Gave({{Kind::kSpeechStart, Reason::kSpeech, 25},
                         {Kind::kPossibleEnd, Reason::kPause, 35}}));
  for (const EndpointEvent& event : script.events()) {
    PWW_CHECK(event.decided_sample == script.now());
  }
}

PWW_TEST(AWakeWordMustLieInTheHistory) {
  Script script(Default());
  script.Times(300, ".");
  PWW_CHECK(script.StartAfterWord(script.now() + 1) == Status::kInvalidArgument);
  PWW_CHECK(script.StartAfterWord(43 * kStep) == Status::kInvalidArgument);
  PWW_CHECK(script.StartAfterWord(44 * kStep) == Status::kOk);
  PWW_CHECK(script.StartAfterWord(script.now()) == Status::kOk);
}

PWW_TEST(ClosingEndsWhatIsOpen) {
  Script script(Default());
  EndpointEvent event;
  PWW_CHECK(script.endpointer().Close(5, &event) == 0);
  script.Times(10, "#").Play("..");
  PWW_CHECK(script.endpointer().Close(9999, &event) == 1);
  PWW_CHECK(event.kind == Kind::kEnd && event.reason == Reason::kClosed);
  PWW_CHECK(event.sample == 10 * kStep && event.decided_sample == 9999);
  PWW_CHECK(script.endpointer().Close(9999, &event) == 0);
}

PWW_TEST(BadSettingsAreRefusedByName) {
  std::string message;
  PWW_CHECK(PauseEndpointer::Check(Default(), &message) == Status::kOk);
  const auto refuses = [&](auto spoil, const char* text) {
    PauseEndpointer::Config config = Default();
    spoil(&config);
    PWW_CHECK(PauseEndpointer::Check(config, &message) == Status::kInvalidArgument);
    PWW_CHECK(message.find(text) != std::string::npos);
  };
  using Config = PauseEndpointer::Config;
  refuses([](Config* c) { c->rules.clear(); }, "rules");
  refuses([](Config* c) { c->rules[0] = {true, 0, 0}; }, "always holds");
  refuses([](Config* c) { c->rules[0].min_utterance = -1; }, "rule");
  refuses([](Config* c) { c->offset_threshold = 0.6F; }, "offset <= onset");
  refuses([](Config* c) { c->onset_threshold = 0.0F / 0.0F; }, "thresholds");
  refuses([](Config* c) { c->grace = -1; }, "lengths");
  refuses([](Config* c) { c->level_range = -1.0F; }, "level_range");
  refuses([](Config* c) { c->level_range = 0.0F / 0.0F; }, "level_range");
  refuses([](Config* c) { c->first_sample = -1; }, "first_sample");
}

}  // namespace
}  // namespace pww

int main() { return pww::test::RunAll(); }
