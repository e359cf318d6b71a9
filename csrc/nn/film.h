#pragma once

#include <cstdint>
#include <vector>

#include "nn/plan.h"
#include "nn/row_store.h"

namespace pww {

// The static part of a network: from the device state to its embedding and to each
// layer's scale and shift (FiLM). It writes its results to the stream's RowStore, where
// the streaming layers read them, and recomputes them only when the state changes.
class Film {
 public:
  // Writes constants, and the results for a state of zeros.
  // Borrows both arguments.
  Film(const Plan& plan, RowStore* rows);

  // Skips the layers whose results another film computes, according to `same`.
  void Omit(const RowMap& same);

  // Takes plan.n_state quantized values.
  void SetState(const int8_t* state) noexcept;

 private:
  void Recompute() noexcept;

  const Plan& plan_;
  RowStore* rows_;
  std::vector<const Layer*> layers_;
};

}  // namespace pww
