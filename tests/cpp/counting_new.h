#pragma once

// Counts every form of operator new. Include it in one file of an executable.

#include <atomic>
#include <cstdlib>
#include <new>

#if defined(_WIN32)
#include <malloc.h>
#endif

namespace pww::test {

inline std::atomic<size_t>& Allocations() {
  static std::atomic<size_t> count{0};
  return count;
}

inline void* CountedAllocation(size_t size, size_t alignment) {
  ++Allocations();
  void* memory = nullptr;
#if defined(_WIN32)
  memory = _aligned_malloc(size, alignment);
#else
  if (posix_memalign(&memory, alignment, size) != 0) {
    memory = nullptr;
  }
#endif
  if (memory == nullptr) {
    throw std::bad_alloc();
  }
  return memory;
}

inline void Release(void* memory) noexcept {
#if defined(_WIN32)
  _aligned_free(memory);  // free() cannot free this block
#else
  std::free(memory);
#endif
}

}  // namespace pww::test

void* operator new(size_t size) {
  return pww::test::CountedAllocation(size, sizeof(void*) * 2);
}
void* operator new(size_t size, std::align_val_t alignment) {
  return pww::test::CountedAllocation(size, static_cast<size_t>(alignment));
}
void operator delete(void* memory) noexcept { pww::test::Release(memory); }
void operator delete(void* memory, size_t) noexcept { pww::test::Release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept {
  pww::test::Release(memory);
}
void operator delete(void* memory, size_t, std::align_val_t) noexcept {
  pww::test::Release(memory);
}
