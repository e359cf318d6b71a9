#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "dsp/lfbe_memory.h"
#include "kernels/kernels.h"

namespace pww {

// Log mel filter-bank energies of a stream of mono 16 kHz PCM: one frame of 64
// float values every 10 ms.
//
// With i counted from Reset(), frame i covers the samples [160 i, 160 i + 400):
// int16 / 32768, periodic Hann window, zero-padded 512-point power spectrum, mel
// filters, ln(energy + 1e-6). The error against the same in float64 is at most 1e-4
// in bands less than 60 dB below the frame's strongest frequency, and at most 1e-2 in
// all others, where the float FFT's rounding shows (tests/python/core/test_lfbe.py).
//
// Frames are computed up to four at a time, which costs as much as one: callers let
// them wait until they need them.
//
// One thread at a time. Nothing allocates but ShareWith. A frame's bits depend on its
// samples only, not on how the stream was cut into calls, nor on which frames it is
// computed with, nor on the row of kernels, nor on which front end computed it.
class Lfbe {
 public:
  static constexpr int kSampleRate = 16000;
  static constexpr size_t kWindowSamples = LfbeTables::kWindowSamples;
  static constexpr size_t kHopSamples = LfbeTables::kHopSamples;
  static constexpr size_t kFftSamples = LfbeTables::kSamples;
  static constexpr size_t kBins = LfbeTables::kFilters;
  static constexpr size_t kMostWaiting = LfbeTables::kFrames;

  explicit Lfbe(const Kernels* kernels);

  // From now on a block of frames that one of the two has computed lately is taken over
  // by the other, if it comes to the same samples. Each stays as it was in all else,
  // and may outlive the other; they may be used by two threads. Call it while none uses
  // them.
  void ShareWith(Lfbe* other);

  // Takes samples until a frame is complete, which is then waiting, or none are left,
  // and returns how many it took. With kMostWaiting frames waiting it takes none.
  // `samples` may be null if count is 0.
  [[nodiscard]] size_t Take(const int16_t* samples, size_t count,
                            bool* complete) noexcept;

  // Frames that are complete and not computed.
  [[nodiscard]] size_t n_waiting() const noexcept { return n_waiting_; }

  // Computes the waiting frames and returns them, kBins values each, the oldest first;
  // valid until the next call. None waits any more.
  [[nodiscard]] const float* Compute() noexcept;

  void Reset() noexcept;

  // Of what ShareWith made, which each of them counts.
  [[nodiscard]] size_t shared_bytes() const noexcept {
    return memory_ != nullptr ? sizeof(*memory_) : 0;
  }

  // What every bin of a frame of digital silence holds.
  [[nodiscard]] static float SilenceValue() noexcept;

 private:
  const Kernels* kernels_;
  const LfbeTables* tables_;
  std::array<int16_t, LfbeTables::kBlockSamples> pending_{};
  size_t n_pending_ = 0;
  size_t n_waiting_ = 0;
  alignas(16) LfbeMemory::Frames frames_{};
  std::shared_ptr<LfbeMemory> memory_;  // null unless shared
};

}  // namespace pww
