#include "nn/plan.h"

#include <algorithm>
#include <optional>

#include "nn/op_codes.h"
#include "nn/refusal.h"

namespace pww {
namespace {

constexpr int64_t kMaxFrameStride = 1024;
constexpr size_t kMaxModelBytes = size_t{64} << 20;
constexpr size_t kMaxStreamBytes = size_t{64} << 20;

class Planner {
 public:
  Planner(const Graph& graph, const Kernels* kernels, Plan* plan, std::string* message)
      : graph_(graph),
        plan_(plan),
        message_(message),
        rows_(graph.tensors.size(), kNoRow),
        timings_(graph.tensors.size()),
        context_{&graph, kernels, &rows_} {}

  Status Make();

 private:
  Status PlaceInputs();
  void FindNeededTensors();
  Status PlanOp(const Op& op);
  Status TimeOf(const Op& op, std::optional<Timing>* timing);
  Status MakeLayer(const Op& op, const std::optional<Timing>& timing);
  Status PlanOutputs();
  void PlanSteps();
  Status CheckSize();

  [[nodiscard]] const Tensor& At(int index) const {
    return graph_.tensors[Index(index)];
  }
  static size_t Index(int index) { return static_cast<size_t>(index); }
  static std::string Name(const Tensor& tensor) {
    return "tensor '" + tensor.name + "'";
  }
  static Quantization QuantizationOf(const Tensor& tensor) {
    return {tensor.scales[0], tensor.zero_point};
  }
  size_t AddRow(int tensor);

  struct StreamLayer {
    const Layer* layer;
    Timing timing;
  };

  const Graph& graph_;
  Plan* plan_;
  std::string* message_;
  std::vector<size_t> rows_;                    // per tensor; aliases share one
  std::vector<std::optional<Timing>> timings_;  // per tensor; empty if static
  std::vector<bool> needed_;                    // per tensor: an output depends on it
  std::vector<StreamLayer> stream_layers_;
  LayerContext context_;
};

// The operands whose rows an operator reads: not its weights and shapes.
size_t RowOperandCount(const Op& op) {
  switch (op.kind) {
    case OpKind::kMul:
    case OpKind::kAdd:
    case OpKind::kConcatenation:
      return op.inputs.size();
    default:
      return 1;
  }
}

Status Planner::Make() {
  PWW_RETURN_IF_ERROR(PlaceInputs());
  FindNeededTensors();
  for (const Op& op : graph_.ops) {
    if (needed_[Index(op.output)]) {
      PWW_RETURN_IF_ERROR(PlanOp(op));
    }
  }
  PWW_RETURN_IF_ERROR(PlanOutputs());
  PlanSteps();
  return CheckSize();
}

size_t Planner::AddRow(int tensor) {
  plan_->rows.push_back({static_cast<size_t>(At(tensor).rows.row_size()), 1});
  rows_[Index(tensor)] = plan_->rows.size() - 1;
  return plan_->rows.size() - 1;
}

Status Planner::PlaceInputs() {
  bool has_features = false;
  for (const int input : graph_.inputs) {
    const Tensor& tensor = At(input);
    if (tensor.name == "features" && !has_features) {
      has_features = true;
      plan_->features_row = AddRow(input);
      plan_->window_frames = tensor.rows.time;
      plan_->n_bins = tensor.rows.row_size();
      plan_->features_quantization = QuantizationOf(tensor);
      timings_[Index(input)] = Timing{};
    } else if (tensor.name == "state" && plan_->n_state == 0) {
      if (tensor.rows.time != 1 || tensor.rows.width != 1) {
        return Unsupported(message_, "input 'state': shape is not [1, n]");
      }
      plan_->state_row = AddRow(input);
      plan_->n_state = tensor.rows.channels;
      plan_->state_quantization = QuantizationOf(tensor);
    } else {
      return Unsupported(message_, "input '" + tensor.name +
                                       "': inputs are one 'features' and one 'state'");
    }
  }
  return has_features ? Status::kOk
                      : Unsupported(message_, "input 'features' is missing");
}

void Planner::FindNeededTensors() {
  needed_.assign(graph_.tensors.size(), false);
  for (const int output : graph_.outputs) {
    needed_[Index(output)] = true;
  }
  for (auto op = graph_.ops.rbegin(); op != graph_.ops.rend(); ++op) {
    if (needed_[Index(op->output)]) {
      for (size_t i = 0; i < RowOperandCount(*op); ++i) {
        needed_[Index(op->inputs[i])] = true;
      }
    }
  }
}

Status Planner::PlanOp(const Op& op) {
  for (size_t i = 0; i < RowOperandCount(op); ++i) {
    const int operand = op.inputs[i];
    if (rows_[Index(operand)] == kNoRow) {  // a constant
      const auto* values = reinterpret_cast<const int8_t*>(At(operand).data);
      const size_t row = AddRow(operand);
      plan_->constants.push_back({row, {values, values + At(operand).n_elements}});
    }
    if (!timings_[Index(operand)] && At(operand).rows.time != 1) {
      return Unsupported(message_, Name(At(operand)) +
                                       ": has a time axis, but does not depend on "
                                       "'features'");
    }
  }
  std::optional<Timing> timing;
  PWW_RETURN_IF_ERROR(TimeOf(op, &timing));
  timings_[Index(op.output)] = timing;
  if (op.kind == OpKind::kReshape || op.kind == OpKind::kSlice) {
    // The same rows, in another shape or from a later one on: nothing to compute.
    rows_[Index(op.output)] = rows_[Index(op.inputs[0])];
    return Status::kOk;
  }
  AddRow(op.output);
  return MakeLayer(op, timing);
}

Status Planner::TimeOf(const Op& op, std::optional<Timing>* timing) {
  for (size_t i = 0; i < RowOperandCount(op); ++i) {
    const Tensor& operand = At(op.inputs[i]);
    const std::optional<Timing>& other = timings_[Index(op.inputs[i])];
    if (!other) {
      continue;
    }
    if (*timing && !(**timing == *other)) {
      return Unsupported(message_,
                         Name(operand) + ": its rows end at frame " +
                             std::to_string(other->first_frame) + " with stride " +
                             std::to_string(other->stride) +
                             ", those of the other operand of " + OpName(op.kind) +
                             " at frame " + std::to_string((*timing)->first_frame) +
                             " with stride " + std::to_string((*timing)->stride));
    }
    if (RowOperandCount(op) > 1 && operand.rows.time != At(op.output).rows.time) {
      return Unsupported(message_, Name(operand) + ": a stream is broadcast over time");
    }
    *timing = other;
  }
  if (!*timing) {
    return Status::kOk;
  }
  Timing& result = **timing;
  if (op.kind == OpKind::kConv2D || op.kind == OpKind::kDepthwiseConv2D) {
    const int64_t taps = At(op.inputs[1]).shape[1];
    result.first_frame += result.stride * (taps - 1) * op.window.dilation_time;
    result.stride *= op.window.stride_time;
  } else if (op.kind == OpKind::kSlice) {
    result.first_frame += result.stride * op.cropped_oldest;
  }
  if (result.stride > kMaxFrameStride) {
    return Unsupported(message_, Name(At(op.output)) + ": stride of " +
                                     std::to_string(result.stride) + " frames");
  }
  return Status::kOk;
}

Status Planner::MakeLayer(const Op& op, const std::optional<Timing>& timing) {
  std::unique_ptr<Layer> layer;
  switch (op.kind) {
    case OpKind::kMul:
      PWW_RETURN_IF_ERROR(MakeMul(context_, op, &layer, message_));
      break;
    case OpKind::kAdd:
      PWW_RETURN_IF_ERROR(MakeAdd(context_, op, &layer, message_));
      break;
    case OpKind::kFullyConnected:
      PWW_RETURN_IF_ERROR(MakeFullyConnected(context_, op, &layer, message_));
      break;
    case OpKind::kRelu:
      PWW_RETURN_IF_ERROR(MakeRelu(context_, op, &layer, message_));
      break;
    case OpKind::kConcatenation:
      PWW_RETURN_IF_ERROR(MakeConcatenation(context_, op, &layer));
      break;
    default:
      PWW_RETURN_IF_ERROR(MakeConvolution(context_, op, &layer, message_));
      break;
  }
  RowSpec& input = plan_->rows[context_.row(op.inputs[0])];
  input.n_rows = std::max(input.n_rows, layer->history());
  plan_->patch_size = std::max(plan_->patch_size, layer->patch_size());
  plan_->n_accumulators = std::max(plan_->n_accumulators, layer->n_accumulators());
  plan_->bytes += layer->bytes();
  if (plan_->bytes > kMaxModelBytes) {
    return Unsupported(message_, Name(At(op.output)) + ": the model needs more than " +
                                     std::to_string(kMaxModelBytes >> 20) + " MiB");
  }
  if (timing) {
    stream_layers_.push_back({layer.get(), *timing});
  } else {
    plan_->static_layers.push_back(layer.get());
  }
  plan_->layers.push_back({std::move(layer), context_.row(op.output), timing});
  return Status::kOk;
}

Status Planner::PlanOutputs() {
  if (graph_.outputs.empty()) {
    return Unsupported(message_, "field outputs: the graph has none");
  }
  const int64_t last_frame = plan_->window_frames - 1;
  for (const int output : graph_.outputs) {
    const Tensor& tensor = At(output);
    const std::optional<Timing>& timing = timings_[Index(output)];
    if (!timing) {
      return Unsupported(message_,
                         "output '" + tensor.name + "': does not depend on 'features'");
    }
    if (tensor.rows.time != 1 || timing->first_frame != last_frame) {
      return Unsupported(message_,
                         "output '" + tensor.name +
                             "': is not one time step at the end of the window");
    }
    if (plan_->frame_stride != 0 && plan_->frame_stride != timing->stride) {
      return Unsupported(message_, "output '" + tensor.name +
                                       "': stride differs from the other outputs'");
    }
    plan_->frame_stride = static_cast<int>(timing->stride);
    plan_->outputs.push_back({tensor.name, rows_[Index(output)], tensor.rows.row_size(),
                              QuantizationOf(tensor)});
  }
  return Status::kOk;
}

void Planner::PlanSteps() {
  const int64_t frame_stride = plan_->frame_stride;
  plan_->steps.resize(static_cast<size_t>(frame_stride));
  for (const StreamLayer& step : stream_layers_) {
    const Timing& timing = step.timing;
    for (int64_t phase = timing.first_frame % timing.stride; phase < frame_stride;
         phase += timing.stride) {
      plan_->steps[static_cast<size_t>(phase)].push_back(
          {step.layer, timing.first_frame});
    }
    plan_->macs_per_output += step.layer->macs() * (frame_stride / timing.stride);
  }
}

Status Planner::CheckSize() {
  size_t stream_values = 0;
  for (const RowSpec& spec : plan_->rows) {
    stream_values += spec.row_size * spec.n_rows;
    if (stream_values > kMaxStreamBytes) {
      return Unsupported(message_, "a stream of the model needs more than " +
                                       std::to_string(kMaxStreamBytes >> 20) + " MiB");
    }
  }
  plan_->bytes += plan_->rows.size() * sizeof(RowSpec);
  for (const ConstantRow& constant : plan_->constants) {
    plan_->bytes += constant.values.size();
  }
  return Status::kOk;
}

}  // namespace

RowMap Plan::RowsAsIn(const Plan& other) const {
  RowMap same(rows.size(), kNoRow);
  if (window_frames != other.window_frames || frame_stride != other.frame_stride ||
      n_bins != other.n_bins ||
      !(features_quantization == other.features_quantization)) {
    return same;
  }
  same[features_row] = other.features_row;
  if (n_state > 0 && n_state == other.n_state &&
      state_quantization == other.state_quantization) {
    same[state_row] = other.state_row;
  }
  for (const ConstantRow& constant : constants) {
    for (const ConstantRow& theirs : other.constants) {
      if (constant.values == theirs.values) {
        same[constant.row] = theirs.row;
      }
    }
  }
  for (const PlannedLayer& ours : layers) {
    for (const PlannedLayer& theirs : other.layers) {
      if (ours.timing == theirs.timing && ours.layer->Equals(*theirs.layer, same)) {
        same[ours.output] = theirs.output;
        break;
      }
    }
  }
  return same;
}

Status MakePlan(const Graph& graph, const Kernels* kernels, Plan* out,
                std::string* message) {
  return Planner(graph, kernels, out, message).Make();
}

}  // namespace pww
