#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "kernels/kernels.h"
#include "nn/graph.h"
#include "nn/layers.h"
#include "nn/model.h"
#include "nn/row_store.h"

namespace pww {

// When the rows of a tensor of the streaming part are computed: row n at frame
// first_frame + n * stride, with frames counted from 0.
struct Timing {
  int64_t first_frame = 0;
  int64_t stride = 1;

  [[nodiscard]] bool operator==(const Timing& other) const {
    return first_frame == other.first_frame && stride == other.stride;
  }
};

struct ConstantRow {
  size_t row;
  std::vector<int8_t> values;
};

struct StreamStep {
  const Layer* layer;
  int64_t first_frame;
};

// A layer of either part, and the row that it writes.
struct PlannedLayer {
  std::unique_ptr<const Layer> layer;
  size_t output = 0;
  std::optional<Timing> timing;  // empty if static
};

struct PlanOutput {
  std::string name;
  size_t row;
  int size;
  Quantization quantization;
};

// How to run a graph frame by frame. A tensor is either static, if it depends on the
// state alone, or streaming, if it depends on the features.
struct Plan {
  int window_frames = 0;
  int frame_stride = 0;
  int n_bins = 0;
  int n_state = 0;
  Quantization features_quantization;
  Quantization state_quantization;
  std::vector<PlanOutput> outputs;

  std::vector<PlannedLayer> layers;  // in an order in which they can run
  std::vector<const Layer*> static_layers;
  // Frame number f runs steps[f % frame_stride] in order, without the steps whose
  // first_frame is still to come.
  std::vector<std::vector<StreamStep>> steps;
  std::vector<ConstantRow> constants;

  std::vector<RowSpec> rows;
  size_t features_row = 0;
  size_t state_row = 0;  // meaningful if n_state > 0
  size_t patch_size = 0;
  size_t n_accumulators = 0;

  int64_t macs_per_output = 0;
  size_t bytes = 0;

  // Rows of this plan that always equal rows of `other` when both get the same frames
  // and states: the inputs, and the results of equal layers on such rows. None if the
  // two differ in window or stride.
  [[nodiscard]] RowMap RowsAsIn(const Plan& other) const;

  [[nodiscard]] RowStore MakeRowStore() const {
    return {rows, patch_size, n_accumulators};
  }
};

// Plans a graph that ReadTflite has checked. Refuses graphs that cannot be streamed:
// an operator with tensors of different timing, outputs that are not one row at the end
// of the window, inputs other than "features" and "state".
Status MakePlan(const Graph& graph, const Kernels* kernels, Plan* out,
                std::string* message);

}  // namespace pww
