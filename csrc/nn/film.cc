#include "nn/film.h"

#include <cstring>

namespace pww {

Film::Film(const Plan& plan, RowStore* rows)
    : plan_(plan), rows_(rows), layers_(plan.static_layers) {
  for (const ConstantRow& constant : plan.constants) {
    std::memcpy(rows->Advance(constant.row), constant.values.data(),
                constant.values.size());
  }
  if (plan.n_state > 0) {
    std::memset(rows->Advance(plan.state_row), plan.state_quantization.zero_point,
                static_cast<size_t>(plan.n_state));
  }
  Recompute();
}

void Film::Omit(const RowMap& same) {
  layers_.clear();
  for (const PlannedLayer& planned : plan_.layers) {
    if (!planned.timing && same[planned.output] == kNoRow) {
      layers_.push_back(planned.layer.get());
    }
  }
}

void Film::SetState(const int8_t* state) noexcept {
  const auto size = static_cast<size_t>(plan_.n_state);
  if (size == 0 || std::memcmp(rows_->Newest(plan_.state_row), state, size) == 0) {
    return;
  }
  std::memcpy(rows_->Advance(plan_.state_row), state, size);
  Recompute();
}

void Film::Recompute() noexcept {
  for (const Layer* layer : layers_) {
    layer->Run(rows_);
  }
}

}  // namespace pww
