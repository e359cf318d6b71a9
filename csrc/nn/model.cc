#include "nn/model.h"

#include <utility>

#include "kernels/kernels.h"
#include "nn/model_impl.h"
#include "nn/tflite_reader.h"

namespace pww {

Status Model::Load(const uint8_t* data, size_t size, std::shared_ptr<const Model>* out,
                   std::string* message) {
  const Kernels* kernels = nullptr;
  Status status = SelectKernels(&kernels, message);
  if (status != Status::kOk) {
    return status;
  }
  Graph graph;
  status = ReadTflite(data, size, &graph, message);
  if (status != Status::kOk) {
    return status;
  }
  auto impl = std::make_unique<Impl>();
  status = MakePlan(graph, kernels, &impl->plan, message);
  if (status != Status::kOk) {
    return status;
  }
  out->reset(new Model(std::move(impl)));
  return Status::kOk;
}

Model::Model(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Model::~Model() = default;

int Model::window_frames() const noexcept { return impl_->plan.window_frames; }
int Model::frame_stride() const noexcept { return impl_->plan.frame_stride; }
int Model::n_bins() const noexcept { return impl_->plan.n_bins; }
int Model::n_state() const noexcept { return impl_->plan.n_state; }
int Model::n_outputs() const noexcept {
  return static_cast<int>(impl_->plan.outputs.size());
}
const std::string& Model::output_name(int index) const noexcept {
  return impl_->output(index).name;
}
int Model::output_size(int index) const noexcept { return impl_->output(index).size; }
Quantization Model::output_quantization(int index) const noexcept {
  return impl_->output(index).quantization;
}
Quantization Model::features_quantization() const noexcept {
  return impl_->plan.features_quantization;
}
Quantization Model::state_quantization() const noexcept {
  return impl_->plan.state_quantization;
}
int64_t Model::macs_per_output() const noexcept { return impl_->plan.macs_per_output; }
size_t Model::bytes() const noexcept {
  return sizeof(Model) + sizeof(Impl) + impl_->plan.bytes;
}

}  // namespace pww
