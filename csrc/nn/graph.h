#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// The layer list of a .tflite file. ReadTflite guarantees everything stated here, so
// later code does not check it again.
namespace pww {

// The schema's codes. A tensor that no operator uses may have any other value.
enum class TensorType : uint8_t { kInt32 = 2, kInt8 = 9 };

enum class OpKind {
  kConv2D,
  kDepthwiseConv2D,
  kFullyConnected,
  kMul,
  kAdd,
  kConcatenation,
  kReshape,
  kSlice,
  kRelu,
};

enum class Activation { kNone, kRelu, kRelu6 };

// An int8 tensor seen as `time` rows of `width` positions of `channels` values:
// [1, time, width, channels], or [1, channels] or [channels] with time and width 1.
struct RowShape {
  int32_t time = 0;
  int32_t width = 0;
  int32_t channels = 0;
  [[nodiscard]] int32_t row_size() const { return width * channels; }
};

struct Tensor {
  std::string name;  // printable, for messages
  TensorType type = TensorType::kInt8;
  std::vector<int32_t> shape;  // each at least 1
  size_t n_elements = 0;       // product of the shape
  RowShape rows;               // of int8 operands and results; zero otherwise
  std::vector<float> scales;   // positive and finite; one, or one per weight channel
  int32_t zero_point = 0;
  int32_t quantized_dimension = 0;
  // Constants only: exactly n_elements values, little-endian, in the caller's file.
  const uint8_t* data = nullptr;
};

struct Window {
  int32_t stride_time = 1, stride_width = 1;
  int32_t dilation_time = 1, dilation_width = 1;
};

struct Op {
  OpKind kind = OpKind::kRelu;
  std::vector<int> inputs;  // indexes of tensors; -1 for an absent bias
  int output = 0;
  Activation activation = Activation::kNone;
  Window window;               // convolutions
  int32_t cropped_oldest = 0;  // kSlice: time steps dropped at the front
};

// Each operator reads only inputs, constants and results of earlier ones. Each tensor
// is written at most once.
struct Graph {
  std::vector<Tensor> tensors;
  std::vector<Op> ops;
  std::vector<int> inputs;
  std::vector<int> outputs;
};

// Element of a constant int32 tensor.
inline int32_t IntConstant(const Tensor& tensor, size_t index) {
  const uint8_t* bytes = tensor.data + 4 * index;
  return static_cast<int32_t>(uint32_t{bytes[0]} | uint32_t{bytes[1]} << 8 |
                              uint32_t{bytes[2]} << 16 | uint32_t{bytes[3]} << 24);
}

}  // namespace pww
