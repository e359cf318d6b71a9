#include "nn/row_store.h"

#include <algorithm>

namespace pww {

RowStore::Ring::Ring(size_t the_row_size, size_t the_n_rows)
    : row_size(the_row_size), n_rows(0) {
  Hold(the_n_rows);
}

void RowStore::Ring::Hold(size_t rows) {
  n_rows = std::max(n_rows, rows);
  values.resize(row_size * n_rows);
}

RowStore::RowStore(const std::vector<RowSpec>& specs, size_t patch_size,
                   size_t n_accumulators)
    : patch_(patch_size), accumulators_(n_accumulators) {
  own_.reserve(specs.size());
  rings_.reserve(specs.size());
  for (const RowSpec& spec : specs) {
    own_.push_back(std::make_unique<Ring>(spec.row_size, spec.n_rows));
    rings_.push_back(own_.back().get());
  }
}

void RowStore::Borrow(size_t tensor, RowStore* lender, size_t theirs) {
  Ring* ring = lender->rings_[theirs];
  ring->Hold(rings_[tensor]->n_rows);
  rings_[tensor] = ring;
  own_[tensor].reset();
}

size_t RowStore::bytes() const noexcept {
  size_t bytes = sizeof(*this) + patch_.size() + accumulators_.size() * sizeof(int32_t);
  bytes += rings_.size() * 2 * sizeof(Ring*);
  for (const auto& ring : own_) {
    bytes += ring != nullptr ? sizeof(Ring) + ring->values.size() : 0;
  }
  return bytes;
}

}  // namespace pww
