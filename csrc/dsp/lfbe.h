#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dsp/fft.h"
#include "dsp/mel.h"

namespace pww {

// Log mel filter-bank energies of a stream of mono 16 kHz PCM: one frame of 64
// float values every 10 ms.
//
// With i counted from Reset(), frame i covers the samples [160 i, 160 i + 400):
// int16 / 32768, periodic Hann window, zero-padded 512-point power spectrum, mel
// filters, ln(energy + 1e-6). The error against the same in float64 is at most 1e-4
// in bands less than 60 dB below the frame's strongest frequency, and at most 1e-2 in
// all others, where the float FFT's rounding shows (tests/python/test_lfbe.py).
//
// One thread at a time. Nothing allocates. A frame's bits depend on its samples only,
// not on how the stream was cut into calls.
class Lfbe {
 public:
  static constexpr int kSampleRate = 16000;
  static constexpr size_t kWindowSamples = 400;
  static constexpr size_t kHopSamples = 160;
  static constexpr size_t kBins = MelFilterBank::kFilters;
  static constexpr double kFloor = 1e-6;  // added to the energy before the logarithm

  Lfbe();

  // Takes samples until a frame is complete or none are left, and returns how many
  // it took. If a frame was completed, `*frame` points at its kBins values, valid
  // until the next call; otherwise it is null. `samples` may be null if count is 0.
  [[nodiscard]] size_t Push(const int16_t* samples, size_t count,
                            const float** frame) noexcept;

  void Reset() noexcept;

  // What every bin of a frame of digital silence holds.
  [[nodiscard]] static float SilenceValue() noexcept;

 private:
  void ComputeFrame() noexcept;

  MelFilterBank mel_;
  PowerSpectrum spectrum_;
  std::array<float, kWindowSamples> window_;  // Hann / 32768: one product a sample
  std::array<int16_t, kWindowSamples> pending_;
  size_t n_pending_ = 0;
  alignas(16) std::array<float, PowerSpectrum::kSamples> windowed_;  // tail stays zero
  alignas(16) std::array<float, PowerSpectrum::kBins> power_;
  alignas(16) std::array<float, kBins> frame_;
};

}  // namespace pww
