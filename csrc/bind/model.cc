// Model and Stream of one network, for tests and tools.

#include "nn/model.h"

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/cache_line.h"
#include "bind/errors.h"
#include "kernels/kernels.h"
#include "nn/stream.h"

namespace py = pybind11;

namespace pww {
namespace {

using FrameArray = py::array_t<int8_t, py::array::c_style>;

std::shared_ptr<const Model> LoadModel(const py::bytes& data) {
  const std::string_view bytes(data);
  std::shared_ptr<const Model> model;
  std::string message;
  const Status status = Model::Load(reinterpret_cast<const uint8_t*>(bytes.data()),
                                    bytes.size(), &model, &message);
  if (status != Status::kOk) {
    ThrowStatus(status, message);
  }
  return model;
}

std::string SelectedIsa() {
  const Kernels* kernels = nullptr;
  std::string message;
  const Status status = SelectKernels(&kernels, &message);
  if (status != Status::kOk) {
    ThrowStatus(status, message);
  }
  return kernels->name;
}

std::vector<std::string> SupportedIsas() {
  std::vector<std::string> names;
  for (const Kernels* kernels : SupportedKernels()) {
    names.emplace_back(kernels->name);
  }
  return names;
}

// Speed of the row in use on weights in the first-level cache, best of several rounds.
double PeakMacsPerSecond() {
  const Kernels* kernels = nullptr;
  std::string message;
  ThrowIfError(SelectKernels(&kernels, &message), message);
  constexpr size_t kOut = 96;
  constexpr size_t kIn = 288;
  constexpr int kRounds = 50;
  constexpr int kRuns = 200;
  const std::vector<int8_t> weights(kOut * kIn, 3);
  const std::vector<int8_t> x(kIn, 5);
  const std::vector<int32_t> bias(kOut, 0);
  CacheLineBytes packed(kernels->packed_size(kOut, kIn));
  kernels->pack_s8(weights.data(), kOut, kIn, packed.data());
  std::vector<int32_t> acc(kOut);
  double best_seconds = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    for (int run = 0; run < kRuns; ++run) {
      kernels->gemv_s8(packed.data(), x.data(), bias.data(), kOut, kIn, acc.data());
    }
    const std::chrono::duration<double> taken =
        std::chrono::steady_clock::now() - begin;
    best_seconds = std::min(best_seconds, taken.count());
  }
  return static_cast<double>(kOut * kIn) * kRuns / best_seconds;
}

std::pair<float, int32_t> ToPair(const Quantization& quantization) {
  return {quantization.scale, quantization.zero_point};
}

// One value per output of the model, as a list.
template <typename Value>
auto PerOutput(Value (*value)(const Model&, int)) {
  return [value](const Model& model) {
    std::vector<Value> values;
    values.reserve(static_cast<size_t>(model.n_outputs()));
    for (int i = 0; i < model.n_outputs(); ++i) {
      values.push_back(value(model, i));
    }
    return values;
  };
}

// A Stream that refuses a second thread.
class GuardedStream {
 public:
  explicit GuardedStream(std::shared_ptr<const Model> model)
      : stream_(std::move(model)) {}

  void SetState(const FrameArray& state) {
    if (state.ndim() != 1 || state.size() != stream_.model().n_state()) {
      throw py::value_error("state must have the shape (" +
                            std::to_string(stream_.model().n_state()) + ",)");
    }
    const Guard guard(this);
    stream_.SetState(state.data());
  }

  std::vector<FrameArray> Process(const FrameArray& frames) {
    const Model& model = stream_.model();
    if (frames.ndim() != 2 || frames.shape(1) != model.n_bins()) {
      throw py::value_error("frames must have the shape (n_frames, " +
                            std::to_string(model.n_bins()) + ")");
    }
    const auto n_frames = static_cast<size_t>(frames.shape(0));
    std::vector<std::vector<int8_t>> outputs(static_cast<size_t>(model.n_outputs()));
    py::ssize_t n_due = 0;
    {
      const Guard guard(this);
      const int8_t* frame = frames.data();
      const py::gil_scoped_release release;  // no Python object is touched below
      for (size_t i = 0; i < n_frames; ++i, frame += model.n_bins()) {
        if (stream_.Push(frame)) {
          ++n_due;
          AppendOutputs(&outputs);
        }
      }
    }
    std::vector<FrameArray> arrays;
    for (int i = 0; i < model.n_outputs(); ++i) {
      const std::vector<int8_t>& values = outputs[static_cast<size_t>(i)];
      FrameArray array({n_due, static_cast<py::ssize_t>(model.output_size(i))});
      std::copy(values.begin(), values.end(), array.mutable_data());
      arrays.push_back(std::move(array));
    }
    return arrays;
  }

  void Reset() {
    const Guard guard(this);
    stream_.Reset();
  }

  [[nodiscard]] size_t bytes() const { return stream_.bytes(); }

 private:
  class Guard {
   public:
    explicit Guard(GuardedStream* owner) : owner_(owner) {
      if (owner->busy_.exchange(true, std::memory_order_acquire)) {
        ThrowStatus(Status::kBusy, StatusMessage(Status::kBusy));
      }
    }
    ~Guard() { owner_->busy_.store(false, std::memory_order_release); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    GuardedStream* owner_;
  };

  void AppendOutputs(std::vector<std::vector<int8_t>>* outputs) const {
    for (int i = 0; i < stream_.model().n_outputs(); ++i) {
      const int8_t* values = stream_.output(i);
      std::vector<int8_t>& to = (*outputs)[static_cast<size_t>(i)];
      to.insert(to.end(), values, values + stream_.model().output_size(i));
    }
  }

  Stream stream_;
  std::atomic<bool> busy_{false};
};

}  // namespace

void BindModel(py::module_& m) {
  m.def("isa", &SelectedIsa);
  m.def("supported_isas", &SupportedIsas);
  m.def("peak_macs_per_s", &PeakMacsPerSecond);

  using Name = std::string;
  py::class_<Model, std::shared_ptr<Model>>(m, "Model")
      .def(py::init([](const py::bytes& data) {
             // pybind11 holds no pointers to const; Model has no mutable member.
             return std::const_pointer_cast<Model>(LoadModel(data));
           }),
           py::arg("data"))
      .def_property_readonly("window_frames", &Model::window_frames)
      .def_property_readonly("frame_stride", &Model::frame_stride)
      .def_property_readonly("n_bins", &Model::n_bins)
      .def_property_readonly("n_state", &Model::n_state)
      .def_property_readonly("output_names",
                             PerOutput<Name>([](const Model& model, int i) {
                               return model.output_name(i);
                             }))
      .def_property_readonly("output_sizes",
                             PerOutput<int>([](const Model& model, int i) {
                               return model.output_size(i);
                             }))
      .def_property_readonly(
          "output_quantization",
          PerOutput<std::pair<float, int32_t>>([](const Model& model, int i) {
            return ToPair(model.output_quantization(i));
          }))
      .def_property_readonly(
          "features_quantization",
          [](const Model& model) { return ToPair(model.features_quantization()); })
      .def_property_readonly(
          "state_quantization",
          [](const Model& model) { return ToPair(model.state_quantization()); })
      .def_property_readonly("macs_per_output", &Model::macs_per_output)
      .def_property_readonly("nbytes", &Model::bytes);

  py::class_<GuardedStream>(m, "Stream")
      .def(py::init([](const std::shared_ptr<Model>& model) {
             return std::make_unique<GuardedStream>(model);
           }),
           py::arg("model"))
      // noconvert: an array of another type is refused, never truncated.
      .def("set_state", &GuardedStream::SetState, py::arg("state").noconvert())
      .def("process", &GuardedStream::Process, py::arg("frames").noconvert())
      .def("reset", &GuardedStream::Reset)
      .def_property_readonly("nbytes", &GuardedStream::bytes);
}

}  // namespace pww
