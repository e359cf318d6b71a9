#pragma once

#include "nn/model.h"
#include "nn/plan.h"

namespace pww {

// The part of a Model that a Stream uses. Not for code outside csrc/nn.
struct Model::Impl {
  Plan plan;

  [[nodiscard]] const PlanOutput& output(int index) const {
    return plan.outputs[static_cast<size_t>(index)];
  }
};

}  // namespace pww
