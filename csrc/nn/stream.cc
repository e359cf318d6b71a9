#include "nn/stream.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>
#include <utility>
#include <vector>

#include "nn/film.h"
#include "nn/model_impl.h"

namespace pww {

struct Stream::Impl {
  explicit Impl(const Plan& the_plan)
      : plan(the_plan),
        rows(the_plan.MakeRowStore()),
        film(the_plan, &rows),
        steps(the_plan.steps) {}

  const Plan& plan;
  RowStore rows;
  Film film;
  std::vector<std::vector<StreamStep>> steps;  // the plan's steps, without shared ones
  bool borrows = false;
  int64_t frame = 0;  // number of the next frame
  size_t phase = 0;   // frame % frame_stride
};

Stream::Stream(std::shared_ptr<const Model> model)
    : model_(std::move(model)), impl_(std::make_unique<Impl>(model_->impl().plan)) {}

Stream::~Stream() = default;

bool Stream::ShareWith(Stream* trunk) {
  const Plan& plan = impl_->plan;
  const RowMap same = plan.RowsAsIn(trunk->impl_->plan);
  if (same[plan.features_row] == kNoRow) {
    return false;
  }
  impl_->borrows = true;
  impl_->rows.Borrow(plan.features_row, &trunk->impl_->rows, same[plan.features_row]);
  std::unordered_set<const Layer*> omitted;
  for (const PlannedLayer& planned : plan.layers) {
    if (same[planned.output] != kNoRow) {
      impl_->rows.Borrow(planned.output, &trunk->impl_->rows, same[planned.output]);
      omitted.insert(planned.layer.get());
    }
  }
  impl_->film.Omit(same);
  for (std::vector<StreamStep>& steps : impl_->steps) {
    steps.erase(std::remove_if(steps.begin(), steps.end(),
                               [&](const StreamStep& step) {
                                 return omitted.count(step.layer) != 0;
                               }),
                steps.end());
  }
  return true;
}

void Stream::SetState(const int8_t* state) noexcept { impl_->film.SetState(state); }

bool Stream::Push(const int8_t* frame) noexcept {
  const Plan& plan = impl_->plan;
  RowStore& rows = impl_->rows;
  if (!impl_->borrows) {
    std::memcpy(rows.Advance(plan.features_row), frame,
                static_cast<size_t>(plan.n_bins));
  }
  for (const StreamStep& step : impl_->steps[impl_->phase]) {
    if (impl_->frame >= step.first_frame) {
      step.layer->Run(&rows);
    }
  }
  const int64_t last_of_window = plan.window_frames - 1;
  const bool due = impl_->frame >= last_of_window &&
                   (impl_->frame - last_of_window) % plan.frame_stride == 0;
  ++impl_->frame;
  impl_->phase = impl_->phase + 1 == impl_->steps.size() ? 0 : impl_->phase + 1;
  return due;
}

const int8_t* Stream::output(int index) const noexcept {
  return impl_->rows.Newest(impl_->plan.outputs[static_cast<size_t>(index)].row);
}

// Old rows may stay: no step runs before all the rows that it reads are computed anew.
void Stream::Reset() noexcept {
  impl_->frame = 0;
  impl_->phase = 0;
}

size_t Stream::bytes() const noexcept {
  return sizeof(Stream) + sizeof(Impl) - sizeof(RowStore) + impl_->rows.bytes();
}

}  // namespace pww
