#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace pww {

// Values borrowed from a NumPy array, valid as long as the array.
template <typename T>
struct ArrayView {
  const T* data;
  size_t size;
};

// Requires an array of exactly the type T with `n_dims` dimensions, and does not copy
// it. Anything else is a TypeError or ValueError that names the argument. It never
// converts: a cast would silently turn 0.5f into a sample of 0.
template <typename T>
ArrayView<T> RequireArray(const pybind11::object& object, pybind11::ssize_t n_dims,
                          const char* argument, const char* type_name) {
  namespace py = pybind11;
  const std::string name(argument);
  if (!py::isinstance<py::array>(object)) {
    throw py::type_error(name + " must be an ndarray of " + type_name + ", not " +
                         std::string(py::str(py::type::of(object).attr("__name__"))));
  }
  const auto array = py::reinterpret_borrow<py::array>(object);
  if (!py::isinstance<py::array_t<T>>(object)) {
    throw py::type_error(name + " must be an ndarray of " + type_name + ", not of " +
                         std::string(py::str(array.dtype())));
  }
  if (array.ndim() != n_dims) {
    throw py::value_error(name + " must have " + std::to_string(n_dims) +
                          " dimension(s), not " + std::to_string(array.ndim()));
  }
  constexpr int kContiguousAndAligned = py::detail::npy_api::NPY_ARRAY_C_CONTIGUOUS_ |
                                        py::detail::npy_api::NPY_ARRAY_ALIGNED_;
  if ((array.flags() & kContiguousAndAligned) != kContiguousAndAligned) {
    throw py::value_error(name + " must be C-contiguous and aligned");
  }
  return {static_cast<const T*>(array.data()), static_cast<size_t>(array.size())};
}

// Mono PCM, shape (n_samples,).
inline ArrayView<int16_t> RequirePcm(const pybind11::object& pcm) {
  return RequireArray<int16_t>(pcm, 1, "pcm", "int16");
}

// Whether AsPcm returns `object` unchanged, decided by the common case alone: NumPy has
// one type object for native int16.
inline bool IsPcm(const pybind11::object& object) {
  namespace py = pybind11;
  static const PyObject* const int16 = py::dtype::of<int16_t>().release().ptr();
  constexpr int kContiguousAndAligned = py::detail::npy_api::NPY_ARRAY_C_CONTIGUOUS_ |
                                        py::detail::npy_api::NPY_ARRAY_ALIGNED_;
  if (!py::isinstance<py::array>(object)) {
    return false;
  }
  const auto* array = py::detail::array_proxy(object.ptr());
  return array->descr == int16 && array->nd == 1 &&
         (array->flags & kContiguousAndAligned) == kContiguousAndAligned;
}

// Returns what applications may hand over (int16 arrays of any layout, bytes,
// bytearray, memoryview) as a one-dimensional, contiguous and aligned int16 array:
// `pcm` itself where it is one, a view of bytes where they allow it, else a copy.
// Anything else is a TypeError or ValueError.
pybind11::object AsPcm(const pybind11::object& pcm);

// Samples, and the array that holds them.
struct PcmArgument {
  pybind11::object owner;
  ArrayView<int16_t> samples;
};

inline PcmArgument TakePcm(const pybind11::object& pcm) {
  namespace py = pybind11;
  py::object owner = IsPcm(pcm) ? pcm : AsPcm(pcm);
  const auto* array = py::detail::array_proxy(owner.ptr());
  const ArrayView<int16_t> samples = {reinterpret_cast<const int16_t*>(array->data),
                                      static_cast<size_t>(array->dimensions[0])};
  return {std::move(owner), samples};
}

// A new array that owns a copy of `values`.
template <typename T>
pybind11::array_t<T> OwnedArray(const std::vector<T>& values) {
  pybind11::array_t<T> array(static_cast<pybind11::ssize_t>(values.size()));
  std::copy(values.begin(), values.end(), array.mutable_data());
  return array;
}

// A new matrix with rows of `n_columns` values, which must divide the size.
template <typename T>
pybind11::array_t<T> OwnedMatrix(const std::vector<T>& values, size_t n_columns) {
  pybind11::array_t<T> array({values.size() / n_columns, n_columns});
  std::copy(values.begin(), values.end(), array.mutable_data());
  return array;
}

}  // namespace pww
