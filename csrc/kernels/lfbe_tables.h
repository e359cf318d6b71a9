#pragma once

#include <cstddef>
#include <cstdint>

namespace pww {

// Constants of the front end for lfbe_s16, filled in by dsp/lfbe_design.cc. Factors
// that apply to four frames side by side are stored four times.
struct LfbeTables {
  static constexpr size_t kFrames = 4;  // per call
  static constexpr size_t kWindowSamples = 400;
  static constexpr size_t kHopSamples = 160;
  static constexpr size_t kBlockSamples = kWindowSamples + (kFrames - 1) * kHopSamples;
  static constexpr size_t kSamples = 512;          // of the real transform
  static constexpr size_t kPoints = kSamples / 2;  // of the complex one
  static constexpr size_t kRows = kPoints / 4;     // 256 points as 64 rows of 4 columns
  static constexpr size_t kFilters = 64;
  static constexpr size_t kStretches = kFilters + 1;
  static constexpr size_t kMostMelBins = kPoints;

  struct Factor {  // a complex number, four times
    alignas(16) float re[kFrames];
    alignas(16) float im[kFrames];
  };

  // In the order of their alignment, strictest first, so that there is no padding.
  alignas(64) float window[kWindowSamples];  // Hann / 32768: one product per sample
  // exp(-2 pi i k / 512), [k], and exp(-2 pi i j row / 256), [j - 1][row].
  alignas(64) float split_re[kPoints / 2 * kFrames], split_im[kPoints / 2 * kFrames];
  alignas(64) float combine_re[3][kRows * kFrames], combine_im[3][kRows * kFrames];

  // The bins between two of the 66 edges of the filters: the rising side of one filter
  // and the falling side of the previous one. There are no gaps between bins.
  alignas(16) float rising[kMostMelBins];
  alignas(16) float falling[kMostMelBins];

  float floor;  // added to the energy before the logarithm
  // exp(-2 pi i j p / length) of the passes over columns, [p][j - 1].
  float pass16_re[4][3], pass16_im[4][3];
  float pass64_re[16][3], pass64_im[16][3];
  uint16_t first_mel_bin;
  uint16_t stretch_bins[kStretches];
};

}  // namespace pww
