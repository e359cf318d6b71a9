#pragma once

// lfbe_s16 of every row: four frames at once, side by side in a vector, so that neither
// the transform nor the filters move values between lanes. Rows differ in the width of
// their vectors. Each value results from the same operations in the same order, without
// fused multiply-adds, so all rows give the same bits.
//
// Everything here has internal linkage, for the reason given in requant.h.

#include <cstring>

#include "kernels/fast_log.h"
#include "kernels/float4.h"
#include "kernels/lfbe_tables.h"

namespace pww {
namespace {  // NOLINT(google-build-namespaces): see above

// Memory of a complex array: real and imaginary parts are separate, and each element is
// a Float4 of four frames. The transform's columns have the order 0, 2, 1, 3 in each
// row, as interleaving leaves them.
constexpr size_t kLfbeFrames = LfbeTables::kFrames;
constexpr size_t kLfbeRowFloats = 4 * kLfbeFrames;
constexpr size_t kLfbeColumnOffset[] = {0, 2 * kLfbeFrames, kLfbeFrames,
                                        3 * kLfbeFrames};

struct LfbeScratch {
  // One point more than the transform: its first point again, at the end of the period.
  alignas(64) float re[(LfbeTables::kPoints + 1) * kLfbeFrames];
  alignas(64) float im[(LfbeTables::kPoints + 1) * kLfbeFrames];
};

// Four lanes, with the baseline instruction set: one column of one row.
struct Ops4 {
  using V = Float4;
  static inline void Transpose(V* a, V* b, V* c, V* d) { Transpose4(a, b, c, d); }
  static inline void StoreByRows(float* to, V value) { Store4(to, value); }
  static inline V LoadBlocks(const float* from) { return Load4(from); }
  static inline V ReverseBlocks(V value) { return value; }
};

// Vectors are named by their Ops, because template arguments lose attributes.
template <typename Ops>
struct ComplexVector {
  typename Ops::V re, im;
};

template <typename Ops>
static inline typename Ops::V LoadVector(const float* from) {
  typename Ops::V value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

template <typename Ops>
static inline ComplexVector<Ops> LoadComplex(const LfbeScratch& from, size_t at) {
  return {LoadVector<Ops>(from.re + at), LoadVector<Ops>(from.im + at)};
}

template <typename Ops>
static inline void StoreComplex(ComplexVector<Ops> value, LfbeScratch* to, size_t at) {
  std::memcpy(to->re + at, &value.re, sizeof(value.re));
  std::memcpy(to->im + at, &value.im, sizeof(value.im));
}

template <typename Ops>
static inline ComplexVector<Ops> Times(ComplexVector<Ops> a, float re, float im) {
  return {a.re * re - a.im * im, a.re * im + a.im * re};
}

template <typename Ops>
static inline ComplexVector<Ops> Times(ComplexVector<Ops> a, ComplexVector<Ops> b) {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

// The DFT of length 4 across a, b, c, d, in place and per lane.
template <typename Ops>
static inline void Butterfly(ComplexVector<Ops>* a, ComplexVector<Ops>* b,
                             ComplexVector<Ops>* c, ComplexVector<Ops>* d) {
  const ComplexVector<Ops> even_sum = {a->re + c->re, a->im + c->im};
  const ComplexVector<Ops> even_difference = {a->re - c->re, a->im - c->im};
  const ComplexVector<Ops> odd_sum = {b->re + d->re, b->im + d->im};
  const ComplexVector<Ops> odd_turned = {b->im - d->im, -(b->re - d->re)};
  *a = {even_sum.re + odd_sum.re, even_sum.im + odd_sum.im};
  *b = {even_difference.re + odd_turned.re, even_difference.im + odd_turned.im};
  *c = {even_sum.re - odd_sum.re, even_sum.im - odd_sum.im};
  *d = {even_difference.re - odd_turned.re, even_difference.im - odd_turned.im};
}

// Windows the samples and distributes them: even ones become real parts, odd ones
// imaginary parts, and four complex numbers a row.
template <typename Ops>
static void InterleaveFrames(const LfbeTables& tables, const int16_t* samples,
                             LfbeScratch* out) {
  using V = typename Ops::V;
  constexpr size_t kLanes = sizeof(V) / sizeof(float);
  alignas(64) float pcm[LfbeTables::kBlockSamples];
  for (size_t n = 0; n < LfbeTables::kBlockSamples; ++n) {
    pcm[n] = static_cast<float>(samples[n]);
  }
  static_assert(LfbeTables::kWindowSamples % kLanes == 0);
  for (size_t n = 0; n < LfbeTables::kWindowSamples; n += kLanes) {
    const V window = LoadVector<Ops>(tables.window + n);
    const float* first = pcm + n;
    V a = LoadVector<Ops>(first) * window;
    V b = LoadVector<Ops>(first + LfbeTables::kHopSamples) * window;
    V c = LoadVector<Ops>(first + 2 * LfbeTables::kHopSamples) * window;
    V d = LoadVector<Ops>(first + 3 * LfbeTables::kHopSamples) * window;
    Ops::Transpose(&a, &b, &c, &d);  // samples n, n + 1, n + 2, n + 3 of every four
    const size_t at = n / 8 * kLfbeRowFloats + n % 8 / 4 * kLfbeFrames;
    Ops::StoreByRows(out->re + at, a);
    Ops::StoreByRows(out->im + at, b);
    Ops::StoreByRows(out->re + at + 2 * kLfbeFrames, c);
    Ops::StoreByRows(out->im + at + 2 * kLfbeFrames, d);
  }
  constexpr size_t kWritten = LfbeTables::kWindowSamples / 8 * kLfbeRowFloats;
  constexpr size_t kAll = LfbeTables::kRows * kLfbeRowFloats;
  std::memset(out->re + kWritten, 0, (kAll - kWritten) * sizeof(float));
  std::memset(out->im + kWritten, 0, (kAll - kWritten) * sizeof(float));
}

// One radix-4 pass down the columns of the Stockham transform, which sorts on the way.
// kLength is the remaining length, of 64 rows.
template <typename Ops, size_t kLength>
static inline void ColumnPass(const float (*twiddle_re)[3],
                              const float (*twiddle_im)[3], const LfbeScratch& in,
                              LfbeScratch* out) {
  constexpr size_t kLanes = sizeof(typename Ops::V) / sizeof(float);
  constexpr size_t kStride = LfbeTables::kRows / kLength * kLfbeRowFloats;
  constexpr size_t kQuarter = kLength / 4;
  for (size_t p = 0; p < kQuarter; ++p) {
    for (size_t q = 0; q < kStride; q += kLanes) {
      const size_t x = kStride * p + q;
      const size_t y = kStride * 4 * p + q;
      ComplexVector<Ops> a = LoadComplex<Ops>(in, x);
      ComplexVector<Ops> b = LoadComplex<Ops>(in, x + kStride * kQuarter);
      ComplexVector<Ops> c = LoadComplex<Ops>(in, x + kStride * kQuarter * 2);
      ComplexVector<Ops> d = LoadComplex<Ops>(in, x + kStride * kQuarter * 3);
      Butterfly(&a, &b, &c, &d);
      StoreComplex(a, out, y);
      if (p == 0) {  // all twiddle factors are 1
        StoreComplex(b, out, y + kStride);
        StoreComplex(c, out, y + kStride * 2);
        StoreComplex(d, out, y + kStride * 3);
      } else {
        StoreComplex(Times(b, twiddle_re[p][0], twiddle_im[p][0]), out, y + kStride);
        StoreComplex(Times(c, twiddle_re[p][1], twiddle_im[p][1]), out,
                     y + kStride * 2);
        StoreComplex(Times(d, twiddle_re[p][2], twiddle_im[p][2]), out,
                     y + kStride * 3);
      }
    }
  }
}

// The last radix-4 pass, across the columns.
template <typename Ops>
static void CombineColumns(const LfbeTables& tables, const LfbeScratch& in,
                           LfbeScratch* out) {
  using V = typename Ops::V;
  constexpr size_t kBlocks = sizeof(V) / (4 * sizeof(float));
  constexpr size_t kQuarter = LfbeTables::kRows * kLfbeFrames;
  for (size_t row = 0; row < LfbeTables::kRows; row += kBlocks) {
    const size_t at = row * kLfbeFrames;
    ComplexVector<Ops> x[4];
    for (size_t column = 0; column < 4; ++column) {
      const size_t from = row * kLfbeRowFloats + kLfbeColumnOffset[column];
      x[column] = {Ops::LoadBlocks(in.re + from), Ops::LoadBlocks(in.im + from)};
      if (column > 0) {
        const ComplexVector<Ops> turn = {
            LoadVector<Ops>(tables.combine_re[column - 1] + at),
            LoadVector<Ops>(tables.combine_im[column - 1] + at)};
        x[column] = Times(x[column], turn);
      }
    }
    Butterfly(&x[0], &x[1], &x[2], &x[3]);
    for (size_t j = 0; j < 4; ++j) {
      StoreComplex(x[j], out, j * kQuarter + at);
    }
  }
  StoreComplex(LoadComplex<Ops4>(*out, 0), out, LfbeTables::kPoints * kLfbeFrames);
}

// Z is the spectrum of even + i odd. So Z[k] + conj Z[256 - k] is twice the spectrum of
// the even samples, and Z[k] - conj Z[256 - k] is 2i times that of the odd ones. X[k]
// is the sum of even and rotated odd, and conj X[256 - k] their difference.
template <typename Ops>
static void SplitIntoPower(const LfbeTables& tables, const LfbeScratch& in,
                           float* power) {
  using V = typename Ops::V;
  constexpr size_t kBlocks = sizeof(V) / (4 * sizeof(float));
  constexpr size_t kPoints = LfbeTables::kPoints;
  for (size_t k = 0; k < kPoints / 2; k += kBlocks) {
    const size_t at = k * kLfbeFrames;
    const size_t mirrored = (kPoints - k - (kBlocks - 1)) * kLfbeFrames;
    const ComplexVector<Ops> z = LoadComplex<Ops>(in, at);
    const ComplexVector<Ops> m = LoadComplex<Ops>(in, mirrored);
    const V m_re = Ops::ReverseBlocks(m.re);
    const V m_im = Ops::ReverseBlocks(m.im);
    const ComplexVector<Ops> even = {z.re + m_re, z.im - m_im};
    const ComplexVector<Ops> turned = {z.im + m_im, -(z.re - m_re)};
    const ComplexVector<Ops> turn = {LoadVector<Ops>(tables.split_re + at),
                                     LoadVector<Ops>(tables.split_im + at)};
    const ComplexVector<Ops> odd = Times(turned, turn);
    const ComplexVector<Ops> sum = {even.re + odd.re, even.im + odd.im};
    const ComplexVector<Ops> difference = {even.re - odd.re, even.im - odd.im};
    const V low = 0.25F * (sum.re * sum.re + sum.im * sum.im);
    const V high = Ops::ReverseBlocks(
        0.25F * (difference.re * difference.re + difference.im * difference.im));
    std::memcpy(power + at, &low, sizeof(V));
    std::memcpy(power + mirrored, &high, sizeof(V));
  }
  const size_t middle = kPoints / 2 * kLfbeFrames;
  const ComplexVector<Ops4> z = LoadComplex<Ops4>(in, middle);
  const Float4 value = z.re * z.re + z.im * z.im;
  std::memcpy(power + middle, &value, sizeof(value));
}

// One pass over the bins serves all filters, with two weights per bin.
static inline void SumFilters(const LfbeTables& tables, const float* power,
                              float* energies) {
  const float* bin = power + tables.first_mel_bin * kLfbeFrames;
  const float* rising = tables.rising;
  const float* falling = tables.falling;
  Float4 rising_before = {};
  for (size_t stretch = 0; stretch < LfbeTables::kStretches; ++stretch) {
    Float4 rising_sum = {};
    Float4 falling_sum = {};
    for (size_t n = tables.stretch_bins[stretch]; n > 0; --n) {
      const Float4 value = Load4(bin);
      rising_sum += *rising * value;
      falling_sum += *falling * value;
      bin += kLfbeFrames;
      ++rising;
      ++falling;
    }
    if (stretch > 0) {
      Store4(energies + (stretch - 1) * kLfbeFrames, rising_before + falling_sum);
    }
    rising_before = rising_sum;
  }
}

// Kernels::lfbe_s16.
template <typename Ops>
static void LfbeBlock(const LfbeTables& tables, const int16_t* samples, float* frames) {
  LfbeScratch first;
  LfbeScratch second;
  InterleaveFrames<Ops>(tables, samples, &first);
  ColumnPass<Ops, 64>(tables.pass64_re, tables.pass64_im, first, &second);
  ColumnPass<Ops, 16>(tables.pass16_re, tables.pass16_im, second, &first);
  ColumnPass<Ops, 4>(nullptr, nullptr, first, &second);
  CombineColumns<Ops>(tables, second, &first);
  float* power = second.re;
  SplitIntoPower<Ops>(tables, first, power);
  alignas(64) float energies[LfbeTables::kFilters * kLfbeFrames];
  SumFilters(tables, power, energies);
  for (float& value : energies) {
    value = FastLog(value + tables.floor);
  }
  for (size_t filter = 0; filter < LfbeTables::kFilters; filter += 4) {
    Float4 rows[4];
    std::memcpy(rows, energies + filter * kLfbeFrames, sizeof(rows));
    Transpose4(&rows[0], &rows[1], &rows[2], &rows[3]);
    for (size_t frame = 0; frame < kLfbeFrames; ++frame) {
      Store4(frames + frame * LfbeTables::kFilters + filter, rows[frame]);
    }
  }
}

}  // namespace
}  // namespace pww
