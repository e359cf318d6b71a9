#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "kernels/kernels.h"
#include "nn/graph.h"
#include "nn/row_store.h"

namespace pww {

// Per row of a plan: the row of another plan that always has equal values, or kNoRow.
using RowMap = std::vector<size_t>;
constexpr size_t kNoRow = static_cast<size_t>(-1);

// One operator, ready to run. Immutable and shared by all streams of a model.
class Layer {
 public:
  virtual ~Layer() = default;

  // Whether `other` always computes the same bits: the same function and constants, and
  // inputs that are equal according to `same`.
  [[nodiscard]] virtual bool Equals(const Layer& other, const RowMap& same) const = 0;

  // Computes the next row of its output from the newest rows of its inputs.
  virtual void Run(RowStore* rows) const noexcept = 0;

  // How many rows of its first input it reads, including the newest.
  [[nodiscard]] virtual size_t history() const noexcept { return 1; }
  // Numbers of values that it needs in RowStore::patch() and accumulators().
  [[nodiscard]] virtual size_t patch_size() const noexcept { return 0; }
  [[nodiscard]] virtual size_t n_accumulators() const noexcept { return 0; }
  [[nodiscard]] virtual int64_t macs() const noexcept { return 0; }  // of one Run
  [[nodiscard]] virtual size_t bytes() const noexcept = 0;
};

// What the functions below need besides the operator.
struct LayerContext {
  const Graph* graph;
  const Kernels* kernels;
  const std::vector<size_t>* rows;  // index in the RowStore of each tensor

  [[nodiscard]] const Tensor& tensor(int index) const {
    return graph->tensors[static_cast<size_t>(index)];
  }
  [[nodiscard]] size_t row(int index) const {
    return (*rows)[static_cast<size_t>(index)];
  }
};

// Each fails only if the integer arithmetic could overflow or a scale is out of range.
// The reader has checked everything else.
Status MakeConvolution(const LayerContext& context, const Op& op,
                       std::unique_ptr<Layer>* out, std::string* message);
Status MakeFullyConnected(const LayerContext& context, const Op& op,
                          std::unique_ptr<Layer>* out, std::string* message);
Status MakeMul(const LayerContext& context, const Op& op, std::unique_ptr<Layer>* out,
               std::string* message);
Status MakeAdd(const LayerContext& context, const Op& op, std::unique_ptr<Layer>* out,
               std::string* message);
Status MakeRelu(const LayerContext& context, const Op& op, std::unique_ptr<Layer>* out,
                std::string* message);
Status MakeConcatenation(const LayerContext& context, const Op& op,
                         std::unique_ptr<Layer>* out);

}  // namespace pww
