#include "dsp/lfbe.h"

#include <pybind11/pybind11.h>

#include <string>
#include <vector>

#include "bind/bind.h"
#include "bind/errors.h"
#include "bind/numpy.h"
#include "bind/stream_guard.h"
#include "dsp/lfbe_design.h"

namespace pww {
namespace {

namespace py = pybind11;
using py::literals::operator""_a;

const Kernels* RequireKernels() {
  const Kernels* kernels = nullptr;
  std::string message;
  ThrowIfError(SelectKernels(&kernels, &message), message);
  return kernels;
}

struct PyLfbe {
  Lfbe lfbe{RequireKernels()};
  BusyFlag busy;
};

py::array_t<float> Process(PyLfbe& self, const py::object& pcm_object) {
  const ArrayView<int16_t> pcm = RequirePcm(pcm_object);
  const StreamGuard guard(&self.busy);
  std::vector<float> frames;
  {
    const py::gil_scoped_release release;  // no Python object is touched below
    frames.reserve((pcm.size / Lfbe::kHopSamples + 1) * Lfbe::kBins);
    for (size_t begin = 0; begin < pcm.size;) {
      bool complete = false;
      begin += self.lfbe.Take(pcm.data + begin, pcm.size - begin, &complete);
      if (self.lfbe.n_waiting() == Lfbe::kMostWaiting || begin == pcm.size) {
        const size_t n_values = self.lfbe.n_waiting() * Lfbe::kBins;
        const float* computed = self.lfbe.Compute();
        frames.insert(frames.end(), computed, computed + n_values);
      }
    }
  }
  return OwnedMatrix(frames, Lfbe::kBins);
}

void Reset(PyLfbe& self) {
  const StreamGuard guard(&self.busy);
  self.lfbe.Reset();
}

}  // namespace

void BindLfbe(py::module_& m) {
  // Model cards must agree with these. Field names are the card's.
  m.attr("LFBE_SETTINGS") =
      py::dict("sample_rate"_a = Lfbe::kSampleRate, "window"_a = "hann",
               "window_samples"_a = Lfbe::kWindowSamples,
               "hop_samples"_a = Lfbe::kHopSamples, "fft_size"_a = Lfbe::kFftSamples,
               "n_mels"_a = Lfbe::kBins, "mel_scale"_a = "htk", "low_hz"_a = kMelLowHz,
               "high_hz"_a = kMelHighHz, "log"_a = "natural", "floor"_a = kLfbeFloor);
  py::class_<PyLfbe>(m, "Lfbe", "Streaming log filter-bank energies.")
      .def(py::init<>())
      .def("process", &Process, "pcm"_a,
           "Take int16 samples; return the (n_frames, n_mels) frames they complete.")
      .def("reset", &Reset, "Forget the samples of the unfinished frame.");
}

}  // namespace pww
