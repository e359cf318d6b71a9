#pragma once

#include "kernels/lfbe_tables.h"

namespace pww {

// Periodic Hann window, twiddle factors of the 512-point transform, and 64 triangular
// filters equally spaced on the HTK mel scale from 60 to 7600 Hz. Triangles are linear
// in hertz and have a peak of 1; their areas are not normalised.
constexpr double kMelLowHz = 60;
constexpr double kMelHighHz = 7600;
constexpr double kLfbeSampleRateHz = 16000;
constexpr double kLfbeFloor = 1e-6;

// Created at the first call and shared by all streams. Any thread may call it.
const LfbeTables& SharedLfbeTables();

}  // namespace pww
