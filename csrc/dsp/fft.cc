#include "dsp/fft.h"

#include <cmath>

namespace pww {
namespace {

// exp(-2 pi i (first + lane * step) / period) in each of the four lanes.
Complex4 Twiddle(size_t first, size_t step, size_t period) {
  constexpr double kTwoPi = 6.28318530717958647692;
  Complex4 twiddle;
  for (size_t lane = 0; lane < 4; ++lane) {
    const size_t turns = first + lane * step;
    const double angle =
        -kTwoPi * static_cast<double>(turns) / static_cast<double>(period);
    twiddle.re[lane] = static_cast<float>(std::cos(angle));
    twiddle.im[lane] = static_cast<float>(std::sin(angle));
  }
  return twiddle;
}

template <typename PassTwiddles>
void FillPassTwiddles(PassTwiddles* twiddles) {
  const size_t length = 4 * twiddles->size();
  for (size_t p = 0; p < twiddles->size(); ++p) {
    for (size_t j = 1; j < 4; ++j) {
      (*twiddles)[p][j - 1] = Twiddle(j * p, 0, length);
    }
  }
}

}  // namespace

PowerSpectrum::PowerSpectrum() : a_(), b_(), spectrum_re_(), spectrum_im_() {
  FillPassTwiddles(&twiddles64_);
  FillPassTwiddles(&twiddles16_);
  FillPassTwiddles(&twiddles4_);
  for (size_t i = 0; i < lane_twiddles_.size(); ++i) {
    for (size_t j = 1; j < 4; ++j) {
      lane_twiddles_[i][j - 1] = Twiddle(j * 4 * i, j, kPoints);
    }
  }
  for (size_t i = 0; i < split_twiddles_.size(); ++i) {
    split_twiddles_[i] = Twiddle(4 * i, 1, kSamples);
  }
}

void PowerSpectrum::Compute(const float* samples, float* power) noexcept {
  LoadSamples(samples);
  // Each lane's column of 64 is transformed on its own, then the four are combined.
  Radix4Pass<64>(twiddles64_, a_, &b_);
  Radix4Pass<16>(twiddles16_, b_, &a_);
  Radix4Pass<4>(twiddles4_, a_, &b_);
  CombineLanes();
  SplitIntoPower(power);
}

void PowerSpectrum::LoadSamples(const float* samples) noexcept {
  for (size_t row = 0; row < kRows; ++row) {
    const Float4 low = Load4(samples + 8 * row);
    const Float4 high = Load4(samples + 8 * row + 4);
    a_[row] = {Shuffle4<0, 2, 4, 6>(low, high), Shuffle4<1, 3, 5, 7>(low, high)};
  }
}

// One pass of the Stockham transform, which sorts as it goes: kLength is what is left
// to transform, and the passes before have dealt with a factor of kStride.
template <size_t kLength>
void PowerSpectrum::Radix4Pass(const PassTwiddles<kLength>& twiddles, const Rows& in,
                               Rows* out) noexcept {
  constexpr size_t kStride = kRows / kLength;
  constexpr size_t kQuarter = kLength / 4;
  for (size_t p = 0; p < kQuarter; ++p) {
    for (size_t q = 0; q < kStride; ++q) {
      const Complex4* x = in.data() + kStride * p + q;
      Complex4 a = x[0];
      Complex4 b = x[kStride * kQuarter];
      Complex4 c = x[kStride * kQuarter * 2];
      Complex4 d = x[kStride * kQuarter * 3];
      Butterfly4(&a, &b, &c, &d);
      Complex4* y = out->data() + kStride * 4 * p + q;
      y[0] = a;
      y[kStride] = b * twiddles[p][0];
      y[kStride * 2] = c * twiddles[p][1];
      y[kStride * 3] = d * twiddles[p][2];
    }
  }
}

// The last radix-4 step runs across the lanes; turned on their side, four rows become
// the four inputs of four butterflies.
void PowerSpectrum::CombineLanes() noexcept {
  for (size_t i = 0; i < kRows / 4; ++i) {
    const Complex4* x = b_.data() + 4 * i;
    Complex4 a = x[0];
    Complex4 b = x[1];
    Complex4 c = x[2];
    Complex4 d = x[3];
    Transpose4(&a.re, &b.re, &c.re, &d.re);
    Transpose4(&a.im, &b.im, &c.im, &d.im);
    b = b * lane_twiddles_[i][0];
    c = c * lane_twiddles_[i][1];
    d = d * lane_twiddles_[i][2];
    Butterfly4(&a, &b, &c, &d);
    const Complex4* const quarters[] = {&a, &b, &c, &d};
    for (size_t j = 0; j < 4; ++j) {
      Store4(spectrum_re_.data() + j * kRows + 4 * i, quarters[j]->re);
      Store4(spectrum_im_.data() + j * kRows + 4 * i, quarters[j]->im);
    }
  }
  spectrum_re_[kPoints] = spectrum_re_[0];
  spectrum_im_[kPoints] = spectrum_im_[0];
}

// Z is the spectrum of even + i odd, so Z[k] + conj Z[256 - k] is twice that of the
// even samples, and Z[k] - conj Z[256 - k] is 2i times that of the odd ones. X[k] is
// even + turned odd, and conj X[256 - k] their difference.
void PowerSpectrum::SplitIntoPower(float* power) const noexcept {
  const float* re = spectrum_re_.data();
  const float* im = spectrum_im_.data();
  for (size_t i = 0; i < kRows / 2; ++i) {
    const size_t k = 4 * i;
    const size_t mirrored = kPoints - k - 3;
    const Complex4 z = {Load4(re + k), Load4(im + k)};
    const Complex4 conjugate = {Reverse4(Load4(re + mirrored)),
                                -Reverse4(Load4(im + mirrored))};
    const Complex4 even = z + conjugate;
    const Complex4 odd = TimesMinusI(z - conjugate) * split_twiddles_[i];
    Store4(power + k, 0.25F * SquaredMagnitude(even + odd));
    Store4(power + mirrored, Reverse4(0.25F * SquaredMagnitude(even - odd)));
  }
  power[kPoints / 2] =
      re[kPoints / 2] * re[kPoints / 2] + im[kPoints / 2] * im[kPoints / 2];
}

}  // namespace pww
