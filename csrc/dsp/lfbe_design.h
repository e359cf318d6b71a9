#pragma once

#include "kernels/lfbe_tables.h"

namespace pww {

// Periodic Hann window, twiddle factors of the 512-point transform, and 64 triangular
// filters equally spaced on the HTK mel scale from 60 to 7600 Hz: a triangle rises and
// falls linearly in hertz, its peak is 1, and its area is not normalised.
constexpr double kMelLowHz = 60;
constexpr double kMelHighHz = 7600;
constexpr double kLfbeSampleRateHz = 16000;
constexpr double kLfbeFloor = 1e-6;

// Made at the first call, shared by all streams; safe from any thread.
const LfbeTables& SharedLfbeTables();

}  // namespace pww
