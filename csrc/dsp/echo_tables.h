#pragma once

#include "kernels/echo_state.h"

namespace pww {

// Made at the first call, shared by all cancellers; safe from any thread.
const EchoTables& SharedEchoTables();

}  // namespace pww
