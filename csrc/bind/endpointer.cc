#include "detect/endpointer.h"

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "bind/bind.h"
#include "bind/errors.h"
#include "bind/front_end.h"
#include "bind/numpy.h"
#include "bind/stream_guard.h"

namespace pww {
namespace {

namespace py = pybind11;
using py::literals::operator""_a;

// name, must_contain_speech, min_trailing_silence and min_utterance in samples
using RawRule = std::tuple<std::string, bool, int64_t, int64_t>;
// kind, sample, decided_sample, reason
using RawEvent = std::tuple<std::string, int64_t, int64_t, std::string>;

const char* KindName(EndpointKind kind) {
  switch (kind) {
    case EndpointKind::kSpeechStart:
      return "SpeechStart";
    case EndpointKind::kPossibleEnd:
      return "PossibleEnd";
    case EndpointKind::kEnd:
      return "End";
    case EndpointKind::kResumed:
      return "Resumed";
    case EndpointKind::kNoSpeech:
      return "NoSpeech";
  }
  return "";
}

class PyEndpointer {
 public:
  PyEndpointer(const std::shared_ptr<Model>& model, int delay_frames,
               const std::vector<RawRule>& rules, float onset_threshold,
               float offset_threshold, int64_t min_speech, int64_t possible_end,
               int64_t word_tail, int64_t grace, int64_t no_speech_timeout,
               int64_t max_utterance, float level_range, int64_t first_sample) {
    PauseEndpointer::Config config;
    config.rules.clear();
    for (const auto& [name, must_contain_speech, silence, utterance] : rules) {
      config.rules.push_back({must_contain_speech, silence, utterance});
      rule_names_.push_back(name);
    }
    config.onset_threshold = onset_threshold;
    config.offset_threshold = offset_threshold;
    config.min_speech = min_speech;
    config.possible_end = possible_end;
    config.word_tail = word_tail;
    config.grace = grace;
    config.no_speech_timeout = no_speech_timeout;
    config.max_utterance = max_utterance;
    config.level_range = level_range;
    config.first_sample = first_sample;
    std::string message;
    std::unique_ptr<Vad> vad;
    ThrowIfError(Vad::Create(model, delay_frames, &vad, &message), message);
    ThrowIfError(Endpointer::Create(config, std::move(vad), &endpointer_, &message),
                 message);
  }

  std::vector<RawEvent> Process(const py::object& pcm) {
    std::vector<EndpointEvent> events;
    Run(pcm, [&](const Endpointer::Output& output) { Append(output, &events); });
    return ToPython(events.data(), events.size());
  }

  py::array_t<float> Probabilities(const py::object& pcm) {
    std::vector<float> values;
    Run(pcm, [&](const Endpointer::Output& output) {
      values.push_back(output.probability);
    });
    return OwnedArray(values);
  }

  std::pair<std::vector<RawEvent>, py::array_t<float>> ProcessWithProbabilities(
      const py::object& pcm) {
    std::vector<EndpointEvent> events;
    std::vector<float> values;
    Run(pcm, [&](const Endpointer::Output& output) {
      Append(output, &events);
      values.push_back(output.probability);
    });
    return {ToPython(events.data(), events.size()), OwnedArray(values)};
  }

  std::vector<RawEvent> StartAfterWakeWord(int64_t sample) {
    const StreamGuard guard(&busy_);
    const EndpointEvent* events = nullptr;
    size_t n_events = 0;
    ThrowIfError(endpointer_->StartAfterWakeWord(sample, &events, &n_events),
                 "end_sample must lie in the last 10 s of the stream");
    return ToPython(events, n_events);
  }

  std::vector<RawEvent> Close() {
    const StreamGuard guard(&busy_);
    const EndpointEvent* events = nullptr;
    size_t n_events = 0;
    endpointer_->Close(&events, &n_events);
    return ToPython(events, n_events);
  }

  void Reset() {
    const StreamGuard guard(&busy_);
    endpointer_->Reset();
  }

  bool ShareFrontEnd(const py::object& spotter) {
    const std::optional<FrontEnd> other = FrontEndOf(spotter);
    if (!other.has_value()) {
      return false;
    }
    const StreamGuard guard(&busy_);
    const StreamGuard other_guard(other->busy);
    endpointer_->front_end()->ShareWith(other->lfbe);
    return true;
  }

  [[nodiscard]] const Endpointer& endpointer() const { return *endpointer_; }

 private:
  static void Append(const Endpointer::Output& output,
                     std::vector<EndpointEvent>* events) {
    events->insert(events->end(), output.events, output.events + output.n_events);
  }

  // Feeds `pcm` to the endpointer and calls `on_output`, without the GIL, per frame.
  template <typename OnOutput>
  void Run(const py::object& pcm_object, OnOutput on_output) {
    const PcmArgument argument = TakePcm(pcm_object);
    const ArrayView<int16_t>& pcm = argument.samples;
    const StreamGuard guard(&busy_);
    const py::gil_scoped_release release;  // no Python object is touched below
    for (size_t begin = 0; begin < pcm.size;) {
      const Endpointer::Output* output = nullptr;
      begin += endpointer_->Process(pcm.data + begin, pcm.size - begin, &output);
      if (output != nullptr) {
        on_output(*output);
      }
    }
  }

  [[nodiscard]] std::string ReasonName(const EndpointEvent& event) const {
    switch (event.reason) {
      case EndpointReason::kSpeech:
        return "speech";
      case EndpointReason::kAfterWakeWord:
        return "after_wake_word";
      case EndpointReason::kPause:
        return "pause";
      case EndpointReason::kRule:
        return rule_names_[event.rule];
      case EndpointReason::kNoSpeechTimeout:
        return "no_speech_timeout";
      case EndpointReason::kMaxUtterance:
        return "max_utterance";
      case EndpointReason::kClosed:
        return "closed";
    }
    return "";
  }

  [[nodiscard]] std::vector<RawEvent> ToPython(const EndpointEvent* events,
                                               size_t n_events) const {
    std::vector<RawEvent> converted;
    converted.reserve(n_events);
    for (size_t i = 0; i < n_events; ++i) {
      converted.emplace_back(KindName(events[i].kind), events[i].sample,
                             events[i].decided_sample, ReasonName(events[i]));
    }
    return converted;
  }

  std::vector<std::string> rule_names_;
  std::unique_ptr<Endpointer> endpointer_;
  BusyFlag busy_;
};

}  // namespace

void BindEndpointer(py::module_& m) {
  py::class_<PyEndpointer>(m, "Endpointer", "PCM in, endpointing events out.")
      .def(py::init<const std::shared_ptr<Model>&, int, const std::vector<RawRule>&,
                    float, float, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t,
                    float, int64_t>(),
           // As with a spotter's networks.
           py::keep_alive<1, 2>(), "vad"_a, py::kw_only(), "delay_frames"_a, "rules"_a,
           "onset_threshold"_a, "offset_threshold"_a, "min_speech"_a, "possible_end"_a,
           "word_tail"_a, "grace"_a, "no_speech_timeout"_a, "max_utterance"_a,
           "level_range"_a, "first_sample"_a = 0)
      .def("process", &PyEndpointer::Process, "pcm"_a,
           "Consume int16 samples; return (kind, sample, decided_sample, reason)s.")
      .def("probabilities", &PyEndpointer::Probabilities, "pcm"_a,
           "Consume int16 samples; return one posterior per frame of 10 ms.\n\n"
           "Events are discarded; process_with_probabilities returns both.")
      .def("process_with_probabilities", &PyEndpointer::ProcessWithProbabilities,
           "pcm"_a,
           "Consume int16 samples; return what process and probabilities return.")
      .def("start_after_wake_word", &PyEndpointer::StartAfterWakeWord, "end_sample"_a)
      .def("close", &PyEndpointer::Close)
      .def("reset", &PyEndpointer::Reset)
      .def("share_front_end", &PyEndpointer::ShareFrontEnd, "spotter"_a,
           "Compute frames of the same samples once for both; False if `spotter` is "
           "not\n"
           "of this module.")
      .def_property_readonly(
          "now_sample",
          [](const PyEndpointer& self) { return self.endpointer().now_sample(); })
      .def_property_readonly(
          "nbytes", [](const PyEndpointer& self) { return self.endpointer().bytes(); });
}

}  // namespace pww
