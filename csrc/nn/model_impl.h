#pragma once

#include "nn/model.h"
#include "nn/plan.h"

namespace pww {

// What a Stream sees of a Model; not for code outside csrc/nn.
struct Model::Impl {
  Plan plan;

  [[nodiscard]] const PlanOutput& output(int index) const {
    return plan.outputs[static_cast<size_t>(index)];
  }
};

}  // namespace pww
