#pragma once

#include <pybind11/pybind11.h>

#include <optional>

#include "base/busy_flag.h"
#include "dsp/lfbe.h"

namespace pww {

// The front end of a bound stream, and the flag that guards it. The stream owns both.
struct FrontEnd {
  Lfbe* lfbe;
  BusyFlag* busy;
};

// Of a Spotter of this module; empty for any other object.
std::optional<FrontEnd> FrontEndOf(pybind11::handle spotter);

}  // namespace pww
