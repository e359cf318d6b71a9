#pragma once

#include <cstddef>

namespace pww {

// State of one echo canceller, in the layout that the kernels work on. All arrays are
// owned by EchoCanceller (dsp/echo_canceller.h), which also explains the method.
//
// A spectrum is kRow real parts, then kRow imaginary parts: kBins values and padding,
// which is zero. The filter is cut in partitions of kBlock taps; partition p works on
// the loudspeaker's spectrum of p blocks ago, counted from `delay_blocks` ago.
struct EchoState {
  static constexpr size_t kBlock = 128;          // samples, 8 ms
  static constexpr size_t kPoints = 2 * kBlock;  // of a transform
  static constexpr size_t kBins = kBlock + 1;
  static constexpr size_t kRow = 136;  // kBins, up to a whole vector of 8
  static constexpr size_t kSpectrum = 2 * kRow;

  // Vectors first, so that nothing is padded.
  alignas(32) float loudspeaker[kPoints] = {};  // the block before, and this block
  alignas(32) float error[kBlock] = {};         // microphone minus estimated echo
  alignas(32) float echo[kBlock] = {};          // estimated echo
  alignas(32) float head[kBlock] = {};          // taps of partition 0, in time
  alignas(32) float tail[kBlock] = {};  // echo of the next block, partitions 1 on

  alignas(32) float microphone[kSpectrum] = {};  // spectrum of the block, for the delay
  alignas(
      32) float noise_power[kRow] = {};    // of the error: person, noise, residual echo
  alignas(32) float echo_mean[kRow] = {};  // slow mean of the estimated echo's power
  alignas(32) float error_mean[kRow] = {};  // and of the error's

  float* spectra = nullptr;      // [n_spectra][kSpectrum], the loudspeaker's
  float* weights = nullptr;      // [n_partitions][kSpectrum], the filter
  float* covariance = nullptr;   // [n_partitions][kRow], of the filter's error
  const float* prior = nullptr;  // [n_partitions], initial covariance

  size_t n_partitions = 0;
  size_t n_spectra = 0;  // of the ring: partitions, and the longest delay
  size_t newest = 0;     // slot of the newest spectrum
  size_t delay_blocks = 0;
  size_t next_constrained = 1;  // partition whose turn it is to be made causal again

  float leak_covariance = 0;  // how closely the error's power follows the echo's
  float leak_variance = 0;
  // Powers of the last block: estimated echo, and its error expected by the covariance.
  float echo_power = 0;
  float expected_error_power = 0;
};

// Factors of the transform of 256 points as 16 x 16, and of those of 16 points as 4
// x 4.
struct EchoTables {
  alignas(32) float turn256_re[16][16], turn256_im[16][16];
  float turn16_re[4][4], turn16_im[4][4];
};

}  // namespace pww
