#pragma once

// Reads values from a fuzzer's input. At its end all values are zero.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace pww::fuzz {

class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  [[nodiscard]] bool empty() const { return at_ == size_; }
  uint8_t Byte() { return empty() ? uint8_t{0} : data_[at_++]; }
  int8_t Int8() { return static_cast<int8_t>(Byte()); }
  uint32_t Word() {
    uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
      value = value << 8 | Byte();
    }
    return value;
  }

 private:
  const uint8_t* data_;
  size_t size_;
  size_t at_ = 0;
};

// Reports a failure that no sanitizer detects.
inline void Require(bool holds, const char* what) {
  if (!holds) {
    std::fprintf(stderr, "violated: %s\n", what);
    std::abort();
  }
}

}  // namespace pww::fuzz
