#include "detect/network_source.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace pww {
namespace {

constexpr float kInt8Min = -128.0F;
constexpr float kInt8Max = 127.0F;

// The integer nearest to x, ties to even as lrintf, for |x| < 2^22: the sum has no
// bits left for a fraction. Unlike lrintf, the compiler can vectorise it.
float RoundToNearestEven(float x) noexcept {
  constexpr float kNoFraction = 12582912.0F;  // 1.5 * 2^23
  return (x + kNoFraction) - kNoFraction;
}

void Quantize(const float* values, size_t count, const Quantization& quantization,
              int8_t* out) noexcept {
  const float inverse_scale = 1.0F / quantization.scale;
  const auto zero_point = static_cast<float>(quantization.zero_point);
  // Clamped before the rounding, which changes nothing as the limits are integers.
  const float low = kInt8Min - zero_point;
  const float high = kInt8Max - zero_point;
  for (size_t i = 0; i < count; ++i) {
    const float steps = std::min(std::max(values[i] * inverse_scale, low), high);
    out[i] = static_cast<int8_t>(
        static_cast<int32_t>(RoundToNearestEven(steps) + zero_point));
  }
}

float Dequantize(int value, const Quantization& quantization) noexcept {
  return quantization.scale * static_cast<float>(value - quantization.zero_point);
}

size_t TableIndex(int8_t value) noexcept { return static_cast<size_t>(value + 128); }

template <typename Function>
void FillTable(std::array<float, 256>* table, Function function) {
  for (int value = -128; value < 128; ++value) {
    (*table)[TableIndex(static_cast<int8_t>(value))] = function(value);
  }
}

int FindOutput(const Model& model, const char* name) {
  for (int i = 0; i < model.n_outputs(); ++i) {
    if (model.output_name(i) == name) {
      return i;
    }
  }
  return -1;
}

// The network's output `name`, of as many values as there are logits.
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
  if (model.n_bins() != static_cast<int>(Lfbe::kBins)) {
    *message = "input \"features\" takes " + std::to_string(model.n_bins()) +
               " values a frame, but the front end makes " +
               std::to_string(Lfbe::kBins);
    return Status::kUnsupportedModel;
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
      features_(),
      one_hot_(static_cast<size_t>(model->n_state())) {
  const Quantization logits = model->output_quantization(outputs.logits);
  const Quantization start = model->output_quantization(outputs.start);
  const Quantization end = model->output_quantization(outputs.end);
  FillTable(&probability_, [&](int value) {
    const double logit = Dequantize(value, logits);
    return static_cast<float>(1.0 / (1.0 + std::exp(-logit)));
  });
  FillTable(&start_frames_, [&](int value) { return Dequantize(value, start); });
  FillTable(&end_frames_, [&](int value) { return Dequantize(value, end); });
}

int NetworkSource::window_frames() const noexcept {
  return stream_.model().window_frames();
}

int NetworkSource::frame_stride() const noexcept {
  return stream_.model().frame_stride();
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
  Quantize(frame, Lfbe::kBins, stream_.model().features_quantization(),
           features_.data());
  if (!stream_.Push(features_.data())) {
    return false;
  }
  const int8_t* logits = stream_.output(outputs_.logits);
  const int8_t* start = stream_.output(outputs_.start);
  const int8_t* end = stream_.output(outputs_.end);
  for (size_t k = 0; k < n_keywords_; ++k) {
    posteriors[k] = {probability_[TableIndex(logits[k])],
                     start_frames_[TableIndex(start[k])],
                     end_frames_[TableIndex(end[k])]};
  }
  return true;
}

size_t NetworkSource::bytes() const noexcept {
  return sizeof(*this) + one_hot_.size() + stream_.bytes();
}

}  // namespace pww
