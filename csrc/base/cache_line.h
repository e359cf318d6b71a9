#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

namespace pww {

// Aligns each block to a cache line, so that no vector load crosses a line.
template <typename T>
struct CacheLineAllocator {
  using value_type = T;
  static constexpr std::align_val_t kCacheLine{64};

  CacheLineAllocator() = default;
  template <typename Other>
  explicit CacheLineAllocator(const CacheLineAllocator<Other>& /*other*/) noexcept {}

  T* allocate(size_t count) {
    return static_cast<T*>(::operator new(count * sizeof(T), kCacheLine));
  }
  void deallocate(T* block, size_t /*count*/) noexcept {
    ::operator delete(block, kCacheLine);
  }
  bool operator==(const CacheLineAllocator& /*other*/) const noexcept { return true; }
  bool operator!=(const CacheLineAllocator& /*other*/) const noexcept { return false; }
};

using CacheLineBytes = std::vector<int8_t, CacheLineAllocator<int8_t>>;

}  // namespace pww
