#include "nn/tflite_reader.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/byte_reader.h"
#include "nn/flatbuffer.h"
#include "nn/graph_checks.h"
#include "nn/op_codes.h"
#include "nn/refusal.h"
#include "nn/schema.h"

namespace pww {
namespace {

// Far above any network that runs on a device. They bound how much memory a hostile
// file can make the reader allocate.
constexpr size_t kMaxTensors = 4096;
constexpr size_t kMaxOps = 4096;
constexpr size_t kMaxOperands = 64;
constexpr size_t kMaxRank = 4;
constexpr size_t kMaxElements = size_t{1} << 24;
constexpr size_t kMaxNameLength = 120;

class Reader {
 public:
  Reader(const uint8_t* data, size_t size, Graph* out, std::string* message)
      : bytes_(data, size), graph_(out), message_(message) {}

  Status Read();

 private:
  Status ReadTensors(const FlatVector& tensors, const FlatVector& buffers);
  Status ReadTensor(const FlatTable& table, const FlatVector& buffers, Tensor* tensor);
  Status ReadShape(const FlatTable& table, Tensor* tensor);
  Status ReadQuantization(const FlatTable& table, Tensor* tensor);
  Status ReadData(const FlatTable& table, const FlatVector& buffers, Tensor* tensor);
  Status ReadOps(const FlatVector& ops, const FlatVector& codes);
  Status ReadOp(const FlatTable& table, const FlatVector& codes, Op* op);
  Status ReadOptions(const FlatTable& table, Op* op);
  Status ReadWindow(const FlatTable& options, bool depthwise, Op* op);
  Status ReadActivation(uint8_t code, Op* op);
  Status ReadIndexes(const FlatVector& from, const char* what, bool may_be_absent,
                     std::vector<int>* to);
  // The parser continues with zeros after a failed read; this reports the failure.
  Status CheckBytes(const std::string& where) {
    return bytes_.ok() ? Status::kOk
                       : Corrupt(message_, where +
                                               ": an offset or a size lies outside "
                                               "the file");
  }
  [[nodiscard]] static std::string Name(const Tensor& tensor) {
    return "tensor '" + tensor.name + "'";
  }
  [[nodiscard]] std::string Name(const Op& op) const {
    return std::string("operator ") + OpName(op.kind) + " of " +
           Name(graph_->tensors[static_cast<size_t>(op.output)]);
  }

  ByteReader bytes_;
  Graph* graph_;
  std::string* message_;
};

// A name from the file may hold any bytes, but messages must be one printable line.
std::string Printable(const FlatVector& text) {
  std::string name;
  for (size_t i = 0; i < text.size() && i < kMaxNameLength; ++i) {
    const char c = static_cast<char>(text.data()[i]);
    name += c >= ' ' && c <= '~' ? c : '?';
  }
  return name;
}

Status Reader::Read() {
  const uint8_t* identifier = bytes_.Bytes(4, 4);
  if (identifier == nullptr ||
      std::memcmp(identifier, schema::kFileIdentifier, 4) != 0) {
    return Corrupt(message_, "not a .tflite file: the identifier TFL3 is missing");
  }
  const FlatTable model = FlatTable::Root(&bytes_);
  const FlatVector codes = model.Vector(schema::model::kOperatorCodes, 4);
  const FlatVector subgraphs = model.Vector(schema::model::kSubgraphs, 4);
  const FlatVector buffers = model.Vector(schema::model::kBuffers, 4);
  const uint32_t version = model.U32(schema::model::kVersion, 0);
  PWW_RETURN_IF_ERROR(CheckBytes("model"));
  if (version != schema::kVersion) {
    return Unsupported(message_, "field version: schema version " +
                                     std::to_string(version) + ", expected 3");
  }
  if (subgraphs.size() != 1) {
    return Unsupported(message_,
                       "field subgraphs: " + std::to_string(subgraphs.size()) +
                           " of them, expected one");
  }
  const FlatTable subgraph = subgraphs.Table(0);
  const FlatVector tensors = subgraph.Vector(schema::subgraph::kTensors, 4);
  const FlatVector ops = subgraph.Vector(schema::subgraph::kOperators, 4);
  const FlatVector inputs = subgraph.Vector(schema::subgraph::kInputs, 4);
  const FlatVector outputs = subgraph.Vector(schema::subgraph::kOutputs, 4);
  PWW_RETURN_IF_ERROR(CheckBytes("subgraph"));
  PWW_RETURN_IF_ERROR(ReadTensors(tensors, buffers));
  PWW_RETURN_IF_ERROR(ReadOps(ops, codes));
  PWW_RETURN_IF_ERROR(ReadIndexes(inputs, "field inputs", false, &graph_->inputs));
  PWW_RETURN_IF_ERROR(ReadIndexes(outputs, "field outputs", false, &graph_->outputs));
  return CheckGraph(graph_, message_);
}

Status Reader::ReadTensors(const FlatVector& tensors, const FlatVector& buffers) {
  if (tensors.size() > kMaxTensors) {
    return Unsupported(message_, "field tensors: " + std::to_string(tensors.size()) +
                                     " of them, at most " +
                                     std::to_string(kMaxTensors));
  }
  graph_->tensors.resize(tensors.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    const FlatTable table = tensors.Table(i);
    Tensor& tensor = graph_->tensors[i];
    tensor.name = Printable(table.Vector(schema::tensor::kName, 1));
    PWW_RETURN_IF_ERROR(CheckBytes("tensor number " + std::to_string(i)));
    PWW_RETURN_IF_ERROR(ReadTensor(table, buffers, &tensor));
  }
  return Status::kOk;
}

Status Reader::ReadTensor(const FlatTable& table, const FlatVector& buffers,
                          Tensor* tensor) {
  tensor->type = static_cast<TensorType>(table.U8(schema::tensor::kType, 0));
  if (table.U8(schema::tensor::kIsVariable, 0) != 0) {
    return Unsupported(message_, Name(*tensor) + ": is_variable is set");
  }
  if (table.Table(schema::tensor::kSparsity).present()) {
    return Unsupported(message_, Name(*tensor) + ": sparsity is not supported");
  }
  PWW_RETURN_IF_ERROR(ReadShape(table, tensor));
  PWW_RETURN_IF_ERROR(ReadQuantization(table, tensor));
  PWW_RETURN_IF_ERROR(ReadData(table, buffers, tensor));
  return CheckBytes(Name(*tensor));
}

Status Reader::ReadShape(const FlatTable& table, Tensor* tensor) {
  const FlatVector shape = table.Vector(schema::tensor::kShape, 4);
  if (shape.size() > kMaxRank) {
    return Unsupported(message_, Name(*tensor) + ": shape has " +
                                     std::to_string(shape.size()) +
                                     " dimensions, at most 4");
  }
  tensor->n_elements = 1;
  for (size_t i = 0; i < shape.size(); ++i) {
    const int32_t extent = shape.I32(i);
    if (extent < 1 || static_cast<size_t>(extent) > kMaxElements / tensor->n_elements) {
      return Corrupt(message_, Name(*tensor) + ": shape has a dimension of " +
                                   std::to_string(extent));
    }
    tensor->n_elements *= static_cast<size_t>(extent);
    tensor->shape.push_back(extent);
  }
  return Status::kOk;
}

Status Reader::ReadQuantization(const FlatTable& table, Tensor* tensor) {
  const FlatTable quantization = table.Table(schema::tensor::kQuantization);
  const FlatVector scales = quantization.Vector(schema::quantization::kScale, 4);
  const FlatVector zero_points =
      quantization.Vector(schema::quantization::kZeroPoint, 8);
  tensor->quantized_dimension = quantization.I32(schema::quantization::kDimension, 0);
  if (scales.size() > tensor->n_elements ||
      (zero_points.size() != scales.size() && zero_points.size() > 1)) {
    return Corrupt(message_, Name(*tensor) + ": quantization has " +
                                 std::to_string(scales.size()) + " scales and " +
                                 std::to_string(zero_points.size()) + " zero points");
  }
  for (size_t i = 0; i < scales.size(); ++i) {
    const float scale = scales.F32(i);
    if (!std::isfinite(scale) || scale <= 0.0F) {
      return Corrupt(message_, Name(*tensor) + ": scale is not a positive number");
    }
    tensor->scales.push_back(scale);
  }
  for (size_t i = 0; i < zero_points.size(); ++i) {
    const int64_t zero_point = zero_points.I64(i);
    if (zero_point < -128 || zero_point > 127 || zero_point != zero_points.I64(0)) {
      return Unsupported(message_, Name(*tensor) +
                                       ": zero_point differs between channels or is "
                                       "outside int8");
    }
    tensor->zero_point = static_cast<int32_t>(zero_point);
  }
  return Status::kOk;
}

Status Reader::ReadData(const FlatTable& table, const FlatVector& buffers,
                        Tensor* tensor) {
  const size_t index = table.U32(schema::tensor::kBuffer, 0);
  if (index >= buffers.size()) {
    return Corrupt(message_, Name(*tensor) + ": buffer " + std::to_string(index) +
                                 " does not exist");
  }
  const FlatTable buffer = buffers.Table(index);
  const FlatVector data = buffer.Vector(schema::buffer::kData, 1);
  if (buffer.U64(schema::buffer::kOffset, 0) > 1) {
    return Unsupported(message_, Name(*tensor) + ": data lies outside the flatbuffer");
  }
  if (data.size() == 0) {
    return Status::kOk;
  }
  size_t value_size = 0;
  if (tensor->type == TensorType::kInt8) {
    value_size = 1;
  } else if (tensor->type == TensorType::kInt32) {
    value_size = 4;
  } else {
    return Status::kOk;  // the operator that reads it refuses it, if any
  }
  if (data.size() != tensor->n_elements * value_size) {
    return Corrupt(message_, Name(*tensor) + ": data has " +
                                 std::to_string(data.size()) +
                                 " bytes, the shape needs " +
                                 std::to_string(tensor->n_elements * value_size));
  }
  tensor->data = data.data();
  return Status::kOk;
}

Status Reader::ReadOps(const FlatVector& ops, const FlatVector& codes) {
  if (ops.size() > kMaxOps) {
    return Unsupported(message_, "field operators: " + std::to_string(ops.size()) +
                                     " of them, at most " + std::to_string(kMaxOps));
  }
  graph_->ops.resize(ops.size());
  for (size_t i = 0; i < ops.size(); ++i) {
    PWW_RETURN_IF_ERROR(ReadOp(ops.Table(i), codes, &graph_->ops[i]));
    PWW_RETURN_IF_ERROR(CheckBytes("operator number " + std::to_string(i)));
  }
  return Status::kOk;
}

Status Reader::ReadOp(const FlatTable& table, const FlatVector& codes, Op* op) {
  const FlatVector inputs = table.Vector(schema::op::kInputs, 4);
  const FlatVector outputs = table.Vector(schema::op::kOutputs, 4);
  const size_t code_index = table.U32(schema::op::kOpcodeIndex, 0);
  PWW_RETURN_IF_ERROR(CheckBytes("operators"));
  if (code_index >= codes.size()) {
    return Corrupt(message_, "operators: opcode_index " + std::to_string(code_index) +
                                 " does not exist");
  }
  std::vector<int> results;
  PWW_RETURN_IF_ERROR(ReadIndexes(outputs, "operator outputs", false, &results));
  PWW_RETURN_IF_ERROR(ReadIndexes(inputs, "operator inputs", true, &op->inputs));
  const FlatTable entry = codes.Table(code_index);
  // The older field holds 127 for all codes above.
  const auto deprecated =
      static_cast<int8_t>(entry.U8(schema::operator_code::kDeprecatedBuiltinCode, 0));
  const int32_t code =
      std::max<int32_t>(deprecated, entry.I32(schema::operator_code::kBuiltinCode, 0));
  PWW_RETURN_IF_ERROR(CheckBytes("operator_codes"));
  if (!FindOpKind(code, &op->kind)) {
    const std::string result =
        results.empty()
            ? ""
            : " of " + Name(graph_->tensors[static_cast<size_t>(results[0])]);
    return Unsupported(message_, "operator " + OpCodeName(code) + result +
                                     " is not one that the core runs");
  }
  if (results.size() != 1) {
    return Corrupt(message_, std::string("operator ") + OpName(op->kind) + ": " +
                                 std::to_string(results.size()) + " outputs");
  }
  op->output = results[0];
  return ReadOptions(table, op);
}

Status Reader::ReadOptions(const FlatTable& table, Op* op) {
  const uint8_t found = table.U8(schema::op::kOptionsType, schema::kNoOptions);
  const FlatTable options = table.Table(schema::op::kOptions);
  const auto expect = [&](schema::OptionsType type) {
    return found == type && options.present()
               ? Status::kOk
               : Corrupt(message_, Name(*op) +
                                       ": builtin_options are of another "
                                       "operator, or missing");
  };
  switch (op->kind) {
    case OpKind::kConv2D:
      PWW_RETURN_IF_ERROR(expect(schema::kConv2DOptions));
      return ReadWindow(options, false, op);
    case OpKind::kDepthwiseConv2D:
      PWW_RETURN_IF_ERROR(expect(schema::kDepthwiseConv2DOptions));
      return ReadWindow(options, true, op);
    case OpKind::kFullyConnected:
      PWW_RETURN_IF_ERROR(expect(schema::kFullyConnectedOptions));
      if (options.U8(schema::fully_connected::kWeightsFormat, 0) != 0) {
        return Unsupported(message_, Name(*op) + ": weights_format is not DEFAULT");
      }
      return ReadActivation(options.U8(schema::fully_connected::kActivation, 0), op);
    case OpKind::kMul:
      PWW_RETURN_IF_ERROR(expect(schema::kMulOptions));
      return ReadActivation(options.U8(schema::elementwise::kActivation, 0), op);
    case OpKind::kAdd:
      PWW_RETURN_IF_ERROR(expect(schema::kAddOptions));
      return ReadActivation(options.U8(schema::elementwise::kActivation, 0), op);
    case OpKind::kConcatenation: {
      PWW_RETURN_IF_ERROR(expect(schema::kConcatenationOptions));
      const int32_t axis = options.I32(schema::concatenation::kAxis, 0);
      const size_t rank = graph_->tensors[static_cast<size_t>(op->output)].shape.size();
      if (axis != -1 && axis != static_cast<int32_t>(rank) - 1) {
        return Unsupported(message_, Name(*op) + ": axis " + std::to_string(axis) +
                                         " is not the channel axis");
      }
      if (options.U8(schema::concatenation::kActivation, 0) != 0) {
        return Unsupported(message_, Name(*op) + ": has a fused_activation_function");
      }
      return Status::kOk;
    }
    case OpKind::kReshape:  // also in its operand tensor
    case OpKind::kSlice:
    case OpKind::kRelu:
      return Status::kOk;
  }
  return Status::kOk;
}

Status Reader::ReadWindow(const FlatTable& options, bool depthwise, Op* op) {
  namespace conv = schema::conv_2d;
  namespace dw = schema::depthwise_conv_2d;
  if (options.U8(conv::kPadding, 0) != schema::kPaddingValid) {
    return Unsupported(message_, Name(*op) + ": padding is SAME, only VALID streams");
  }
  Window& window = op->window;
  window.stride_width = options.I32(conv::kStrideW, 0);
  window.stride_time = options.I32(conv::kStrideH, 0);
  window.dilation_width =
      options.I32(depthwise ? +dw::kDilationW : +conv::kDilationW, 1);
  window.dilation_time =
      options.I32(depthwise ? +dw::kDilationH : +conv::kDilationH, 1);
  for (const int32_t value : {window.stride_width, window.stride_time,
                              window.dilation_width, window.dilation_time}) {
    if (value < 1 || value > static_cast<int32_t>(kMaxElements)) {
      return Corrupt(message_,
                     Name(*op) + ": a stride or dilation is " + std::to_string(value));
    }
  }
  return ReadActivation(
      options.U8(depthwise ? +dw::kActivation : +conv::kActivation, 0), op);
}

Status Reader::ReadActivation(uint8_t code, Op* op) {
  switch (code) {
    case 0:
      op->activation = Activation::kNone;
      return Status::kOk;
    case 1:
      op->activation = Activation::kRelu;
      return Status::kOk;
    case 3:
      op->activation = Activation::kRelu6;
      return Status::kOk;
    default:
      return Unsupported(message_, Name(*op) + ": fused_activation_function " +
                                       std::to_string(code) +
                                       " is not NONE, RELU or RELU6");
  }
}

Status Reader::ReadIndexes(const FlatVector& from, const char* what, bool may_be_absent,
                           std::vector<int>* to) {
  if (from.size() > kMaxOperands) {
    return Unsupported(message_,
                       std::string(what) + ": " + std::to_string(from.size()) +
                           " tensors, at most " + std::to_string(kMaxOperands));
  }
  const auto n_tensors = static_cast<int32_t>(graph_->tensors.size());
  for (size_t i = 0; i < from.size(); ++i) {
    const int32_t index = from.I32(i);
    if (index >= n_tensors || index < (may_be_absent ? -1 : 0)) {
      return Corrupt(message_, std::string(what) + ": tensor " + std::to_string(index) +
                                   " does not exist");
    }
    to->push_back(index);
  }
  return Status::kOk;
}

}  // namespace

Status ReadTflite(const uint8_t* data, size_t size, Graph* out, std::string* message) {
  return Reader(data, size, out, message).Read();
}

}  // namespace pww
