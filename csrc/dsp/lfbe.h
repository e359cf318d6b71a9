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
// filters, ln(energy + 1e-6). The error against float64 is at most 1e-4 in bands less
// than 60 dB below the frame's strongest frequency, and at most 1e-2 in the others,
// because of the float FFT's rounding (tests/python/core/test_lfbe.py).
//
// Up to four frames are computed at a time, which costs as much as one. Callers let
// frames wait until they need them.
//
// One thread at a time. Only ShareWith allocates. A frame's bits depend on its samples
// alone: not on the chunk sizes, the frames computed with it, the kernels or the front
// end that computed it.
class Lfbe {
 public:
  static constexpr int kSampleRate = 16000;
  static constexpr size_t kWindowSamples = LfbeTables::kWindowSamples;
  static constexpr size_t kHopSamples = LfbeTables::kHopSamples;
  static constexpr size_t kFftSamples = LfbeTables::kSamples;
  static constexpr size_t kBins = LfbeTables::kFilters;
  static constexpr size_t kMostWaiting = LfbeTables::kFrames;

  explicit Lfbe(const Kernels* kernels);

  // Reuses recently computed blocks of frames between the two, where their samples are
  // equal. Nothing else is shared: either may outlive the other, and two threads may
  // use them. Call it while no thread uses either.
  void ShareWith(Lfbe* other);

  // Takes samples until a frame is complete or none are left, and returns how many it
  // took. The frame then waits for Compute(). With kMostWaiting frames waiting it takes
  // no samples. `samples` may be null if count is 0.
  [[nodiscard]] size_t Take(const int16_t* samples, size_t count,
                            bool* complete) noexcept;

  // Frames that are complete, but not computed yet.
  [[nodiscard]] size_t n_waiting() const noexcept { return n_waiting_; }

  // Computes the waiting frames and returns them, oldest first, kBins values each.
  // Valid until the next call.
  [[nodiscard]] const float* Compute() noexcept;

  void Reset() noexcept;

  // Of the memory that ShareWith created. Both front ends count it.
  [[nodiscard]] size_t shared_bytes() const noexcept {
    return memory_ != nullptr ? sizeof(*memory_) : 0;
  }

  // Value of every bin of a frame of digital silence.
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
