#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/status.h"
#include "nn/graph.h"

namespace pww {

// Reads a .tflite file from untrusted bytes. The result is fully checked: the promises
// in graph.h hold, and the core can run each operator with the shapes, types and
// quantization of its operands. Memory and time are bounded by a small multiple of
// `size`. The graph's constants point into `data`.
//
// On failure `message` is one line that names the tensor, operator or field.
Status ReadTflite(const uint8_t* data, size_t size, Graph* out, std::string* message);

}  // namespace pww
