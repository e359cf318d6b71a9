#include "nn/row_store.h"

namespace pww {

RowStore::RowStore(const std::vector<RowSpec>& specs, size_t patch_size,
                   size_t n_accumulators)
    : patch_(patch_size), accumulators_(n_accumulators) {
  size_t begin = 0;
  rings_.reserve(specs.size());
  for (const RowSpec& spec : specs) {
    rings_.push_back({begin, spec.row_size, spec.n_rows, 0});
    begin += spec.row_size * spec.n_rows;
  }
  values_.resize(begin);
}

size_t RowStore::bytes() const noexcept {
  return sizeof(*this) + rings_.size() * sizeof(Ring) + values_.size() + patch_.size() +
         accumulators_.size() * sizeof(int32_t);
}

}  // namespace pww
