#include "detect/network_source.h"

#include <utility>

namespace pww {
namespace {

// Finds the output `name`, which must have as many values as "logits".
Status RequireOutput(const Model& model, const char* name, int n_keywords, int* index,
                     std::string* message) {
  *index = FindOutput(model, name);
  if (*index < 0) {
    *message = std::string("the model has no output named \"") + name + "\"";
    return Status::kUnsupportedModel;
  }
  const int size = model.output_size(*index);
  if (n_keywords != size) {
    *message = std::string("output \"") + name + "\" has " + std::to_string(size) +
               " values, but \"logits\" has " + std::to_string(n_keywords);
    return Status::kUnsupportedModel;
  }
  return Status::kOk;
}

Status CheckInputs(const Model& model, const DeviceStateSizes& sizes,
                   std::string* message) {
  const Status status = CheckFeatures(model, message);
  if (status != Status::kOk) {
    return status;
  }
  if (model.n_state() != 0 && model.n_state() != sizes.total()) {
    *message = "input \"state\" takes " + std::to_string(model.n_state()) +
               " values, but the device state has " + std::to_string(sizes.total());
    return Status::kUnsupportedModel;
  }
  return Status::kOk;
}

}  // namespace

Status NetworkSource::Create(const std::shared_ptr<const Model>& model,
                             const DeviceStateSizes& sizes,
                             std::unique_ptr<PosteriorSource>* out,
                             std::string* message) {
  Status status = CheckInputs(*model, sizes, message);
  if (status != Status::kOk) {
    return status;
  }
  const int logits = FindOutput(*model, "logits");
  const int n_keywords = logits < 0 ? 0 : model->output_size(logits);
  Outputs outputs;
  const std::pair<const char*, int*> required[] = {
      {"logits", &outputs.logits}, {"start", &outputs.start}, {"end", &outputs.end}};
  for (const auto& [name, index] : required) {
    status = RequireOutput(*model, name, n_keywords, index, message);
    if (status != Status::kOk) {
      return status;
    }
  }
  out->reset(new NetworkSource(model, sizes, outputs));
  return Status::kOk;
}

NetworkSource::NetworkSource(const std::shared_ptr<const Model>& model,
                             const DeviceStateSizes& sizes, const Outputs& outputs)
    : sizes_(sizes),
      outputs_(outputs),
      n_keywords_(static_cast<size_t>(model->output_size(outputs.logits))),
      stream_(model),
      probability_(Int8Table::Sigmoid(model->output_quantization(outputs.logits))),
      start_frames_(Int8Table::Values(model->output_quantization(outputs.start))),
      end_frames_(Int8Table::Values(model->output_quantization(outputs.end))),
      features_(),
      one_hot_(static_cast<size_t>(model->n_state())) {}

int NetworkSource::window_frames() const noexcept {
  return stream_.model().window_frames();
}

int NetworkSource::frame_stride() const noexcept {
  return stream_.model().frame_stride();
}

void NetworkSource::ShareWith(PosteriorSource* earlier) {
  auto* other = dynamic_cast<NetworkSource*>(earlier);
  if (other != nullptr && !shares_features_) {
    shares_features_ = stream_.ShareWith(&other->stream_);
  }
}

void NetworkSource::SetState(DeviceState state) noexcept {
  if (one_hot_.empty()) {
    return;
  }
  const float off_and_on[] = {0.0F, 1.0F};
  int8_t quantized[2];
  Quantize(off_and_on, 2, stream_.model().state_quantization(), quantized);
  WriteOneHot(state, sizes_, quantized[1], quantized[0], one_hot_.data());
  stream_.SetState(one_hot_.data());
}

bool NetworkSource::Push(const float* frame, Posterior* posteriors) noexcept {
  if (!shares_features_) {
    Quantize(frame, Lfbe::kBins, stream_.model().features_quantization(),
             features_.data());
  }
  if (!stream_.Push(features_.data())) {
    return false;
  }
  const int8_t* logits = stream_.output(outputs_.logits);
  const int8_t* start = stream_.output(outputs_.start);
  const int8_t* end = stream_.output(outputs_.end);
  for (size_t k = 0; k < n_keywords_; ++k) {
    posteriors[k] = {probability_[logits[k]], start_frames_[start[k]],
                     end_frames_[end[k]]};
  }
  return true;
}

size_t NetworkSource::bytes() const noexcept {
  return sizeof(*this) + one_hot_.size() + stream_.bytes();
}

}  // namespace pww
