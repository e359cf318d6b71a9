#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/audio_ring.h"
#include "base/status.h"
#include "detect/detector.h"
#include "detect/device_state.h"
#include "detect/energy_end.h"
#include "detect/posterior_source.h"
#include "detect/smoother.h"
#include "dsp/lfbe.h"

namespace pww {

// One detection, in absolute sample indexes.
struct Detection {
  size_t keyword = 0;  // counted through the sources in order
  WordSpan word;
  // The snippet is [snippet_begin, word.detected_sample) of history(). It begins the
  // pre-roll before the word, or where the history begins.
  int64_t snippet_begin = 0;
  DeviceState state;  // at the frame of the decision
};

// The device path of one microphone: PCM in, detections out. One front end serves any
// number of networks, which must have the same frame stride.
//
// Only Create() allocates. Process, SetState and Reset do not allocate, lock, throw or
// log. One thread at a time, except for SetState.
class Spotter {
 public:
  static constexpr double kMostPreRollSeconds = 5.0;
  static constexpr double kLeastHistorySeconds = 8.0;
  static constexpr double kMostHistorySeconds = 3600.0;
  // How long a report waits for the sound of the word to end.
  static constexpr int64_t kPatienceSamples = 1920;

  struct Keyword {
    float threshold = 0.5F;  // whatever plays, until SetThresholds()
    int smoothing_outputs = 1;
  };

  struct Config {
    std::vector<Keyword> keywords;  // through the sources in order
    double refractory_s = 1.0;
    double history_s = kLeastHistorySeconds;
    double pre_roll_s = 0.5;  // of a snippet, before the word
    DeviceStateSizes state_sizes;
    int64_t first_sample = 0;  // index of the first sample, also after Reset()
  };

  // The results of one output of the networks.
  struct Output {
    const float* scores;  // smoothed, n_keywords() values
    const Detection* detections;
    size_t n_detections;  // at most one per keyword
  };

  // On failure sets `message` to one line that names the argument or network.
  static Status Create(const Config& config,
                       std::vector<std::unique_ptr<PosteriorSource>> sources,
                       std::unique_ptr<Spotter>* out, std::string* message);

  // Takes samples until the networks give an output or none are left, and returns how
  // many it took. `*output` is the output, valid until the next call, or null if there
  // was none. Callers loop until all samples are taken. It stops at each output, where
  // history() ends then, so that callers can copy a snippet before it is overwritten,
  // whatever the chunk size.
  [[nodiscard]] size_t Process(const int16_t* samples, size_t count,
                               const Output** output) noexcept;

  // Takes effect from the next frame on. Safe from any thread at any time.
  [[nodiscard]] Status SetState(int device_type, int playback,
                                int volume_bucket) noexcept;

  // Sets the thresholds, n_keywords() of them, for frames with this playback. Kept by
  // Reset(). On failure nothing changes. Not while another thread calls Process.
  [[nodiscard]] Status SetThresholds(int playback, const float* thresholds) noexcept;

  // Starts a new stream: forgets all audio and detections, keeps the device state.
  void Reset() noexcept;

  // For Lfbe::ShareWith: another stream of the same audio reuses its frames.
  [[nodiscard]] Lfbe* front_end() noexcept { return &lfbe_; }

  [[nodiscard]] const AudioRing& history() const noexcept { return history_; }
  [[nodiscard]] size_t n_keywords() const noexcept { return keywords_.size(); }
  [[nodiscard]] int frame_stride() const noexcept { return frame_stride_; }
  [[nodiscard]] size_t bytes() const noexcept;  // of the stream, without its history

 private:
  struct KeywordStream {
    Smoother smoother;
    Detector detector;
    WordSpan word;         // detected; not reported yet if `waiting`
    bool waiting = false;  // for the sound of the word to end
  };

  Spotter(const Config& config, const Kernels* kernels,
          std::vector<std::unique_ptr<PosteriorSource>> sources);

  [[nodiscard]] bool TakeFrame() noexcept;
  [[nodiscard]] bool PushFrame(const float* frame, uint32_t state) noexcept;
  void StartStream(DeviceState state) noexcept;
  void ApplyState(DeviceState state) noexcept;
  void Decide(DeviceState state) noexcept;
  [[nodiscard]] bool Settle(KeywordStream* keyword) noexcept;

  const DeviceStateSizes state_sizes_;
  const int64_t first_sample_;
  const int64_t pre_roll_samples_;
  AudioRing history_;
  Lfbe lfbe_;
  const int frame_stride_;
  int frames_since_output_ = 0;
  std::array<uint32_t, Lfbe::kMostWaiting> waiting_states_{};  // Pack()ed, per frame
  std::vector<std::unique_ptr<PosteriorSource>> sources_;
  std::vector<KeywordStream> keywords_;
  std::vector<float> thresholds_;  // n_keywords() per value of playback
  EnergyEnd energy_end_;
  std::atomic<uint32_t> wanted_state_{0};  // Pack()ed
  static_assert(std::atomic<uint32_t>::is_always_lock_free);
  uint32_t applied_state_ = 0;
  bool started_ = false;  // whether the networks got the silence before the stream
  std::vector<Posterior> posteriors_;  // one per keyword, as are the next two
  std::vector<float> scores_;
  std::vector<Detection> detections_;
  Output output_;
};

}  // namespace pww
