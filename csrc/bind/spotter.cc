#include "detect/spotter.h"

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "bind/bind.h"
#include "bind/errors.h"
#include "bind/front_end.h"
#include "bind/numpy.h"
#include "bind/python_network.h"
#include "bind/stream_guard.h"
#include "detect/network_source.h"

namespace pww {
namespace {

namespace py = pybind11;
using py::literals::operator""_a;

struct RawDetection {
  size_t keyword_index;
  float score;
  int64_t start_sample;
  int64_t end_sample;
  int64_t detected_sample;
  py::array_t<int16_t> snippet;
  int64_t pre_roll_samples;
  std::tuple<int, int, int> state;
};

// A detection and its snippet, made while the GIL is released.
struct Found {
  Detection detection;
  std::vector<int16_t> snippet;
};

Found CopyOut(const Detection& detection, const AudioRing& history) {
  const int64_t begin = detection.snippet_begin;
  const int64_t end = detection.word.detected_sample;
  Found found{detection, std::vector<int16_t>(static_cast<size_t>(end - begin))};
  // The spotter clips the snippet to what the history holds at this point.
  if (!history.Copy(begin, end, found.snippet.data())) {
    throw std::logic_error("the snippet is not in the history");
  }
  return found;
}

RawDetection ToPython(const Found& found) {
  const Detection& detection = found.detection;
  return {detection.keyword,
          detection.word.score,
          detection.word.start_sample,
          detection.word.end_sample,
          detection.word.detected_sample,
          OwnedArray(found.snippet),
          detection.word.start_sample - detection.snippet_begin,
          {detection.state.device_type, detection.state.playback,
           detection.state.volume_bucket}};
}

class PySpotter {
 public:
  PySpotter(const py::sequence& networks, const std::vector<float>& thresholds,
            const std::vector<int>& smoothing_outputs, double refractory_s,
            double history_s, double pre_roll_s,
            const std::tuple<int, int, int>& state_sizes, int64_t first_sample) {
    if (smoothing_outputs.size() != thresholds.size()) {
      throw py::value_error("thresholds and smoothing_outputs must have equal lengths");
    }
    Spotter::Config config;
    for (size_t k = 0; k < thresholds.size(); ++k) {
      config.keywords.push_back({thresholds[k], smoothing_outputs[k]});
    }
    config.refractory_s = refractory_s;
    config.history_s = history_s;
    config.pre_roll_s = pre_roll_s;
    config.first_sample = first_sample;
    config.state_sizes = {std::get<0>(state_sizes), std::get<1>(state_sizes),
                          std::get<2>(state_sizes)};
    std::vector<std::unique_ptr<PosteriorSource>> sources;
    for (const py::handle network : networks) {
      sources.push_back(MakeSource(network, config.state_sizes));
    }
    std::string message;
    ThrowIfError(Spotter::Create(config, std::move(sources), &spotter_, &message),
                 message);
  }

  py::list Process(const py::object& pcm) {
    std::vector<Found> found;
    Run(pcm, [&](const Spotter::Output& output) { AppendFound(output, &found); });
    return ToList(found);
  }

  py::array_t<float> Scores(const py::object& pcm) {
    std::vector<float> rows;
    Run(pcm, [&](const Spotter::Output& output) { AppendScores(output, &rows); });
    return OwnedMatrix(rows, spotter_->n_keywords());
  }

  py::tuple ProcessWithScores(const py::object& pcm) {
    std::vector<Found> found;
    std::vector<float> rows;
    Run(pcm, [&](const Spotter::Output& output) {
      AppendFound(output, &found);
      AppendScores(output, &rows);
    });
    return py::make_tuple(ToList(found), OwnedMatrix(rows, spotter_->n_keywords()));
  }

  void SetState(int device_type, int playback, int volume_bucket) {
    ThrowIfError(spotter_->SetState(device_type, playback, volume_bucket),
                 "device state index outside its vocabulary");
  }

  void SetThresholds(int playback, const std::vector<float>& thresholds) {
    const StreamGuard guard(&busy_);
    if (thresholds.size() != spotter_->n_keywords()) {
      throw py::value_error("one threshold per keyword is needed");
    }
    ThrowIfError(spotter_->SetThresholds(playback, thresholds.data()),
                 "playback outside its vocabulary, or a threshold not above 0 and at "
                 "most 1");
  }

  void Reset() {
    const StreamGuard guard(&busy_);
    spotter_->Reset();
  }

  [[nodiscard]] const Spotter& spotter() const { return *spotter_; }
  [[nodiscard]] FrontEnd front_end() { return {spotter_->front_end(), &busy_}; }

 private:
  std::unique_ptr<PosteriorSource> MakeSource(py::handle network,
                                              const DeviceStateSizes& sizes) {
    std::unique_ptr<PosteriorSource> source;
    if (py::isinstance<PythonNetwork>(network)) {
      const auto& python_network = network.cast<const PythonNetwork&>();
      if (python_network.n_state != 0 && python_network.n_state != sizes.total()) {
        throw py::value_error("n_state must be 0 or the sum of state_sizes");
      }
      auto python_source = std::make_unique<PythonSource>(python_network, sizes);
      python_sources_.push_back(python_source.get());
      source = std::move(python_source);
    } else if (py::isinstance<Model>(network)) {
      std::string message;
      ThrowIfError(NetworkSource::Create(network.cast<std::shared_ptr<Model>>(), sizes,
                                         &source, &message),
                   message);
    } else {
      throw py::type_error("networks must hold Model or PythonNetwork objects");
    }
    return source;
  }

  void AppendFound(const Spotter::Output& output, std::vector<Found>* found) const {
    for (size_t i = 0; i < output.n_detections; ++i) {
      found->push_back(CopyOut(output.detections[i], spotter_->history()));
    }
  }

  void AppendScores(const Spotter::Output& output, std::vector<float>* rows) const {
    rows->insert(rows->end(), output.scores, output.scores + spotter_->n_keywords());
  }

  static py::list ToList(const std::vector<Found>& found) {
    py::list detections;
    for (const Found& each : found) {
      detections.append(ToPython(each));
    }
    return detections;
  }

  // Feeds `pcm` to the spotter and calls `on_output`, without the GIL, for each output.
  template <typename OnOutput>
  void Run(const py::object& pcm_object, OnOutput on_output) {
    const PcmArgument argument = TakePcm(pcm_object);
    const ArrayView<int16_t>& pcm = argument.samples;
    const StreamGuard guard(&busy_);
    {
      const py::gil_scoped_release release;  // no Python object is touched below
      for (size_t begin = 0; begin < pcm.size && !AnyPythonFailure();) {
        const Spotter::Output* output = nullptr;
        begin += spotter_->Process(pcm.data + begin, pcm.size - begin, &output);
        if (output != nullptr) {
          on_output(*output);
        }
      }
    }
    for (PythonSource* source : python_sources_) {
      source->RethrowError();
    }
  }

  [[nodiscard]] bool AnyPythonFailure() const {
    for (const PythonSource* source : python_sources_) {
      if (source->failed()) {
        return true;
      }
    }
    return false;
  }

  std::vector<PythonSource*> python_sources_;  // owned by the spotter
  std::unique_ptr<Spotter> spotter_;
  BusyFlag busy_;
};

std::unique_ptr<PythonNetwork> MakePythonNetwork(py::function run, int window_frames,
                                                 int frame_stride, int n_keywords,
                                                 int n_state) {
  if (window_frames < 1 || frame_stride < 1 || n_keywords < 1 || n_state < 0) {
    throw py::value_error(
        "window_frames, frame_stride and n_keywords must be positive, n_state not "
        "negative");
  }
  return std::make_unique<PythonNetwork>(
      PythonNetwork{std::move(run), window_frames, frame_stride, n_keywords, n_state});
}

}  // namespace

std::optional<FrontEnd> FrontEndOf(py::handle spotter) {
  if (!py::isinstance<PySpotter>(spotter)) {
    return std::nullopt;
  }
  return spotter.cast<PySpotter&>().front_end();
}

void BindSpotter(py::module_& m) {
  constexpr DeviceStateSizes kSizes;
  py::class_<RawDetection>(m, "RawDetection",
                           "One detection, with absolute sample indexes.")
      .def_readonly("keyword_index", &RawDetection::keyword_index)
      .def_readonly("score", &RawDetection::score)
      .def_readonly("start_sample", &RawDetection::start_sample)
      .def_readonly("end_sample", &RawDetection::end_sample)
      .def_readonly("detected_sample", &RawDetection::detected_sample)
      .def_readonly("snippet", &RawDetection::snippet)
      .def_readonly("pre_roll_samples", &RawDetection::pre_roll_samples)
      .def_readonly("state", &RawDetection::state);

  py::class_<PythonNetwork>(m, "PythonNetwork", "A network computed in Python.")
      .def(py::init(&MakePythonNetwork), "run"_a, py::kw_only(), "window_frames"_a,
           "frame_stride"_a, "n_keywords"_a, "n_state"_a);

  py::class_<PySpotter>(m, "Spotter", "The device path: PCM in, detections out.")
      .def(py::init<const py::sequence&, const std::vector<float>&,
                    const std::vector<int>&, double, double, double,
                    const std::tuple<int, int, int>&, int64_t>(),
           // The networks stay alive with the spotter, so that other streams find them.
           py::keep_alive<1, 2>(), "networks"_a, py::kw_only(), "thresholds"_a,
           "smoothing_outputs"_a, "refractory_s"_a = 1.0,
           "history_s"_a = Spotter::kLeastHistorySeconds,
           "pre_roll_s"_a = Spotter::Config().pre_roll_s,
           "state_sizes"_a = std::make_tuple(kSizes.device_type, kSizes.playback,
                                             kSizes.volume_bucket),
           "first_sample"_a = 0)
      .def("process", &PySpotter::Process, "pcm"_a,
           "Consume int16 samples; return the RawDetections that they completed.\n\n"
           "If a PythonNetwork raises, so does this, and the rest of `pcm` is not\n"
           "consumed. Then call reset.")
      .def("scores", &PySpotter::Scores, "pcm"_a,
           "Consume int16 samples; return the smoothed scores, one row per output.\n\n"
           "Detections are discarded; process_with_scores returns both.")
      .def("process_with_scores", &PySpotter::ProcessWithScores, "pcm"_a,
           "Consume int16 samples; return what process and scores return.")
      .def("set_state", &PySpotter::SetState, "device_type"_a, "playback"_a,
           "volume_bucket"_a, "Set the indexes of the device state; from any thread.")
      .def("set_thresholds", &PySpotter::SetThresholds, "playback"_a, "thresholds"_a,
           "Set the thresholds while this index of playback is set.")
      .def("reset", &PySpotter::Reset, "Start a new stream, same device state.")
      .def_property_readonly(
          "n_keywords",
          [](const PySpotter& self) { return self.spotter().n_keywords(); })
      .def_property_readonly(
          "frame_stride",
          [](const PySpotter& self) { return self.spotter().frame_stride(); })
      .def_property_readonly(
          "nbytes", [](const PySpotter& self) { return self.spotter().bytes(); })
      .def_property_readonly("history_nbytes", [](const PySpotter& self) {
        return self.spotter().history().bytes();
      });
}

}  // namespace pww
