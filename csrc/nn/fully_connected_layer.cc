// FULLY_CONNECTED: the heads, and the layers that compute FiLM from the device state.

#include "base/cache_line.h"
#include "nn/layers.h"
#include "nn/quantize.h"
#include "nn/refusal.h"

namespace pww {
namespace {

class FullyConnectedLayer final : public Layer {
 public:
  FullyConnectedLayer(const LayerContext& context, const Op& op,
                      std::vector<int32_t> bias, std::vector<double> scales)
      : kernels_(context.kernels),
        input_(context.row(op.inputs[0])),
        output_(context.row(op.output)),
        n_in_(static_cast<size_t>(context.tensor(op.inputs[1]).shape[1])),
        bias_(std::move(bias)),
        scales_(std::move(scales)),
        range_(RangeOf(context.tensor(op.output), op.activation)),
        packed_(kernels_->packed_size(bias_.size(), n_in_)) {
    const uint8_t* weights = context.tensor(op.inputs[1]).data;
    kernels_->pack_s8(reinterpret_cast<const int8_t*>(weights), bias_.size(), n_in_,
                      packed_.data());
  }

  void Run(RowStore* rows) const noexcept override {
    int8_t* out = rows->Advance(output_);
    int32_t* acc = rows->accumulators();
    kernels_->gemv_s8(packed_.data(), rows->Newest(input_), bias_.data(), bias_.size(),
                      n_in_, acc);
    for (size_t o = 0; o < bias_.size(); ++o) {
      out[o] = ClampToOutput(MultiplyReal(acc[o], scales_[o]), range_);
    }
  }

  [[nodiscard]] bool Equals(const Layer& layer, const RowMap& same) const override {
    const auto* other = dynamic_cast<const FullyConnectedLayer*>(&layer);
    return other != nullptr && same[input_] == other->input_ && n_in_ == other->n_in_ &&
           bias_ == other->bias_ && scales_ == other->scales_ &&
           range_ == other->range_ && packed_ == other->packed_;
  }

  [[nodiscard]] size_t n_accumulators() const noexcept override { return bias_.size(); }
  [[nodiscard]] int64_t macs() const noexcept override {
    return static_cast<int64_t>(bias_.size() * n_in_);
  }
  [[nodiscard]] size_t bytes() const noexcept override {
    return sizeof(*this) + packed_.size() +
           bias_.size() * (sizeof(int32_t) + sizeof(double));
  }

 private:
  const Kernels* const kernels_;
  const size_t input_;
  const size_t output_;
  const size_t n_in_;
  const std::vector<int32_t> bias_;
  const std::vector<double> scales_;
  const OutputRange range_;
  CacheLineBytes packed_;
};

}  // namespace

Status MakeFullyConnected(const LayerContext& context, const Op& op,
                          std::unique_ptr<Layer>* out, std::string* message) {
  const auto n_out = static_cast<size_t>(context.tensor(op.inputs[1]).shape[0]);
  std::vector<int32_t> bias;
  std::vector<double> scales;
  for (size_t channel = 0; channel < n_out; ++channel) {
    FoldedChannel folded;
    PWW_RETURN_IF_ERROR(FoldChannel(*context.graph, op, channel, &folded, message));
    bias.push_back(folded.bias);
    scales.push_back(folded.scale);
  }
  *out = std::make_unique<FullyConnectedLayer>(context, op, std::move(bias),
                                               std::move(scales));
  return Status::kOk;
}

}  // namespace pww
