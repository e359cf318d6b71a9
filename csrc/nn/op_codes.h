#pragma once

#include <cstdint>
#include <string>

#include "nn/graph.h"

namespace pww {

// The operator behind a builtin code of the schema; false if the core has none.
bool FindOpKind(int32_t code, OpKind* kind);

// Its name, for a refusal: "SOFTMAX", or "with code 77" if it has no entry.
std::string OpCodeName(int32_t code);

}  // namespace pww
