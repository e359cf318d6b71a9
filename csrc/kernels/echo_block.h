#pragma once

// The echo canceller's step of every row, in vectors of eight floats that the compiler
// maps to the row's registers. Each value comes of the same operations in the same
// order, and the build contracts none of them, so all rows give the same bits.
//
// Everything here has internal linkage, for the reason given in requant.h.

#include <cstring>

#include "kernels/echo_state.h"

namespace pww {
namespace {  // NOLINT(google-build-namespaces): see above

using Float8 = float __attribute__((vector_size(32)));

inline constexpr size_t kEchoLanes = 8;

#define PWW_ECHO_INLINE static inline __attribute__((always_inline))

PWW_ECHO_INLINE Float8 Load8(const float* p) {
  Float8 v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

PWW_ECHO_INLINE void Store8(float* p, const Float8& v) { std::memcpy(p, &v, sizeof v); }

PWW_ECHO_INLINE Float8 Least8(const Float8& a, const Float8& b) {
  return a < b ? a : b;
}

PWW_ECHO_INLINE float Sum8(const Float8& v) {
  return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

struct Complex8 {
  Float8 re, im;
};

// The DFT of length 4 across a, b, c, d, in place; each lane on its own.
PWW_ECHO_INLINE void EchoButterfly(Complex8* a, Complex8* b, Complex8* c, Complex8* d) {
  const Complex8 even_sum = {a->re + c->re, a->im + c->im};
  const Complex8 even_difference = {a->re - c->re, a->im - c->im};
  const Complex8 odd_sum = {b->re + d->re, b->im + d->im};
  const Complex8 odd_turned = {b->im - d->im, d->re - b->re};
  *a = {even_sum.re + odd_sum.re, even_sum.im + odd_sum.im};
  *b = {even_difference.re + odd_turned.re, even_difference.im + odd_turned.im};
  *c = {even_sum.re - odd_sum.re, even_sum.im - odd_sum.im};
  *d = {even_difference.re - odd_turned.re, even_difference.im - odd_turned.im};
}

// 16 transforms of 16 points, one per column of a 16 x 16 matrix, in place.
PWW_ECHO_INLINE void TransformColumns(const EchoTables& tables, float* re, float* im) {
  for (size_t column = 0; column < 16; column += kEchoLanes) {
    Complex8 middle[16];
    for (size_t j = 0; j < 4; ++j) {
      Complex8 x[4];
      for (size_t m = 0; m < 4; ++m) {
        const size_t at = (j + 4 * m) * 16 + column;
        x[m] = {Load8(re + at), Load8(im + at)};
      }
      EchoButterfly(&x[0], &x[1], &x[2], &x[3]);
      for (size_t k = 0; k < 4; ++k) {
        const float turn_re = tables.turn16_re[j][k];
        const float turn_im = tables.turn16_im[j][k];
        middle[4 * j + k] = {x[k].re * turn_re - x[k].im * turn_im,
                             x[k].re * turn_im + x[k].im * turn_re};
      }
    }
    for (size_t k = 0; k < 4; ++k) {
      Complex8 x[4] = {middle[k], middle[4 + k], middle[8 + k], middle[12 + k]};
      EchoButterfly(&x[0], &x[1], &x[2], &x[3]);
      for (size_t q = 0; q < 4; ++q) {
        const size_t at = (k + 4 * q) * 16 + column;
        Store8(re + at, x[q].re);
        Store8(im + at, x[q].im);
      }
    }
  }
}

// The complex transform of 256 points, in place, in natural order on both sides. With
// re and im exchanged it is the inverse one, without its factor 1 / 256.
static inline void Transform256(const EchoTables& tables, float* re, float* im) {
  TransformColumns(tables, re, im);
  alignas(32) float turned_re[256];
  alignas(32) float turned_im[256];
  for (size_t k = 0; k < 16; ++k) {
    for (size_t n = 0; n < 16; ++n) {
      const float a = re[k * 16 + n];
      const float b = im[k * 16 + n];
      const float turn_re = tables.turn256_re[k][n];
      const float turn_im = tables.turn256_im[k][n];
      turned_re[n * 16 + k] = a * turn_re - b * turn_im;
      turned_im[n * 16 + k] = a * turn_im + b * turn_re;
    }
  }
  TransformColumns(tables, turned_re, turned_im);
  std::memcpy(re, turned_re, sizeof turned_re);
  std::memcpy(im, turned_im, sizeof turned_im);
}

// Parts the transform of a + i b, both real, into the spectra of a and b.
static inline void SplitSpectra(const float* re, const float* im, float* a, float* b) {
  constexpr size_t kRow = EchoState::kRow;
  for (size_t k = 0; k < EchoState::kBins; ++k) {
    const size_t mirrored = (EchoState::kPoints - k) % EchoState::kPoints;
    a[k] = 0.5F * (re[k] + re[mirrored]);
    a[kRow + k] = 0.5F * (im[k] - im[mirrored]);
    b[k] = 0.5F * (im[k] + im[mirrored]);
    b[kRow + k] = 0.5F * (re[mirrored] - re[k]);
  }
}

// The transform of a + i b from the spectra of a and b, both real.
static inline void JoinSpectra(const float* a, const float* b, float* re, float* im) {
  constexpr size_t kRow = EchoState::kRow;
  for (size_t k = 0; k < EchoState::kBins; ++k) {
    const size_t mirrored = (EchoState::kPoints - k) % EchoState::kPoints;
    re[mirrored] = a[k] + b[kRow + k];
    im[mirrored] = b[k] - a[kRow + k];
    re[k] = a[k] - b[kRow + k];
    im[k] = b[k] + a[kRow + k];
  }
}

PWW_ECHO_INLINE const float* EchoSpectrum(const EchoState& state, size_t blocks_ago) {
  const size_t n = state.n_spectra;
  return state.spectra + (state.newest + n - blocks_ago) % n * EchoState::kSpectrum;
}

// Puts the spectrum of the loudspeaker's two blocks into the ring.
static inline void TakeLoudspeaker(const EchoTables& tables, EchoState* state) {
  alignas(32) float re[EchoState::kPoints];
  alignas(32) float im[EchoState::kPoints] = {};
  std::memcpy(re, state->loudspeaker, sizeof re);
  Transform256(tables, re, im);
  state->newest = (state->newest + 1) % state->n_spectra;
  float* spectrum = state->spectra + state->newest * EchoState::kSpectrum;
  std::memcpy(spectrum, re, EchoState::kBins * sizeof(float));
  std::memcpy(spectrum + EchoState::kRow, im, EchoState::kBins * sizeof(float));
}

// Two partitions at once: keeps of each filter the kBlock taps that are its own.
// `taps`, if wanted, receives those of the first.
static inline void Constrain(const EchoTables& tables, float* first, float* second,
                             float* taps) {
  constexpr float kScale = 1.0F / EchoState::kPoints;
  constexpr size_t kHalfBytes = EchoState::kBlock * sizeof(float);
  alignas(32) float re[EchoState::kPoints];
  alignas(32) float im[EchoState::kPoints];
  JoinSpectra(first, second, re, im);
  Transform256(tables, im, re);
  for (size_t n = 0; n < EchoState::kBlock; ++n) {
    re[n] *= kScale;
    im[n] *= kScale;
  }
  if (taps != nullptr) {
    std::memcpy(taps, re, kHalfBytes);
  }
  std::memset(re + EchoState::kBlock, 0, kHalfBytes);
  std::memset(im + EchoState::kBlock, 0, kHalfBytes);
  Transform256(tables, re, im);
  SplitSpectra(re, im, first, second);
}

// The partition whose turn it is: all but the first take turns.
PWW_ECHO_INLINE float* NextConstrained(EchoState* state) {
  const size_t p = state->next_constrained;
  state->next_constrained = p + 1 < state->n_partitions ? p + 1 : size_t{1};
  return state->weights + p * EchoState::kSpectrum;
}

// The Kalman step of one partition's vector of bins.
PWW_ECHO_INLINE void UpdateBins(const float* x, const Float8& error_re,
                                const Float8& error_im, const Float8& inverse,
                                float inflation, float prior, float* w, float* p) {
  // Process noise: the echo path forgets (1 - kKept) of its power per block.
  constexpr float kKept = 0.996F;
  constexpr size_t kRow = EchoState::kRow;
  const Float8 x_re = Load8(x);
  const Float8 x_im = Load8(x + kRow);
  const Float8 ceiling = Float8{} + prior;
  const Float8 covariance = Least8(Load8(p) * inflation, ceiling);
  const Float8 gain = covariance * inverse;
  const Float8 w_re = Load8(w) + gain * (x_re * error_re + x_im * error_im);
  const Float8 w_im = Load8(w + kRow) + gain * (x_re * error_im - x_im * error_re);
  const Float8 learnt = 0.5F * gain * (x_re * x_re + x_im * x_im);
  Store8(w, w_re);
  Store8(w + kRow, w_im);
  Store8(p, kKept * (1.0F - learnt) * covariance +
                (1.0F - kKept) * (w_re * w_re + w_im * w_im));
}

// Kernels::echo_update: takes a block that is complete and learns from it.
static inline void EchoUpdate(const EchoTables& tables, bool adapt, EchoState* state) {
  constexpr size_t kRow = EchoState::kRow;
  constexpr size_t kBlock = EchoState::kBlock;
  constexpr float kSlow = 0.02F;      // of the means that the leak is measured against
  constexpr float kNoiseKept = 0.9F;  // per block, of the noise's power
  constexpr float kMostInflation = 2.0F;
  constexpr float kTiny = 1e-3F;

  TakeLoudspeaker(tables, state);
  alignas(32) float re[EchoState::kPoints] = {};
  alignas(32) float im[EchoState::kPoints] = {};
  std::memcpy(re + kBlock, state->error, sizeof state->error);
  std::memcpy(im + kBlock, state->echo, sizeof state->echo);
  Transform256(tables, re, im);
  alignas(32) float error[EchoState::kSpectrum] = {};
  alignas(32) float echo[EchoState::kSpectrum] = {};
  SplitSpectra(re, im, error, echo);

  // How much of the error is still echo: by the covariance, and by how far the error's
  // power rises and falls with that of the estimated echo.
  alignas(32) float expected[kRow];
  Float8 echo_sum = {};
  Float8 error_sum = {};
  Float8 expected_sum = {};
  Float8 covariance_sum = {};
  Float8 variance_sum = {};
  for (size_t k = 0; k < kRow; k += kEchoLanes) {
    Float8 sum = {};
    for (size_t p = 0; p < state->n_partitions; ++p) {
      const float* x = EchoSpectrum(*state, state->delay_blocks + p) + k;
      const Float8 x_re = Load8(x);
      const Float8 x_im = Load8(x + kRow);
      sum += Load8(state->covariance + p * kRow + k) * (x_re * x_re + x_im * x_im);
    }
    sum = sum * 0.5F;
    Store8(expected + k, sum);
    expected_sum += sum;
    const Float8 error_re = Load8(error + k);
    const Float8 error_im = Load8(error + kRow + k);
    const Float8 echo_re = Load8(echo + k);
    const Float8 echo_im = Load8(echo + kRow + k);
    const Float8 error_power = error_re * error_re + error_im * error_im;
    const Float8 echo_power = echo_re * echo_re + echo_im * echo_im;
    Store8(state->microphone + k, error_re + echo_re);
    Store8(state->microphone + kRow + k, error_im + echo_im);
    const Float8 error_before = Load8(state->error_mean + k);
    const Float8 echo_before = Load8(state->echo_mean + k);
    const Float8 error_mean = error_before + kSlow * (error_power - error_before);
    const Float8 echo_mean = echo_before + kSlow * (echo_power - echo_before);
    Store8(state->error_mean + k, error_mean);
    Store8(state->echo_mean + k, echo_mean);
    covariance_sum += (echo_power - echo_mean) * (error_power - error_mean);
    variance_sum += (echo_power - echo_mean) * (echo_power - echo_mean);
    echo_sum += echo_power;
    error_sum += error_power;
    const Float8 noise = Load8(state->noise_power + k);
    const Float8 unexpected = error_power - sum;
    const Float8 least = 0.1F * error_power;
    Store8(state->noise_power + k,
           kNoiseKept * noise +
               (1.0F - kNoiseKept) * (unexpected > least ? unexpected : least));
  }
  state->echo_power = Sum8(echo_sum);
  state->expected_error_power = Sum8(expected_sum);

  const float rate_wanted = 0.02F * state->echo_power / (Sum8(error_sum) + 1.0F);
  const float rate = rate_wanted < 0.05F ? rate_wanted : 0.05F;
  state->leak_covariance += rate * (Sum8(covariance_sum) - state->leak_covariance);
  state->leak_variance += rate * (Sum8(variance_sum) - state->leak_variance);
  const float ratio = state->leak_covariance / (state->leak_variance + 1.0F);
  const float leak = ratio < 0.0F ? 0.0F : (ratio < 1.0F ? ratio : 1.0F);

  if (adapt) {
    Float8 leaked_sum = {};
    for (size_t k = 0; k < kRow; k += kEchoLanes) {
      const Float8 error_re = Load8(error + k);
      const Float8 error_im = Load8(error + kRow + k);
      const Float8 echo_re = Load8(echo + k);
      const Float8 echo_im = Load8(echo + kRow + k);
      leaked_sum += Least8(leak * (echo_re * echo_re + echo_im * echo_im),
                           error_re * error_re + error_im * error_im);
    }
    const float wanted = Sum8(leaked_sum) / (state->expected_error_power + 1.0F);
    const float inflation =
        wanted < 1.0F ? 1.0F : (wanted < kMostInflation ? wanted : kMostInflation);
    for (size_t k = 0; k < kRow; k += kEchoLanes) {
      const Float8 total =
          2.0F * (inflation * Load8(expected + k) + Load8(state->noise_power + k)) +
          kTiny;
      const Float8 inverse = 1.0F / total;
      const Float8 error_re = Load8(error + k);
      const Float8 error_im = Load8(error + kRow + k);
      for (size_t p = 0; p < state->n_partitions; ++p) {
        UpdateBins(EchoSpectrum(*state, state->delay_blocks + p) + k, error_re,
                   error_im, inverse, inflation, state->prior[p],
                   state->weights + p * EchoState::kSpectrum + k,
                   state->covariance + p * kRow + k);
      }
    }
    float* first = NextConstrained(state);
    Constrain(tables, first, NextConstrained(state), nullptr);
  }
}

// Kernels::echo_predict: what the next block needs of the filter as it is now.
static inline void EchoPredict(const EchoTables& tables, EchoState* state) {
  constexpr size_t kRow = EchoState::kRow;
  constexpr size_t kBlock = EchoState::kBlock;
  Constrain(tables, state->weights, NextConstrained(state), state->head);
  // The echo by all partitions but the first: their input is all there.
  alignas(32) float echo[EchoState::kSpectrum];
  for (size_t k = 0; k < kRow; k += kEchoLanes) {
    Float8 sum_re = {};
    Float8 sum_im = {};
    for (size_t p = 1; p < state->n_partitions; ++p) {
      const float* x = EchoSpectrum(*state, state->delay_blocks + p - 1) + k;
      const float* w = state->weights + p * EchoState::kSpectrum + k;
      const Float8 x_re = Load8(x);
      const Float8 x_im = Load8(x + kRow);
      const Float8 w_re = Load8(w);
      const Float8 w_im = Load8(w + kRow);
      sum_re += x_re * w_re - x_im * w_im;
      sum_im += x_re * w_im + x_im * w_re;
    }
    Store8(echo + k, sum_re);
    Store8(echo + kRow + k, sum_im);
  }
  alignas(32) constexpr float kSilence[EchoState::kSpectrum] = {};
  alignas(32) float re[EchoState::kPoints];
  alignas(32) float im[EchoState::kPoints];
  JoinSpectra(echo, kSilence, re, im);
  Transform256(tables, im, re);
  for (size_t n = 0; n < kBlock; ++n) {
    state->tail[n] = re[kBlock + n] * (1.0F / EchoState::kPoints);
  }
}

// Kernels::echo_fir: out[i] = sum_k taps[k] * x[i - k], k from 0 to kBlock - 1 in
// order.
static inline void EchoFir(const float* taps, const float* x, size_t n, float* out) {
  size_t i = 0;
  for (; i + kEchoLanes <= n; i += kEchoLanes) {
    Float8 sum = {};
    for (size_t k = 0; k < EchoState::kBlock; ++k) {
      sum += taps[k] * Load8(x + i - k);
    }
    Store8(out + i, sum);
  }
  for (; i < n; ++i) {
    float sum = 0;
    for (size_t k = 0; k < EchoState::kBlock; ++k) {
      sum += taps[k] * *(x + i - k);
    }
    out[i] = sum;
  }
}

#undef PWW_ECHO_INLINE

}  // namespace
}  // namespace pww
