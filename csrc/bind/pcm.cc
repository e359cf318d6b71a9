// The one check of audio that a caller hands over.

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>

#include "bind/bind.h"
#include "bind/numpy.h"

namespace pww {
namespace {

namespace py = pybind11;
using py::literals::operator""_a;

constexpr int kAligned = py::detail::npy_api::NPY_ARRAY_ALIGNED_;
using PcmArray = py::array_t<int16_t, py::array::c_style | kAligned>;

// A view of the bytes, as int16 in little-endian order.
py::array ViewBytes(const py::object& bytes) {
  // Plain bytes, and int16 in native or little-endian order.
  constexpr const char* kFormats[] = {"B", "b", "c", "h", "<h"};
  auto* memory = PyMemoryView_FromObject(bytes.ptr());
  if (memory == nullptr) {
    throw py::error_already_set();
  }
  const auto owner = py::reinterpret_steal<py::object>(memory);
  const Py_buffer& view = *PyMemoryView_GET_BUFFER(memory);
  if (view.ndim != 1) {
    throw py::value_error("pcm must be 1-D, got " + std::to_string(view.ndim) +
                          " dimensions");
  }
  const std::string format(view.format == nullptr ? "B" : view.format);
  if (std::find(std::begin(kFormats), std::end(kFormats), format) ==
      std::end(kFormats)) {
    throw py::type_error("pcm must hold bytes or int16, got items of format '" +
                         format + "'");
  }
  if (view.len % 2 != 0) {
    throw py::value_error(
        "pcm as bytes must hold whole int16 samples: the length is odd");
  }
  if (PyBuffer_IsContiguous(&view, 'C') == 0) {
    throw py::value_error("pcm as bytes must be contiguous");
  }
  py::array array(py::dtype("<i2"), {view.len / 2}, {2}, view.buf, owner);
  if (view.readonly != 0) {
    py::detail::array_proxy(array.ptr())->flags &=
        ~py::detail::npy_api::NPY_ARRAY_WRITEABLE_;
  }
  return array;
}

// Whether to take `object` by its buffer, as bytes, memoryview and array.array.
bool IsBuffer(const py::object& object) {
  return PyObject_CheckBuffer(object.ptr()) != 0 && !py::isinstance<py::array>(object);
}

void CheckArray(const py::object& pcm) {
  if (!py::isinstance<py::array>(pcm)) {
    throw py::type_error("pcm must be an int16 array or bytes, got " +
                         std::string(py::str(py::type::of(pcm).attr("__name__"))));
  }
  const auto array = py::reinterpret_borrow<py::array>(pcm);
  if (!py::isinstance<py::array_t<int16_t>>(array)) {
    throw py::type_error("pcm must be of dtype int16, got " +
                         std::string(py::str(array.dtype())));
  }
  if (array.ndim() != 1) {
    throw py::value_error("pcm must be 1-D, shape (n_samples,), got shape " +
                          std::string(py::str(array.attr("shape"))));
  }
}

}  // namespace

py::object AsPcm(const py::object& pcm) {
  if (IsPcm(pcm)) {
    return pcm;
  }
  if (!IsBuffer(pcm)) {
    CheckArray(pcm);
  }
  // Converts only the layout, and on a big-endian machine the byte order of bytes.
  const py::object array = IsBuffer(pcm) ? py::object(ViewBytes(pcm)) : pcm;
  py::object taken = PcmArray::ensure(array);
  if (!taken) {
    throw py::error_already_set();
  }
  return taken;
}

void BindPcm(py::module_& m) {
  m.def("as_pcm", &AsPcm, "pcm"_a,
        "Return `pcm` as the core takes it: 1-D, int16, contiguous and aligned.");
}

}  // namespace pww
