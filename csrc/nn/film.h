#pragma once

#include <cstdint>
#include <vector>

#include "nn/plan.h"
#include "nn/row_store.h"

namespace pww {

// The static part of a network: from the device state to its embedding and each
// layer's scale and shift (FiLM). Its results lie in the stream's RowStore, where the
// streaming layers find them; they are recomputed only when the state changes.
class Film {
 public:
  // Fills in constants and the results for the state of real value zero.
  // Borrows both arguments.
  Film(const Plan& plan, RowStore* rows);

  // Leaves out the layers whose results `same` says another film computes.
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
