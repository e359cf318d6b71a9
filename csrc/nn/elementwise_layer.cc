// MUL, ADD, RELU and CONCATENATION: layers without weights.

#include <algorithm>
#include <cstring>
#include <utility>

#include "nn/layers.h"
#include "nn/quantize.h"
#include "nn/refusal.h"

namespace pww {
namespace {

constexpr int64_t kMaxCentered = 255;  // of an int8 minus its zero point

// The two operands of MUL or ADD. An operand with one position of channels is repeated
// for each position of the other.
struct Operands {
  size_t a, b, output;
  size_t n_blocks;    // 1 unless one operand is repeated
  size_t block_size;  // values of one block
  size_t a_step, b_step;

  Operands(const LayerContext& context, int first, int second, int result)
      : a(context.row(first)), b(context.row(second)), output(context.row(result)) {
    const auto row_size = [&](int index) {
      return static_cast<size_t>(context.tensor(index).rows.row_size());
    };
    const size_t a_size = row_size(first);
    const size_t b_size = row_size(second);
    block_size = a_size < b_size ? a_size : b_size;
    n_blocks = row_size(result) / block_size;
    a_step = a_size == block_size ? 0 : block_size;
    b_step = b_size == block_size ? 0 : block_size;
  }

  [[nodiscard]] bool Equals(const Operands& other, const RowMap& same) const {
    return same[a] == other.a && same[b] == other.b && n_blocks == other.n_blocks &&
           block_size == other.block_size && a_step == other.a_step &&
           b_step == other.b_step;
  }
};

// `kernel` is Kernels::mul_s8 or add_s8, Params its parameters.
template <typename Params>
class ElementwiseLayer final : public Layer {
 public:
  using Kernel = void (*)(const int8_t*, const int8_t*, const Params&, size_t, int8_t*);

  ElementwiseLayer(const Operands& operands, const Params& params, Kernel kernel)
      : operands_(operands), params_(params), kernel_(kernel) {}

  void Run(RowStore* rows) const noexcept override {
    int8_t* out = rows->Advance(operands_.output);
    const int8_t* a = rows->Newest(operands_.a);
    const int8_t* b = rows->Newest(operands_.b);
    for (size_t block = 0; block < operands_.n_blocks; ++block) {
      kernel_(a + block * operands_.a_step, b + block * operands_.b_step, params_,
              operands_.block_size, out + block * operands_.block_size);
    }
  }

  [[nodiscard]] bool Equals(const Layer& layer, const RowMap& same) const override {
    const auto* other = dynamic_cast<const ElementwiseLayer*>(&layer);
    return other != nullptr && operands_.Equals(other->operands_, same) &&
           params_ == other->params_ && kernel_ == other->kernel_;
  }
  [[nodiscard]] size_t bytes() const noexcept override { return sizeof(*this); }

 private:
  const Operands operands_;
  const Params params_;
  const Kernel kernel_;
};

class ReluLayer final : public Layer {
 public:
  ReluLayer(size_t input, size_t output, size_t size, int32_t input_zero_point,
            FixedMultiplier scale, OutputRange range)
      : input_(input), output_(output), size_(size) {
    // An int8 has 256 values, so the operator is a table.
    for (int32_t value = -128; value <= 127; ++value) {
      table_[static_cast<uint8_t>(value)] =
          ClampToOutput(MultiplyFixed(value - input_zero_point, scale), range);
    }
  }

  void Run(RowStore* rows) const noexcept override {
    int8_t* out = rows->Advance(output_);
    const int8_t* in = rows->Newest(input_);
    for (size_t i = 0; i < size_; ++i) {
      out[i] = table_[static_cast<uint8_t>(in[i])];
    }
  }

  [[nodiscard]] bool Equals(const Layer& layer, const RowMap& same) const override {
    const auto* other = dynamic_cast<const ReluLayer*>(&layer);
    return other != nullptr && same[input_] == other->input_ && size_ == other->size_ &&
           std::memcmp(table_, other->table_, sizeof(table_)) == 0;
  }
  [[nodiscard]] size_t bytes() const noexcept override { return sizeof(*this); }

 private:
  const size_t input_;
  const size_t output_;
  const size_t size_;
  int8_t table_[256];
};

class ConcatenationLayer final : public Layer {
 public:
  ConcatenationLayer(const LayerContext& context, const Op& op)
      : output_(context.row(op.output)),
        width_(static_cast<size_t>(context.tensor(op.output).rows.width)) {
    for (const int input : op.inputs) {
      parts_.push_back({context.row(input),
                        static_cast<size_t>(context.tensor(input).rows.channels)});
    }
  }

  void Run(RowStore* rows) const noexcept override {
    int8_t* out = rows->Advance(output_);
    for (size_t position = 0; position < width_; ++position) {
      for (const Part& part : parts_) {
        std::memcpy(out, rows->Newest(part.row) + position * part.channels,
                    part.channels);
        out += part.channels;
      }
    }
  }

  [[nodiscard]] bool Equals(const Layer& layer, const RowMap& same) const override {
    const auto* other = dynamic_cast<const ConcatenationLayer*>(&layer);
    return other != nullptr && width_ == other->width_ &&
           std::equal(parts_.begin(), parts_.end(), other->parts_.begin(),
                      other->parts_.end(), [&](const Part& a, const Part& b) {
                        return same[a.row] == b.row && a.channels == b.channels;
                      });
  }
  [[nodiscard]] size_t bytes() const noexcept override {
    return sizeof(*this) + parts_.size() * sizeof(Part);
  }

 private:
  struct Part {
    size_t row;
    size_t channels;
  };
  std::vector<Part> parts_;
  const size_t output_;
  const size_t width_;
};

}  // namespace

Status MakeMul(const LayerContext& context, const Op& op, std::unique_ptr<Layer>* out,
               std::string* message) {
  const Tensor& a = context.tensor(op.inputs[0]);
  const Tensor& b = context.tensor(op.inputs[1]);
  const Tensor& output = context.tensor(op.output);
  MulParams params{a.zero_point, b.zero_point, {}, RangeOf(output, op.activation)};
  PWW_RETURN_IF_ERROR(FitMultiplier(MulScale(a, b, output), kMaxCentered * kMaxCentered,
                                    &params.scale, output.name, message));
  *out = std::make_unique<ElementwiseLayer<MulParams>>(
      Operands(context, op.inputs[0], op.inputs[1], op.output), params,
      context.kernels->mul_s8);
  return Status::kOk;
}

Status MakeAdd(const LayerContext& context, const Op& op, std::unique_ptr<Layer>* out,
               std::string* message) {
  int first = op.inputs[0];
  int second = op.inputs[1];  // the one with the larger scale, see AddParams
  if (context.tensor(first).scales[0] > context.tensor(second).scales[0]) {
    std::swap(first, second);
  }
  const Tensor& a = context.tensor(first);
  const Tensor& b = context.tensor(second);
  const Tensor& output = context.tensor(op.output);
  const AddScales scales = AddScalesOf(a, b, output);
  AddParams params{a.zero_point, b.zero_point, {}, {}, RangeOf(output, op.activation)};
  constexpr int64_t kPeak = kMaxCentered << kAddHeadroomBits;
  PWW_RETURN_IF_ERROR(
      FitMultiplier(scales.smaller, kPeak, &params.a_scale, a.name, message));
  PWW_RETURN_IF_ERROR(
      FitMultiplier(scales.sum, kPeak, &params.sum_scale, output.name, message));
  *out = std::make_unique<ElementwiseLayer<AddParams>>(
      Operands(context, first, second, op.output), params, context.kernels->add_s8);
  return Status::kOk;
}

Status MakeRelu(const LayerContext& context, const Op& op, std::unique_ptr<Layer>* out,
                std::string* message) {
  const Tensor& input = context.tensor(op.inputs[0]);
  const Tensor& output = context.tensor(op.output);
  FixedMultiplier scale;
  PWW_RETURN_IF_ERROR(FitMultiplier(ReluScale(input, output), kMaxCentered, &scale,
                                    output.name, message));
  *out = std::make_unique<ReluLayer>(context.row(op.inputs[0]), context.row(op.output),
                                     static_cast<size_t>(input.rows.row_size()),
                                     input.zero_point, scale,
                                     RangeOf(output, Activation::kRelu));
  return Status::kOk;
}

Status MakeConcatenation(const LayerContext& context, const Op& op,
                         std::unique_ptr<Layer>* out) {
  *out = std::make_unique<ConcatenationLayer>(context, op);
  return Status::kOk;
}

}  // namespace pww
