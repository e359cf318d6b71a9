// CONV_2D and DEPTHWISE_CONV_2D.

#include <cstring>

#include "base/cache_line.h"
#include "nn/layers.h"
#include "nn/quantize.h"
#include "nn/refusal.h"

namespace pww {
namespace {

// Positions of a kernel's taps, in rows of the input and places in a row.
struct Geometry {
  size_t taps_time, taps_width;
  size_t dilation_time, dilation_width;
  size_t stride_width;
  size_t in_channels, out_channels;
  size_t out_width;

  [[nodiscard]] size_t taps() const { return taps_time * taps_width; }
  bool operator==(const Geometry& other) const {
    return taps_time == other.taps_time && taps_width == other.taps_width &&
           dilation_time == other.dilation_time &&
           dilation_width == other.dilation_width &&
           stride_width == other.stride_width && in_channels == other.in_channels &&
           out_channels == other.out_channels && out_width == other.out_width;
  }
};

Geometry GeometryOf(const LayerContext& context, const Op& op) {
  const Tensor& input = context.tensor(op.inputs[0]);
  const Tensor& weights = context.tensor(op.inputs[1]);
  const auto count = [](int32_t value) { return static_cast<size_t>(value); };
  const bool depthwise = op.kind == OpKind::kDepthwiseConv2D;
  return {count(weights.shape[1]),
          count(weights.shape[2]),
          count(op.window.dilation_time),
          count(op.window.dilation_width),
          count(op.window.stride_width),
          count(input.rows.channels),
          count(weights.shape[depthwise ? 3 : 0]),
          count(context.tensor(op.output).rows.width)};
}

// Bias and requantization of the accumulators, per channel.
struct Epilogue {
  std::vector<int32_t> bias;
  std::vector<int32_t> multiplier;
  std::vector<int32_t> shift;
  OutputRange range;

  [[nodiscard]] ChannelMultipliers multipliers() const {
    return {multiplier.data(), shift.data()};
  }
  [[nodiscard]] size_t bytes() const { return 3 * bias.size() * sizeof(int32_t); }
  bool operator==(const Epilogue& other) const {
    return bias == other.bias && multiplier == other.multiplier &&
           shift == other.shift && range == other.range;
  }
};

Status MakeEpilogue(const LayerContext& context, const Op& op, size_t n_out,
                    Epilogue* out, std::string* message) {
  out->range = RangeOf(context.tensor(op.output), op.activation);
  for (size_t channel = 0; channel < n_out; ++channel) {
    FoldedChannel folded;
    PWW_RETURN_IF_ERROR(FoldChannel(*context.graph, op, channel, &folded, message));
    const FixedMultiplier scale = QuantizeMultiplier(folded.scale);
    out->bias.push_back(folded.bias);
    out->multiplier.push_back(scale.multiplier);
    out->shift.push_back(scale.shift);
  }
  return Status::kOk;
}

class ConvolutionBase : public Layer {
 public:
  ConvolutionBase(const LayerContext& context, const Op& op, Epilogue epilogue)
      : geometry_(GeometryOf(context, op)),
        epilogue_(std::move(epilogue)),
        kernels_(context.kernels),
        input_(context.row(op.inputs[0])),
        output_(context.row(op.output)) {}

  void Run(RowStore* rows) const noexcept override {
    int8_t* out = rows->Advance(output_);
    for (size_t position = 0; position < geometry_.out_width; ++position) {
      Gather(*rows, position * geometry_.stride_width, rows->patch());
      Accumulate(rows->patch(), rows->accumulators());
      kernels_->requantize_s8(rows->accumulators(), epilogue_.multipliers(),
                              epilogue_.range, geometry_.out_channels,
                              out + position * geometry_.out_channels);
    }
  }

  [[nodiscard]] size_t history() const noexcept override {
    return (geometry_.taps_time - 1) * geometry_.dilation_time + 1;
  }
  [[nodiscard]] size_t patch_size() const noexcept override {
    return geometry_.taps() * geometry_.in_channels;
  }
  [[nodiscard]] size_t n_accumulators() const noexcept override {
    return geometry_.out_channels;
  }

 protected:
  [[nodiscard]] bool EqualsBase(const ConvolutionBase& other,
                                const RowMap& same) const {
    return same[input_] == other.input_ && geometry_ == other.geometry_ &&
           epilogue_ == other.epilogue_;
  }

  // Computes the sums of one output position. Inputs are in the order of the weights.
  virtual void Accumulate(const int8_t* patch, int32_t* acc) const noexcept = 0;

  const Geometry geometry_;
  const Epilogue epilogue_;
  const Kernels* const kernels_;

 private:
  // Copies the values under the kernel at position `first` into one block.
  void Gather(const RowStore& rows, size_t first, int8_t* patch) const noexcept {
    const size_t channels = geometry_.in_channels;
    const bool dense = geometry_.dilation_width == 1;
    const size_t n_pieces = dense ? 1 : geometry_.taps_width;
    const size_t piece = dense ? geometry_.taps_width * channels : channels;
    for (size_t tap = 0; tap < geometry_.taps_time; ++tap) {
      const size_t age = (geometry_.taps_time - 1 - tap) * geometry_.dilation_time;
      const int8_t* row = rows.Row(input_, age) + first * channels;
      for (size_t i = 0; i < n_pieces; ++i) {
        std::memcpy(patch, row + i * geometry_.dilation_width * channels, piece);
        patch += piece;
      }
    }
  }

  const size_t input_;
  const size_t output_;
};

class DenseConvolution final : public ConvolutionBase {
 public:
  DenseConvolution(const LayerContext& context, const Op& op, Epilogue epilogue,
                   const int8_t* weights)
      : ConvolutionBase(context, op, std::move(epilogue)),
        packed_(kernels_->packed_size(geometry_.out_channels, patch_size())) {
    kernels_->pack_s8(weights, geometry_.out_channels, patch_size(), packed_.data());
  }

  [[nodiscard]] bool Equals(const Layer& layer, const RowMap& same) const override {
    const auto* other = dynamic_cast<const DenseConvolution*>(&layer);
    return other != nullptr && EqualsBase(*other, same) && packed_ == other->packed_;
  }
  [[nodiscard]] int64_t macs() const noexcept override {
    return static_cast<int64_t>(geometry_.out_width * geometry_.out_channels *
                                patch_size());
  }
  [[nodiscard]] size_t bytes() const noexcept override {
    return sizeof(*this) + packed_.size() + epilogue_.bytes();
  }

 protected:
  void Accumulate(const int8_t* patch, int32_t* acc) const noexcept override {
    kernels_->gemv_s8(packed_.data(), patch, epilogue_.bias.data(),
                      geometry_.out_channels, patch_size(), acc);
  }

 private:
  CacheLineBytes packed_;
};

class DepthwiseConvolution final : public ConvolutionBase {
 public:
  DepthwiseConvolution(const LayerContext& context, const Op& op, Epilogue epilogue,
                       const int8_t* weights)
      : ConvolutionBase(context, op, std::move(epilogue)),
        weights_(weights, weights + geometry_.taps() * geometry_.out_channels) {}

  [[nodiscard]] bool Equals(const Layer& layer, const RowMap& same) const override {
    const auto* other = dynamic_cast<const DepthwiseConvolution*>(&layer);
    return other != nullptr && EqualsBase(*other, same) && weights_ == other->weights_;
  }
  [[nodiscard]] int64_t macs() const noexcept override {
    return static_cast<int64_t>(geometry_.out_width * weights_.size());
  }
  [[nodiscard]] size_t bytes() const noexcept override {
    return sizeof(*this) + weights_.size() + epilogue_.bytes();
  }

 protected:
  void Accumulate(const int8_t* patch, int32_t* acc) const noexcept override {
    const size_t n_out = geometry_.out_channels;
    const size_t multiplier = n_out / geometry_.in_channels;
    std::memcpy(acc, epilogue_.bias.data(), n_out * sizeof(int32_t));
    for (size_t tap = 0; tap < geometry_.taps(); ++tap) {
      const int8_t* weights = weights_.data() + tap * n_out;
      const int8_t* x = patch + tap * geometry_.in_channels;
      for (size_t o = 0; o < n_out; ++o) {
        acc[o] += weights[o] * x[o / multiplier];
      }
    }
  }

 private:
  std::vector<int8_t> weights_;  // [tap][output channel], as in the file
};

}  // namespace

Status MakeConvolution(const LayerContext& context, const Op& op,
                       std::unique_ptr<Layer>* out, std::string* message) {
  const auto* weights =
      reinterpret_cast<const int8_t*>(context.tensor(op.inputs[1]).data);
  Epilogue epilogue;
  PWW_RETURN_IF_ERROR(MakeEpilogue(context, op, GeometryOf(context, op).out_channels,
                                   &epilogue, message));
  if (op.kind == OpKind::kDepthwiseConv2D) {
    *out = std::make_unique<DepthwiseConvolution>(context, op, std::move(epilogue),
                                                  weights);
  } else {
    *out =
        std::make_unique<DenseConvolution>(context, op, std::move(epilogue), weights);
  }
  return Status::kOk;
}

}  // namespace pww
