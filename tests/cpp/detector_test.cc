#include "detect/detector.h"

#include <cstdint>
#include <vector>

#include "check.h"
#include "detect/smoother.h"

namespace pww {
namespace {

constexpr int64_t kStep = 640;  // one output every 40 ms
constexpr float kThreshold = 0.5F;

// Feeds scores to a detector. Outputs are kStep samples apart.
class Script {
 public:
  explicit Script(int64_t refractory_samples = 16000, int64_t first_sample = 0)
      : detector_(refractory_samples),
        first_sample_(first_sample),
        now_(first_sample + 400) {}

  // Returns whether a word was reported, which is then in span().
  bool Step(float score, float start_frames = 30.0F, float end_frames = 8.0F) {
    return Step(score, {score, start_frames, end_frames});
  }
  bool Step(float score, const Posterior& posterior) {
    now_ += kStep;
    return detector_.Step({score, posterior, now_, first_sample_}, &span_);
  }

  int CountReports(float score, int n_steps) {
    int reports = 0;
    for (int i = 0; i < n_steps; ++i) {
      reports += Step(score) ? 1 : 0;
    }
    return reports;
  }

  void Reset() { detector_.Reset(); }
  [[nodiscard]] int64_t now() const { return now_; }
  [[nodiscard]] const WordSpan& span() const { return span_; }

 private:
  Detector detector_;
  int64_t first_sample_;
  int64_t now_;
  WordSpan span_;
};

PWW_TEST(NothingBelowTheThreshold) {
  Script script;
  PWW_CHECK(script.CountReports(0.4999F, 1000) == 0);
}

PWW_TEST(ReportsTwoOutputsAfterTheCrossing) {
  Script script;
  script.CountReports(0.0F, 100);
  PWW_CHECK(!script.Step(0.5F));  // a score at the threshold is a crossing
  PWW_CHECK(!script.Step(0.59F));
  PWW_CHECK(script.Step(0.55F));
  PWW_CHECK(script.span().score == 0.59F);
  PWW_CHECK(script.span().detected_sample == script.now());
}

PWW_TEST(WaitsForTheHighestOfARisingScore) {
  Script script;
  script.CountReports(0.0F, 100);
  for (const float score : {0.5F, 0.62F, 0.65F, 0.75F, 0.9F, 0.95F, 0.97F}) {
    PWW_CHECK(!script.Step(score));
  }
  PWW_CHECK(script.Step(0.93F));  // three outputs after the last rise by 0.1
  PWW_CHECK(script.span().score == 0.97F);
}

PWW_TEST(WaitsNoLongerThanTheMostForARisingScore) {
  // Below 1 there is room for five rises by 0.1: each has to come just in time.
  Script script;
  script.CountReports(0.0F, 100);
  int n_outputs = 1;
  PWW_CHECK(!script.Step(0.5F));
  while (!script.Step(0.5F + 0.1001F * static_cast<float>((n_outputs + 1) / 3))) {
    ++n_outputs;
    PWW_CHECK(n_outputs <= Detector::kMostRisingOutputs);
  }
  PWW_CHECK(n_outputs == Detector::kMostRisingOutputs);
}

PWW_TEST(WaitsWhileTheWordIsNotOver) {
  Script script;
  script.CountReports(0.0F, 100);
  for (int i = 0; i < 4; ++i) {
    PWW_CHECK(!script.Step(0.9F, 30.0F, 5.9F));
  }
  PWW_CHECK(script.Step(0.9F, 30.0F, 6.0F));
}

PWW_TEST(WaitsNoLongerThanTheMost) {
  Script script;
  script.CountReports(0.0F, 100);
  for (int i = 0; i < Detector::kMostHoldOutputs; ++i) {
    PWW_CHECK(!script.Step(0.9F, 30.0F, 0.0F));
  }
  PWW_CHECK(script.Step(0.9F, 30.0F, 0.0F));
}

PWW_TEST(ReportsAtOnceWhenTheScoreFalls) {
  Script script;
  script.CountReports(0.0F, 100);
  const int64_t crossing = script.now() + kStep;
  PWW_CHECK(!script.Step(0.7F));
  PWW_CHECK(script.Step(0.1F, 0.0F, 0.0F));
  PWW_CHECK(script.span().score == 0.7F);
  PWW_CHECK(script.span().detected_sample == crossing + kStep);
  // The output below the threshold is no longer about the word.
  PWW_CHECK(script.span().start_sample == crossing - 30 * 160);
  PWW_CHECK(script.span().end_sample == crossing - 8 * 160);
}

PWW_TEST(StartAndEndAreMeansWeightedByThePosterior) {
  for (const int64_t first : {int64_t{0}, (int64_t{1} << 31) - 100}) {
    Script script(16000, first);
    script.CountReports(0.0F, 100);
    const int64_t crossing = script.now() + kStep;
    // Relative to the crossing, starts at -3200, -6400, -6400, ends at -1600, -800,
    // -1600.
    script.Step(0.6F, {0.25F, 20.0F, 10.0F});
    script.Step(0.6F, {0.5F, 44.0F, 9.0F});
    PWW_CHECK(script.Step(0.6F, {0.25F, 48.0F, 13.0F}));
    PWW_CHECK(script.span().start_sample == crossing - (3200 + 3 * 6400) / 4);
    // The end is the mean of the last two outputs only.
    PWW_CHECK(script.span().end_sample == crossing - 800);
  }
}

PWW_TEST(AZeroPosteriorUnderAHighScoreIsNoDivisionByZero) {
  Script script;
  script.CountReports(0.0F, 100);
  script.Step(0.6F, {0.0F, 30.0F, 5.0F});
  PWW_CHECK(script.Step(0.0F));
  PWW_CHECK(script.span().start_sample == script.now() - kStep - 30 * 160);
}

PWW_TEST(OneReportForALongPlateau) {
  Script script;
  PWW_CHECK(script.CountReports(0.9F, 1000) == 1);
  PWW_CHECK(script.CountReports(0.1F, 1) == 0);
  PWW_CHECK(script.CountReports(0.9F, 1000) ==
            1);  // it was below the threshold: armed again
}

PWW_TEST(RefractoryTimeCountsFromTheReport) {
  Script script(10 * kStep);
  PWW_CHECK(script.CountReports(0.9F, 3) == 1);
  const int64_t reported = script.now();
  PWW_CHECK(script.CountReports(0.1F, 5) == 0);
  int64_t next = 0;
  while (next == 0) {  // a new word that begins within the refractory time
    next = script.Step(0.9F) ? script.span().detected_sample : 0;
  }
  PWW_CHECK(next == reported + (10 + Detector::kLeastHoldOutputs) * kStep);
}

PWW_TEST(AMuchHigherScoreIsReportedWithinTheRefractoryTime) {
  Script script(20 * kStep);
  PWW_CHECK(script.CountReports(0.55F, 3) == 1);
  PWW_CHECK(script.CountReports(0.1F, 1) == 0);
  PWW_CHECK(script.CountReports(0.84F, 3) == 0);
  PWW_CHECK(script.CountReports(0.86F, 3) == 1);
  PWW_CHECK(script.span().score == 0.86F);
  PWW_CHECK(script.CountReports(0.1F, 1) == 0);
  PWW_CHECK(script.CountReports(1.0F, 3) == 0);
}

PWW_TEST(StartIsClampedToTheStream) {
  for (const int64_t first : {int64_t{0}, int64_t{1000}}) {
    Script script(16000, first);
    script.Step(0.9F, 200.0F, 100.0F);
    PWW_CHECK(script.Step(0.1F));
    PWW_CHECK(script.span().start_sample == first);
    PWW_CHECK(script.span().end_sample == first + 1);
  }
}

PWW_TEST(EndIsClampedToWhatWasHeard) {
  Script script;
  script.CountReports(0.0F, 10);
  script.Step(0.9F, 10.0F, -20.0F);
  PWW_CHECK(script.Step(0.1F));
  PWW_CHECK(script.span().end_sample == script.now());
}

PWW_TEST(StartStaysBeforeEnd) {
  Script script;
  script.CountReports(0.0F, 10);
  script.Step(0.9F, 5.0F, 20.0F);
  PWW_CHECK(script.Step(0.1F));
  PWW_CHECK(script.span().start_sample == script.span().end_sample - 1);
}

PWW_TEST(ResetDropsTheCandidateAndTheRefractoryTime) {
  Script script;
  PWW_CHECK(!script.Step(0.9F));
  script.Reset();
  PWW_CHECK(script.CountReports(0.0F, 10) == 0);
  PWW_CHECK(script.CountReports(0.9F, 3) == 1);
  script.Reset();
  PWW_CHECK(script.CountReports(0.9F, 3) == 1);
}

PWW_TEST(SmootherIsTheMeanWithZerosBeforeTheStart) {
  Smoother smoother(4);
  PWW_CHECK(smoother.Push(1.0F) == 0.25F);
  PWW_CHECK(smoother.Push(1.0F) == 0.5F);
  PWW_CHECK(smoother.Push(0.5F) == 0.625F);
  PWW_CHECK(smoother.Push(0.5F) == 0.75F);
  PWW_CHECK(smoother.Push(0.0F) == 0.5F);
  smoother.Reset();
  PWW_CHECK(smoother.Push(1.0F) == 0.25F);
}

}  // namespace
}  // namespace pww

int main() { return pww::test::RunAll(); }
