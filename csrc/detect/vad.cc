#include "detect/vad.h"

namespace pww {

Status Vad::Create(const std::shared_ptr<const Model>& model, int delay_frames,
                   std::unique_ptr<Vad>* out, std::string* message) {
  constexpr int kMostDelayFrames = 100;
  const Status status = CheckFeatures(*model, message);
  if (status != Status::kOk) {
    return status;
  }
  if (model->n_state() != 0) {
    *message = "a voice activity model has no input \"state\"";
    return Status::kUnsupportedModel;
  }
  const int logits = FindOutput(*model, "logits");
  if (logits < 0 || model->output_size(logits) != 1) {
    *message = "a voice activity model needs an output \"logits\" of one value";
    return Status::kUnsupportedModel;
  }
  if (delay_frames < 0 || delay_frames > kMostDelayFrames) {
    *message = "delay_frames must be from 0 to 100";
    return Status::kInvalidArgument;
  }
  out->reset(new Vad(model, delay_frames, logits));
  return Status::kOk;
}

Vad::Vad(const std::shared_ptr<const Model>& model, int delay_frames, int logits)
    : delay_frames_(delay_frames),
      logits_(logits),
      probability_(Int8Table::Sigmoid(model->output_quantization(logits))),
      stream_(model) {}

bool Vad::PushFeatures(const float* frame) noexcept {
  Quantize(frame, Lfbe::kBins, stream_.model().features_quantization(),
           features_.data());
  return stream_.Push(features_.data());
}

bool Vad::Push(const float* frame, float* probability) noexcept {
  if (!started_) {
    started_ = true;
    std::array<float, Lfbe::kBins> silence;
    silence.fill(Lfbe::SilenceValue());
    for (int i = frame_stride(); i < stream_.model().window_frames(); ++i) {
      (void)PushFeatures(silence.data());  // no output before the window is full
    }
  }
  if (!PushFeatures(frame)) {
    return false;
  }
  *probability = probability_[stream_.output(logits_)[0]];
  return true;
}

void Vad::Reset() noexcept {
  stream_.Reset();
  started_ = false;
}

}  // namespace pww
