#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace pww {

// Bounds-checked little-endian reads of an untrusted, borrowed file.
//
// A read outside the file returns zero and makes ok() false permanently, so a parser
// can read a whole record and check once. Callers must still bound a value that they
// use as a count: zero is safe, but a value read before the failure may not be.
class ByteReader {
 public:
  ByteReader(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  [[nodiscard]] bool ok() const noexcept { return ok_; }
  [[nodiscard]] size_t size() const noexcept { return size_; }
  void Fail() noexcept { ok_ = false; }

  // Pointer to `count` bytes at `offset`, or null (and failure) if any is outside.
  const uint8_t* Bytes(size_t offset, size_t count) noexcept {
    if (offset > size_ || count > size_ - offset) {
      ok_ = false;
      return nullptr;
    }
    return data_ + offset;
  }

  uint8_t U8(size_t offset) noexcept {
    return static_cast<uint8_t>(Unsigned(offset, 1));
  }
  uint16_t U16(size_t offset) noexcept {
    return static_cast<uint16_t>(Unsigned(offset, 2));
  }
  uint32_t U32(size_t offset) noexcept {
    return static_cast<uint32_t>(Unsigned(offset, 4));
  }
  uint64_t U64(size_t offset) noexcept { return Unsigned(offset, 8); }
  int32_t I32(size_t offset) noexcept { return static_cast<int32_t>(U32(offset)); }
  float F32(size_t offset) noexcept {
    const uint32_t bits = U32(offset);
    float value = 0.0F;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
  }

 private:
  uint64_t Unsigned(size_t offset, size_t count) noexcept {
    const uint8_t* bytes = Bytes(offset, count);
    uint64_t value = 0;
    for (size_t i = 0; bytes != nullptr && i < count; ++i) {
      value |= uint64_t{bytes[i]} << (8 * i);
    }
    return value;
  }

  const uint8_t* data_;
  size_t size_;
  bool ok_ = true;
};

}  // namespace pww
