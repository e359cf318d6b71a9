#pragma once

#include <string>

#include "base/status.h"
#include "nn/graph.h"

namespace pww {

// The part of ReadTflite that looks at operators once everything is decoded: order,
// operand types, shapes and quantization. Fills in Tensor::rows and Op::cropped_oldest.
Status CheckGraph(Graph* graph, std::string* message);

}  // namespace pww
