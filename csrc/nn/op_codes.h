#pragma once

#include <cstdint>
#include <string>

#include "nn/graph.h"

// Operator codes of the schema, and their names in TFLite's documentation, for
// messages.
namespace pww {

// The operator behind a builtin code; false if the core has none.
bool FindOpKind(int32_t code, OpKind* kind);

// Name of an operator that the core lacks: "SOFTMAX", or "with code 77".
std::string OpCodeName(int32_t code);

const char* OpName(OpKind kind);
std::string TypeName(TensorType type);

}  // namespace pww
