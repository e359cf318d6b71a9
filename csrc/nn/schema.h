#pragma once

#include <cstdint>

// The part of the .tflite flatbuffer schema (version 3) that the core reads: field
// numbers of each table, in the order of the schema, and enumeration values.
namespace pww::schema {

constexpr char kFileIdentifier[] = "TFL3";
constexpr uint32_t kVersion = 3;

namespace model {
enum Field { kVersion, kOperatorCodes, kSubgraphs, kDescription, kBuffers };
}
namespace operator_code {
enum Field { kDeprecatedBuiltinCode, kCustomCode, kVersion, kBuiltinCode };
}
namespace subgraph {
enum Field { kTensors, kInputs, kOutputs, kOperators };
}
namespace tensor {
enum Field { kShape, kType, kBuffer, kName, kQuantization, kIsVariable, kSparsity };
}
namespace quantization {
enum Field { kMin, kMax, kScale, kZeroPoint, kDetailsType, kDetails, kDimension };
}
namespace op {
enum Field { kOpcodeIndex, kInputs, kOutputs, kOptionsType, kOptions };
}
namespace buffer {
enum Field { kData, kOffset, kSize };
}
namespace conv_2d {
enum Field { kPadding, kStrideW, kStrideH, kActivation, kDilationW, kDilationH };
}
namespace depthwise_conv_2d {
enum Field {
  kPadding,
  kStrideW,
  kStrideH,
  kDepthMultiplier,
  kActivation,
  kDilationW,
  kDilationH
};
}
namespace fully_connected {
enum Field { kActivation, kWeightsFormat };
}
namespace elementwise {  // the same in AddOptions and MulOptions
enum Field { kActivation };
}
namespace concatenation {
enum Field { kAxis, kActivation };
}

enum OptionsType : uint8_t {
  kNoOptions = 0,
  kConv2DOptions = 1,
  kDepthwiseConv2DOptions = 2,
  kFullyConnectedOptions = 8,
  kConcatenationOptions = 10,
  kAddOptions = 11,
  kMulOptions = 21,
};

constexpr uint8_t kPaddingValid = 1;

}  // namespace pww::schema
