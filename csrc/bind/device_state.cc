#include "detect/device_state.h"

#include <pybind11/pybind11.h>

#include "bind/bind.h"

namespace pww {
namespace {

namespace py = pybind11;

template <typename Array>
py::tuple ToTuple(const Array& values) {
  py::tuple tuple(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    tuple[i] = values[i];
  }
  return tuple;
}

}  // namespace

void BindDeviceState(py::module_& m) {
  m.attr("DEVICE_TYPES") = ToTuple(kDeviceTypes);
  m.attr("PLAYBACKS") = ToTuple(kPlaybacks);
  m.attr("VOLUME_EDGES") = ToTuple(kVolumeEdges);
}

}  // namespace pww
