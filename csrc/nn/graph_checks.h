#pragma once

#include <string>

#include "base/status.h"
#include "nn/graph.h"

namespace pww {

// The part of ReadTflite that checks decoded operators: their order, operand types,
// shapes and quantization. Sets Tensor::rows and Op::cropped_oldest.
Status CheckGraph(Graph* graph, std::string* message);

}  // namespace pww
