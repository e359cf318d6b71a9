#include "nn/graph_checks.h"

#include "nn/op_codes.h"
#include "nn/quantize.h"
#include "nn/refusal.h"

namespace pww {
namespace {

std::string ShapeText(const std::vector<int32_t>& shape) {
  std::string text = "[";
  for (const int32_t extent : shape) {
    text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
  }
  return text + "]";
}

// Positions of a valid window of `kernel` taps along `extent`; 0 if it does not fit.
int64_t ValidPositions(int64_t extent, int64_t kernel, int64_t stride,
                       int64_t dilation) {
  const int64_t span = (kernel - 1) * dilation + 1;
  return extent < span ? 0 : (extent - span) / stride + 1;
}

class Checker {
 public:
  Checker(Graph* graph, std::string* message) : graph_(graph), message_(message) {}

  Status Check();

 private:
  Status CheckOp(Op* op);
  Status CheckOrder(const Op& op);
  Status CheckLayer(const Op& op);
  Status CheckConvolution(const Op& op);
  Status CheckFullyConnected(const Op& op);
  Status CheckElementwise(const Op& op);
  Status CheckConcatenation(const Op& op);
  Status CheckReshape(const Op& op);
  Status CheckSlice(Op* op);
  Status CheckRelu(const Op& op);

  Status CheckActivationTensor(int index);
  Status CheckOperandCount(const Op& op, size_t min, size_t max);
  Status CheckIntConstant(const Op& op, size_t operand, size_t n_elements);
  Status CheckSameQuantization(const Op& op, size_t operand);

  Tensor& At(int index) { return graph_->tensors[static_cast<size_t>(index)]; }
  Tensor& Input(const Op& op, size_t operand) { return At(op.inputs[operand]); }
  Tensor& Output(const Op& op) { return At(op.output); }
  static std::string Name(const Tensor& tensor) {
    return "tensor '" + tensor.name + "'";
  }
  std::string Name(const Op& op) {
    return std::string("operator ") + OpName(op.kind) + " of " + Name(Output(op));
  }
  Status WrongShape(const Op& op, const Tensor& tensor) {
    return Corrupt(message_, Name(op) + ": " + Name(tensor) + " has the shape " +
                                 ShapeText(tensor.shape) +
                                 ", which does not fit the other operands");
  }

  Graph* graph_;
  std::string* message_;
  std::vector<bool> available_;  // tensors with a value so far
};

Status Checker::Check() {
  for (const Tensor& tensor : graph_->tensors) {
    available_.push_back(tensor.data != nullptr);
  }
  for (const int input : graph_->inputs) {
    if (available_[static_cast<size_t>(input)]) {
      return Corrupt(message_,
                     Name(At(input)) + ": input twice, or with constant data");
    }
    available_[static_cast<size_t>(input)] = true;
    PWW_RETURN_IF_ERROR(CheckActivationTensor(input));
  }
  for (Op& op : graph_->ops) {
    PWW_RETURN_IF_ERROR(CheckOp(&op));
  }
  for (const int output : graph_->outputs) {
    if (!available_[static_cast<size_t>(output)]) {
      return Corrupt(message_, Name(At(output)) + ": output that no operator computes");
    }
    PWW_RETURN_IF_ERROR(CheckActivationTensor(output));
  }
  return Status::kOk;
}

Status Checker::CheckOp(Op* op) {
  PWW_RETURN_IF_ERROR(CheckOrder(*op));
  if (op->inputs.empty() || op->inputs[0] < 0) {
    return Corrupt(message_, Name(*op) + ": the first operand is missing");
  }
  PWW_RETURN_IF_ERROR(CheckActivationTensor(op->inputs[0]));
  PWW_RETURN_IF_ERROR(CheckActivationTensor(op->output));
  switch (op->kind) {
    case OpKind::kConv2D:
    case OpKind::kDepthwiseConv2D:
      PWW_RETURN_IF_ERROR(CheckLayer(*op));
      return CheckConvolution(*op);
    case OpKind::kFullyConnected:
      PWW_RETURN_IF_ERROR(CheckLayer(*op));
      return CheckFullyConnected(*op);
    case OpKind::kMul:
    case OpKind::kAdd:
      return CheckElementwise(*op);
    case OpKind::kConcatenation:
      return CheckConcatenation(*op);
    case OpKind::kReshape:
      return CheckReshape(*op);
    case OpKind::kSlice:
      return CheckSlice(op);
    case OpKind::kRelu:
      return CheckRelu(*op);
  }
  return Status::kOk;
}

Status Checker::CheckOrder(const Op& op) {
  for (const int input : op.inputs) {
    if (input >= 0 && !available_[static_cast<size_t>(input)]) {
      return Corrupt(message_, Name(op) + ": reads " + Name(At(input)) +
                                   " before anything writes it");
    }
  }
  if (available_[static_cast<size_t>(op.output)]) {
    return Corrupt(message_, Name(op) + ": writes a tensor that has a value already");
  }
  available_[static_cast<size_t>(op.output)] = true;
  return Status::kOk;
}

// Requires an int8 tensor with one scale and a shape that RowShape can describe.
Status Checker::CheckActivationTensor(int index) {
  Tensor& tensor = At(index);
  if (tensor.type != TensorType::kInt8) {
    return Unsupported(message_, Name(tensor) + ": type is " + TypeName(tensor.type) +
                                     ", expected INT8");
  }
  if (tensor.scales.size() != 1) {
    return Unsupported(message_, Name(tensor) + ": quantization has " +
                                     std::to_string(tensor.scales.size()) +
                                     " scales, expected one");
  }
  const std::vector<int32_t>& shape = tensor.shape;
  const size_t rank = shape.size();
  if (rank == 4 && shape[0] == 1) {
    tensor.rows = {shape[1], shape[2], shape[3]};
  } else if (rank == 1 || (rank == 2 && shape[0] == 1)) {
    tensor.rows = {1, 1, shape[rank - 1]};
  } else {
    return Unsupported(message_, Name(tensor) + ": shape " + ShapeText(shape) +
                                     " is neither [1, time, width, channels] nor "
                                     "[1, channels]");
  }
  return Status::kOk;
}

Status Checker::CheckOperandCount(const Op& op, size_t min, size_t max) {
  if (op.inputs.size() < min || op.inputs.size() > max) {
    return Corrupt(message_,
                   Name(op) + ": " + std::to_string(op.inputs.size()) + " operands");
  }
  for (size_t i = 0; i < min; ++i) {
    if (op.inputs[i] < 0) {
      return Corrupt(message_,
                     Name(op) + ": operand " + std::to_string(i) + " is absent");
    }
  }
  return Status::kOk;
}

Status Checker::CheckIntConstant(const Op& op, size_t operand, size_t n_elements) {
  const Tensor& tensor = Input(op, operand);
  if (tensor.type != TensorType::kInt32 || tensor.data == nullptr) {
    return Unsupported(message_, Name(op) + ": " + Name(tensor) + " is " +
                                     TypeName(tensor.type) +
                                     ", expected constant INT32");
  }
  return tensor.n_elements == n_elements ? Status::kOk : WrongShape(op, tensor);
}

Status Checker::CheckSameQuantization(const Op& op, size_t operand) {
  const Tensor& input = Input(op, operand);
  const Tensor& output = Output(op);
  if (input.scales == output.scales && input.zero_point == output.zero_point) {
    return Status::kOk;
  }
  return Unsupported(message_, Name(op) + ": scale or zero_point of " + Name(input) +
                                   " differs from the result's");
}

// Weights and bias of a convolution or a fully connected layer.
Status Checker::CheckLayer(const Op& op) {
  PWW_RETURN_IF_ERROR(CheckOperandCount(op, 2, 3));
  const Tensor& weights = Input(op, 1);
  if (weights.type != TensorType::kInt8 || weights.data == nullptr) {
    return Unsupported(message_, Name(op) + ": weights " + Name(weights) + " are " +
                                     TypeName(weights.type) +
                                     ", expected constant INT8");
  }
  const bool depthwise = op.kind == OpKind::kDepthwiseConv2D;
  const size_t rank = op.kind == OpKind::kFullyConnected ? 2 : 4;
  if (weights.shape.size() != rank) {
    return WrongShape(op, weights);
  }
  const size_t out_axis = depthwise ? 3 : 0;
  const auto n_out = static_cast<size_t>(weights.shape[out_axis]);
  if (weights.zero_point != 0) {
    return Unsupported(message_, Name(weights) + ": zero_point of weights is not 0");
  }
  if (weights.scales.size() != 1 && weights.scales.size() != n_out) {
    return Corrupt(message_, Name(weights) + ": quantization has " +
                                 std::to_string(weights.scales.size()) +
                                 " scales for " + std::to_string(n_out) + " channels");
  }
  if (weights.scales.size() > 1 &&
      weights.quantized_dimension != static_cast<int32_t>(out_axis)) {
    return Unsupported(message_, Name(weights) + ": quantized_dimension is " +
                                     std::to_string(weights.quantized_dimension) +
                                     ", expected " + std::to_string(out_axis));
  }
  if (op.inputs.size() == 3 && op.inputs[2] >= 0) {
    return CheckIntConstant(op, 2, n_out);
  }
  return Status::kOk;
}

Status Checker::CheckConvolution(const Op& op) {
  const Tensor& input = Input(op, 0);
  const Tensor& weights = Input(op, 1);
  const Tensor& output = Output(op);
  if (input.shape.size() != 4 || output.shape.size() != 4) {
    return WrongShape(op, input);
  }
  const RowShape& in = input.rows;
  const Window& window = op.window;
  const bool depthwise = op.kind == OpKind::kDepthwiseConv2D;
  const int32_t n_out = weights.shape[depthwise ? 3 : 0];
  const bool fits = depthwise ? weights.shape[0] == 1 && n_out % in.channels == 0
                              : weights.shape[3] == in.channels;
  if (!fits) {  // also a grouped convolution
    return WrongShape(op, weights);
  }
  const int64_t time = ValidPositions(in.time, weights.shape[1], window.stride_time,
                                      window.dilation_time);
  const int64_t width = ValidPositions(in.width, weights.shape[2], window.stride_width,
                                       window.dilation_width);
  const RowShape& out = output.rows;
  return out.time == time && out.width == width && out.channels == n_out
             ? Status::kOk
             : WrongShape(op, output);
}

Status Checker::CheckFullyConnected(const Op& op) {
  const Tensor& input = Input(op, 0);
  const Tensor& weights = Input(op, 1);
  const Tensor& output = Output(op);
  if (input.rows.time != 1 || input.rows.row_size() != weights.shape[1]) {
    return WrongShape(op, input);
  }
  return output.rows.time == 1 && output.rows.row_size() == weights.shape[0]
             ? Status::kOk
             : WrongShape(op, output);
}

Status Checker::CheckElementwise(const Op& op) {
  PWW_RETURN_IF_ERROR(CheckOperandCount(op, 2, 2));
  PWW_RETURN_IF_ERROR(CheckActivationTensor(op.inputs[1]));
  const RowShape& out = Output(op).rows;
  bool any_full = false;
  for (size_t operand = 0; operand < 2; ++operand) {
    const RowShape& in = Input(op, operand).rows;
    const bool full =
        in.time == out.time && in.width == out.width && in.channels == out.channels;
    const bool broadcast = in.time == 1 && in.channels == out.channels &&
                           (in.width == 1 || in.width == out.width);
    if (!full && !broadcast) {
      return WrongShape(op, Input(op, operand));
    }
    any_full = any_full || full;
  }
  if (!any_full) {
    return WrongShape(op, Output(op));
  }
  if (op.kind == OpKind::kAdd &&
      !(AddScalesOf(Input(op, 0), Input(op, 1), Output(op)).sum < 1)) {
    return Unsupported(message_, Name(op) + ": scale of the result is too small");
  }
  return Status::kOk;
}

Status Checker::CheckConcatenation(const Op& op) {
  const Tensor& output = Output(op);
  int64_t channels = 0;
  for (size_t operand = 0; operand < op.inputs.size(); ++operand) {
    if (op.inputs[operand] < 0) {
      return Corrupt(message_, Name(op) + ": an operand is absent");
    }
    PWW_RETURN_IF_ERROR(CheckActivationTensor(op.inputs[operand]));
    PWW_RETURN_IF_ERROR(CheckSameQuantization(op, operand));
    const Tensor& input = Input(op, operand);
    if (input.shape.size() != output.shape.size() ||
        input.rows.time != output.rows.time || input.rows.width != output.rows.width) {
      return WrongShape(op, input);
    }
    channels += input.rows.channels;
  }
  return channels == output.rows.channels ? Status::kOk : WrongShape(op, output);
}

Status Checker::CheckReshape(const Op& op) {
  PWW_RETURN_IF_ERROR(CheckOperandCount(op, 1, 2));
  PWW_RETURN_IF_ERROR(CheckSameQuantization(op, 0));
  const Tensor& input = Input(op, 0);
  const Tensor& output = Output(op);
  if (input.n_elements != output.n_elements) {
    return WrongShape(op, output);
  }
  if (input.rows.time != output.rows.time) {
    return Unsupported(message_, Name(op) + ": mixes time steps, from " +
                                     ShapeText(input.shape) + " to " +
                                     ShapeText(output.shape));
  }
  if (op.inputs.size() == 1 || op.inputs[1] < 0) {
    return Status::kOk;
  }
  const Tensor& target = Input(op, 1);
  PWW_RETURN_IF_ERROR(CheckIntConstant(op, 1, output.shape.size()));
  for (size_t i = 0; i < output.shape.size(); ++i) {
    const int32_t extent = IntConstant(target, i);
    if (extent != -1 && extent != output.shape[i]) {
      return WrongShape(op, target);
    }
  }
  return Status::kOk;
}

Status Checker::CheckSlice(Op* op) {
  PWW_RETURN_IF_ERROR(CheckOperandCount(*op, 3, 3));
  PWW_RETURN_IF_ERROR(CheckSameQuantization(*op, 0));
  const Tensor& input = Input(*op, 0);
  const Tensor& output = Output(*op);
  const size_t rank = input.shape.size();
  PWW_RETURN_IF_ERROR(CheckIntConstant(*op, 1, rank));
  PWW_RETURN_IF_ERROR(CheckIntConstant(*op, 2, rank));
  if (output.shape.size() != rank) {
    return WrongShape(*op, output);
  }
  for (size_t i = 0; i < rank; ++i) {
    const int32_t extent = input.shape[i];
    const int32_t begin = IntConstant(Input(*op, 1), i);
    const int32_t size = IntConstant(Input(*op, 2), i);
    if (begin < 0 || begin >= extent) {
      return Corrupt(message_, Name(*op) + ": begin of axis " + std::to_string(i) +
                                   " is " + std::to_string(begin));
    }
    const bool time_axis = rank == 4 && i == 1;
    if ((begin != 0 && !time_axis) || (size != -1 && size != extent - begin)) {
      return Unsupported(message_,
                         Name(*op) +
                             ": may only crop the oldest time steps, but cuts "
                             "axis " +
                             std::to_string(i) + " to [" + std::to_string(begin) +
                             ", size " + std::to_string(size) + "]");
    }
    if (output.shape[i] != extent - begin) {
      return WrongShape(*op, output);
    }
    if (time_axis) {
      op->cropped_oldest = begin;
    }
  }
  return Status::kOk;
}

Status Checker::CheckRelu(const Op& op) {
  PWW_RETURN_IF_ERROR(CheckOperandCount(op, 1, 1));
  return Input(op, 0).shape == Output(op).shape ? Status::kOk
                                                : WrongShape(op, Output(op));
}

}  // namespace

Status CheckGraph(Graph* graph, std::string* message) {
  return Checker(graph, message).Check();
}

}  // namespace pww
