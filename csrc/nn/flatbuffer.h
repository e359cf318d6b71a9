#pragma once

#include <cstddef>
#include <cstdint>

#include "base/byte_reader.h"

// Reads flatbuffers without generated code. A ByteReader checks every offset. After a
// failure everything reads as absent, zero or empty.
namespace pww {

class FlatVector;

// One table: numbered fields, each present or not.
class FlatTable {
 public:
  FlatTable() = default;  // an absent table: every field reads as its default
  FlatTable(ByteReader* bytes, size_t position);
  static FlatTable Root(ByteReader* bytes);

  [[nodiscard]] bool present() const noexcept { return bytes_ != nullptr; }
  [[nodiscard]] uint8_t U8(int field, uint8_t fallback) const noexcept;
  [[nodiscard]] uint32_t U32(int field, uint32_t fallback) const noexcept;
  [[nodiscard]] int32_t I32(int field, int32_t fallback) const noexcept;
  [[nodiscard]] uint64_t U64(int field, uint64_t fallback) const noexcept;
  [[nodiscard]] FlatTable Table(int field) const noexcept;
  [[nodiscard]] FlatVector Vector(int field, size_t element_size) const noexcept;

 private:
  // Absolute position of the field's value; 0 if absent.
  [[nodiscard]] size_t Field(int field) const noexcept;
  // Follows the 32-bit relative offset stored at `position`.
  [[nodiscard]] size_t Follow(size_t position) const noexcept;

  ByteReader* bytes_ = nullptr;
  size_t position_ = 0;
  size_t vtable_ = 0;
  size_t vtable_size_ = 0;
};

// A vector whose elements all lie inside the file.
class FlatVector {
 public:
  FlatVector() = default;
  FlatVector(ByteReader* bytes, size_t position, size_t element_size);

  [[nodiscard]] size_t size() const noexcept { return count_; }
  [[nodiscard]] const uint8_t* data() const noexcept;  // null if empty
  [[nodiscard]] int32_t I32(size_t index) const noexcept;
  [[nodiscard]] int64_t I64(size_t index) const noexcept;
  [[nodiscard]] float F32(size_t index) const noexcept;
  [[nodiscard]] FlatTable Table(size_t index) const noexcept;

 private:
  [[nodiscard]] size_t At(size_t index) const noexcept;

  ByteReader* bytes_ = nullptr;
  size_t begin_ = 0;
  size_t count_ = 0;
  size_t element_size_ = 1;
};

}  // namespace pww
