#include "detect/endpointer.h"

#include <algorithm>
#include <utility>

namespace pww {
namespace {

constexpr size_t kLowestBand = 2;         // about 100 Hz: below are hum and rumble
constexpr float kDecibels = 4.34294482F;  // of one unit of the natural logarithm

float Loudest(const float* frame) noexcept {
  return kDecibels * *std::max_element(frame + kLowestBand, frame + Lfbe::kBins);
}

}  // namespace

Status Endpointer::Create(const PauseEndpointer::Config& config,
                          std::unique_ptr<Vad> vad, std::unique_ptr<Endpointer>* out,
                          std::string* message) {
  Status status = PauseEndpointer::Check(config, message);
  const Kernels* kernels = nullptr;
  if (status == Status::kOk) {
    status = SelectKernels(&kernels, message);
  }
  if (status == Status::kOk) {
    out->reset(new Endpointer(config, kernels, std::move(vad)));
  }
  return status;
}

Endpointer::Endpointer(const PauseEndpointer::Config& config, const Kernels* kernels,
                       std::unique_ptr<Vad> vad)
    : first_sample_(config.first_sample),
      now_sample_(config.first_sample),
      lfbe_(kernels),
      vad_(std::move(vad)),
      pauses_(config),
      levels_(static_cast<size_t>(vad_->frame_stride() + vad_->delay_frames())),
      output_{0.0F, events_.data(), 0} {}

size_t Endpointer::Process(const int16_t* samples, size_t count,
                           const Output** output) noexcept {
  *output = nullptr;
  size_t taken = 0;
  while (taken < count && *output == nullptr) {
    bool complete = false;
    const size_t n = lfbe_.Take(samples + taken, count - taken, &complete);
    taken += n;
    now_sample_ += static_cast<int64_t>(n);
    if (complete) {
      TakeFrame();
      *output = &output_;
    }
  }
  return taken;
}

// Frames wait until an output of the VAD needs them, so that the front end computes
// several at once.
void Endpointer::TakeFrame() noexcept {
  output_.n_events = 0;
  const size_t n = lfbe_.n_waiting();
  ++frames_since_output_;
  if (frames_since_output_ < vad_->frame_stride() && n < Lfbe::kMostWaiting) {
    return;
  }
  const float* frames = lfbe_.Compute();
  bool due = false;
  for (size_t i = 0; i < n; ++i) {
    const float* frame = frames + i * Lfbe::kBins;
    levels_[n_levels_++ % levels_.size()] = Loudest(frame);
    due = vad_->Push(frame, &output_.probability);
  }
  if (due) {
    frames_since_output_ = 0;
    Step();
  }
}

void Endpointer::Step() noexcept {
  constexpr auto kHop = static_cast<int64_t>(Lfbe::kHopSamples);
  // A frame stands for the hop around its centre.
  constexpr auto kCentreToEnd = static_cast<int64_t>(Lfbe::kWindowSamples) / 2;
  PauseEndpointer::Step step;
  step.probability = output_.probability;
  step.now_sample = now_sample_;
  step.end_sample = now_sample_ - kCentreToEnd + kHop / 2 - kHop * vad_->delay_frames();
  step.begin_sample = step.end_sample - kHop * vad_->frame_stride();
  step.level = Level();
  if (step.end_sample > first_sample_) {  // else it lies before the stream
    step.begin_sample = std::max(step.begin_sample, first_sample_);
    output_.n_events = pauses_.Push(step, events_.data());
  }
}

// Of the loudest frame of the newest posterior. Its frames are the oldest in the ring.
float Endpointer::Level() const noexcept {
  const auto stride = static_cast<size_t>(vad_->frame_stride());
  const size_t n = std::min(n_levels_, stride);
  const size_t first = n_levels_ > levels_.size() ? n_levels_ - levels_.size() : 0;
  float loudest = levels_[first % levels_.size()];
  for (size_t i = first; i < first + n; ++i) {
    loudest = std::max(loudest, levels_[i % levels_.size()]);
  }
  return loudest;
}

Status Endpointer::StartAfterWakeWord(int64_t sample, const EndpointEvent** events,
                                      size_t* n_events) noexcept {
  return pauses_.StartAfterWakeWord(sample, now_sample_, events, n_events);
}

void Endpointer::Close(const EndpointEvent** events, size_t* n_events) noexcept {
  *events = events_.data();
  *n_events = pauses_.Close(now_sample_, events_.data());
}

void Endpointer::Reset() noexcept {
  now_sample_ = first_sample_;
  lfbe_.Reset();
  frames_since_output_ = 0;
  n_levels_ = 0;
  vad_->Reset();
  pauses_.Reset();
  output_.probability = 0.0F;
  output_.n_events = 0;
}

size_t Endpointer::bytes() const noexcept {
  return sizeof(*this) - sizeof(pauses_) + pauses_.bytes() + lfbe_.shared_bytes() +
         vad_->bytes() + levels_.size() * sizeof(float);
}

}  // namespace pww
