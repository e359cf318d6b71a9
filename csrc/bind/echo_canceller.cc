#include "dsp/echo_canceller.h"

#include <pybind11/pybind11.h>

#include <string>

#include "bind/bind.h"
#include "bind/errors.h"
#include "bind/numpy.h"
#include "bind/stream_guard.h"

namespace pww {
namespace {

namespace py = pybind11;
using py::literals::operator""_a;

struct PyEchoCanceller {
  PyEchoCanceller(size_t tail_ms, size_t max_delay_ms)
      : canceller(RequireKernels(), tail_ms, max_delay_ms) {}

  static const Kernels* RequireKernels() {
    const Kernels* kernels = nullptr;
    std::string message;
    ThrowIfError(SelectKernels(&kernels, &message), message);
    return kernels;
  }

  EchoCanceller canceller;
  BusyFlag busy;
};

py::array_t<int16_t> Process(PyEchoCanceller& self, const py::object& microphone_object,
                             const py::object& loudspeaker_object) {
  const ArrayView<int16_t> microphone = RequirePcm(microphone_object);
  const ArrayView<int16_t> loudspeaker = RequirePcm(loudspeaker_object);
  if (microphone.size != loudspeaker.size) {
    throw py::value_error("microphone has " + std::to_string(microphone.size) +
                          " samples, loudspeaker " + std::to_string(loudspeaker.size) +
                          ": they must be of one length");
  }
  const StreamGuard guard(&self.busy);
  py::array_t<int16_t> out(static_cast<py::ssize_t>(microphone.size));
  int16_t* samples = out.mutable_data();
  const py::gil_scoped_release release;  // no Python object is touched below
  self.canceller.Process(microphone.data, loudspeaker.data, microphone.size, samples);
  return out;
}

void Reset(PyEchoCanceller& self) {
  const StreamGuard guard(&self.busy);
  self.canceller.Reset();
}

}  // namespace

void BindEchoCanceller(py::module_& m) {
  py::class_<PyEchoCanceller>(m, "EchoCanceller", "See pywakeword.EchoCanceller.")
      .def(py::init<size_t, size_t>(), "tail_ms"_a, "max_delay_ms"_a)
      .def("process", &Process, "microphone"_a, "loudspeaker"_a)
      .def("reset", &Reset)
      .def_property_readonly(
          "erle_db",
          [](const PyEchoCanceller& self) { return self.canceller.erle_db(); })
      .def_property_readonly(
          "delay_samples",
          [](const PyEchoCanceller& self) { return self.canceller.delay_samples(); })
      .def_property_readonly(
          "converged",
          [](const PyEchoCanceller& self) { return self.canceller.converged(); })
      .def_property_readonly(
          "nbytes", [](const PyEchoCanceller& self) { return self.canceller.nbytes(); })
      .def_property_readonly_static("LIMITS_MS", [](const py::object&) {
        return py::make_tuple(EchoCanceller::kLeastTailMs, EchoCanceller::kMostTailMs,
                              EchoCanceller::kMostDelayMs);
      });
}

}  // namespace pww
