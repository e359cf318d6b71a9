#include "bind/python_network.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace pww {
namespace {

namespace py = pybind11;
using FloatArray = py::array_t<float, py::array::c_style>;

// Returns result[name] as an array of `size` floats; else throws a ValueError.
FloatArray RequireResult(const py::object& result, const char* name, size_t size) {
  if (!py::isinstance<py::dict>(result) || !result.contains(name)) {
    throw py::value_error(std::string("run() returned no \"") + name + '"');
  }
  const py::object value = result[py::str(name)];
  if (!py::isinstance<py::array_t<float>>(value)) {
    throw py::value_error(std::string("run() returned \"") + name +
                          "\" that is not a float32 array");
  }
  auto array = py::reinterpret_borrow<FloatArray>(value);
  if (array.ndim() != 1 || static_cast<size_t>(array.size()) != size) {
    throw py::value_error(std::string("run() must return \"") + name + "\" with " +
                          std::to_string(size) + " values");
  }
  return array;
}

}  // namespace

PythonSource::PythonSource(const PythonNetwork& network, const DeviceStateSizes& sizes)
    : network_(network),
      sizes_(sizes),
      frames_(2 * static_cast<size_t>(network.window_frames) * Lfbe::kBins),
      frames_until_due_(network.window_frames),
      one_hot_(static_cast<size_t>(network.n_state)) {}

void PythonSource::SetState(DeviceState state) noexcept {
  if (!one_hot_.empty()) {
    WriteOneHot(state, sizes_, 1.0F, 0.0F, one_hot_.data());
  }
}

bool PythonSource::Push(const float* frame, Posterior* posteriors) noexcept {
  AppendFrame(frame);
  if (--frames_until_due_ > 0) {
    return false;
  }
  frames_until_due_ = network_.frame_stride;
  try {
    const py::gil_scoped_acquire acquire;
    Run(posteriors);
  } catch (...) {
    error_ = std::current_exception();
    std::fill_n(posteriors, n_keywords(), Posterior());
  }
  return true;
}

void PythonSource::AppendFrame(const float* frame) noexcept {
  const auto window = static_cast<size_t>(network_.window_frames);
  if (n_frames_ == 2 * window) {
    const auto newest =
        frames_.end() - static_cast<ptrdiff_t>((window - 1) * Lfbe::kBins);
    std::copy(newest, frames_.end(), frames_.begin());
    n_frames_ = window - 1;
  }
  std::copy_n(frame, Lfbe::kBins, frames_.data() + n_frames_ * Lfbe::kBins);
  ++n_frames_;
}

void PythonSource::Run(Posterior* posteriors) {
  // New arrays, because the function may keep them.
  const auto window = static_cast<size_t>(network_.window_frames);
  FloatArray features({window, Lfbe::kBins});
  std::copy_n(frames_.data() + (n_frames_ - window) * Lfbe::kBins, window * Lfbe::kBins,
              features.mutable_data());
  FloatArray state(static_cast<py::ssize_t>(one_hot_.size()));
  std::copy(one_hot_.begin(), one_hot_.end(), state.mutable_data());

  const py::object result = network_.run(features, state);
  const FloatArray logits = RequireResult(result, "logits", n_keywords());
  const FloatArray start = RequireResult(result, "start", n_keywords());
  const FloatArray end = RequireResult(result, "end", n_keywords());
  for (py::ssize_t k = 0; k < network_.n_keywords; ++k) {
    const double probability =
        1.0 / (1.0 + std::exp(-static_cast<double>(logits.at(k))));
    posteriors[k] = {static_cast<float>(probability), start.at(k), end.at(k)};
  }
}

void PythonSource::Reset() noexcept {
  n_frames_ = 0;
  frames_until_due_ = network_.window_frames;
}

size_t PythonSource::bytes() const noexcept {
  return sizeof(*this) + (frames_.size() + one_hot_.size()) * sizeof(float);
}

void PythonSource::RethrowError() {
  if (error_ != nullptr) {
    std::rethrow_exception(std::exchange(error_, nullptr));
  }
}

}  // namespace pww
