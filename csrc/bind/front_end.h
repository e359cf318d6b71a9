#pragma once

#include <pybind11/pybind11.h>

#include "base/busy_flag.h"
#include "dsp/lfbe.h"

namespace pww {

// The front end of a bound stream, and the flag that guards it; both live as it does.
struct FrontEnd {
  Lfbe* lfbe;
  BusyFlag* busy;
};

// Of a Spotter; anything else is a TypeError.
FrontEnd FrontEndOf(pybind11::handle spotter);

}  // namespace pww
