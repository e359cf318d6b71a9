#include "nn/op_codes.h"

namespace pww {

const char* OpName(OpKind kind) {
  switch (kind) {
    case OpKind::kConv2D:
      return "CONV_2D";
    case OpKind::kDepthwiseConv2D:
      return "DEPTHWISE_CONV_2D";
    case OpKind::kFullyConnected:
      return "FULLY_CONNECTED";
    case OpKind::kMul:
      return "MUL";
    case OpKind::kAdd:
      return "ADD";
    case OpKind::kConcatenation:
      return "CONCATENATION";
    case OpKind::kReshape:
      return "RESHAPE";
    case OpKind::kSlice:
      return "SLICE";
    case OpKind::kRelu:
      return "RELU";
  }
  return "?";
}

std::string TypeName(TensorType type) {
  static const char* const kNames[] = {"FLOAT32",   "FLOAT16", "INT32",  "UINT8",
                                       "INT64",     "STRING",  "BOOL",   "INT16",
                                       "COMPLEX64", "INT8",    "FLOAT64"};
  const auto code = static_cast<size_t>(type);
  constexpr size_t kCount = sizeof(kNames) / sizeof(kNames[0]);
  return code < kCount ? kNames[code] : "type " + std::to_string(code);
}

bool FindOpKind(int32_t code, OpKind* kind) {
  switch (code) {
    case 0:
      *kind = OpKind::kAdd;
      return true;
    case 2:
      *kind = OpKind::kConcatenation;
      return true;
    case 3:
      *kind = OpKind::kConv2D;
      return true;
    case 4:
      *kind = OpKind::kDepthwiseConv2D;
      return true;
    case 9:
      *kind = OpKind::kFullyConnected;
      return true;
    case 18:
      *kind = OpKind::kMul;
      return true;
    case 19:
      *kind = OpKind::kRelu;
      return true;
    case 22:
      *kind = OpKind::kReshape;
      return true;
    case 65:
      *kind = OpKind::kSlice;
      return true;
    default:
      return false;
  }
}

std::string OpCodeName(int32_t code) {
  struct Entry {
    int32_t code;
    const char* name;
  };
  // The operators most common in audio networks. Messages give others by number.
  static const Entry kEntries[] = {{1, "AVERAGE_POOL_2D"},
                                   {6, "DEQUANTIZE"},
                                   {14, "LOGISTIC"},
                                   {17, "MAX_POOL_2D"},
                                   {21, "RELU6"},
                                   {25, "SOFTMAX"},
                                   {27, "SVDF"},
                                   {28, "TANH"},
                                   {32, "CUSTOM"},
                                   {34, "PAD"},
                                   {36, "GATHER"},
                                   {39, "TRANSPOSE"},
                                   {40, "MEAN"},
                                   {41, "SUB"},
                                   {42, "DIV"},
                                   {43, "SQUEEZE"},
                                   {45, "STRIDED_SLICE"},
                                   {49, "SPLIT"},
                                   {53, "CAST"},
                                   {54, "PRELU"},
                                   {70, "EXPAND_DIMS"},
                                   {74, "SUM"},
                                   {98, "LEAKY_RELU"},
                                   {102, "SPLIT_V"},
                                   {114, "QUANTIZE"},
                                   {117, "HARD_SWISH"},
                                   {126, "BATCH_MATMUL"},
                                   {129, "CALL_ONCE"},
                                   {142, "VAR_HANDLE"},
                                   {143, "READ_VARIABLE"},
                                   {144, "ASSIGN_VARIABLE"},
                                   {44, "UNIDIRECTIONAL_SEQUENCE_LSTM"},
                                   {150, "GELU"}};
  for (const Entry& entry : kEntries) {
    if (entry.code == code) {
      return entry.name;
    }
  }
  return "with code " + std::to_string(code);
}

}  // namespace pww
