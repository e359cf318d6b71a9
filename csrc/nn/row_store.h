#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace pww {

// The newest rows of one tensor of a plan, as many as its readers need.
struct RowSpec {
  size_t row_size = 0;  // values of one time step
  size_t n_rows = 1;
};

// The rows of every tensor of one stream, one ring per tensor, and the scratch space of
// its layers. Only the constructor and Borrow() allocate.
class RowStore {
 public:
  RowStore(const std::vector<RowSpec>& specs, size_t patch_size, size_t n_accumulators);

  // Makes `tensor` an alias of `theirs` in `lender`, which advances it and must outlive
  // this store. Call it before either has rows.
  void Borrow(size_t tensor, RowStore* lender, size_t theirs);

  // Drops the oldest row and returns the space for the next.
  int8_t* Advance(size_t tensor) noexcept {
    Ring& ring = *rings_[tensor];
    ring.newest = ring.newest + 1 == ring.n_rows ? 0 : ring.newest + 1;
    return ring.values.data() + ring.newest * ring.row_size;
  }

  // The row `age` rows before the newest; age < n_rows.
  [[nodiscard]] const int8_t* Row(size_t tensor, size_t age) const noexcept {
    const Ring& ring = *rings_[tensor];
    const size_t slot =
        ring.newest >= age ? ring.newest - age : ring.newest + ring.n_rows - age;
    return ring.values.data() + slot * ring.row_size;
  }
  [[nodiscard]] const int8_t* Newest(size_t tensor) const noexcept {
    return Row(tensor, 0);
  }

  // Scratch of the running layer: gathered inputs, and int32 sums.
  int8_t* patch() noexcept { return patch_.data(); }
  int32_t* accumulators() noexcept { return accumulators_.data(); }

  [[nodiscard]] size_t bytes() const noexcept;  // without borrowed rows

 private:
  struct Ring {
    Ring(size_t the_row_size, size_t the_n_rows);
    void Hold(size_t rows);

    std::vector<int8_t> values;
    size_t row_size;
    size_t n_rows;
    size_t newest = 0;
  };
  std::vector<std::unique_ptr<Ring>> own_;  // null where borrowed
  std::vector<Ring*> rings_;
  std::vector<int8_t> patch_;
  std::vector<int32_t> accumulators_;
};

}  // namespace pww
