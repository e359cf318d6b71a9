#include "nn/flatbuffer.h"

#include <cassert>

namespace pww {

FlatTable::FlatTable(ByteReader* bytes, size_t position)
    : bytes_(bytes), position_(position) {
  // A table begins with the signed distance back to its vtable. The vtable holds its
  // own size in bytes, the size of the table, then one offset per field.
  const int64_t vtable = static_cast<int64_t>(position) - bytes->I32(position);
  if (!bytes->ok() || vtable < 0) {
    bytes->Fail();
    return;
  }
  vtable_ = static_cast<size_t>(vtable);
  vtable_size_ = bytes->U16(vtable_);
  if (bytes->Bytes(vtable_, vtable_size_) == nullptr) {
    vtable_size_ = 0;
  }
}

FlatTable FlatTable::Root(ByteReader* bytes) { return {bytes, bytes->U32(0)}; }

size_t FlatTable::Field(int field) const noexcept {
  const size_t slot = 4 + 2 * static_cast<size_t>(field);
  if (slot + 2 > vtable_size_) {
    return 0;
  }
  const size_t offset = bytes_->U16(vtable_ + slot);
  return offset == 0 ? 0 : position_ + offset;
}

size_t FlatTable::Follow(size_t position) const noexcept {
  return position + bytes_->U32(position);
}

uint8_t FlatTable::U8(int field, uint8_t fallback) const noexcept {
  const size_t at = Field(field);
  return at == 0 ? fallback : bytes_->U8(at);
}

uint32_t FlatTable::U32(int field, uint32_t fallback) const noexcept {
  const size_t at = Field(field);
  return at == 0 ? fallback : bytes_->U32(at);
}

int32_t FlatTable::I32(int field, int32_t fallback) const noexcept {
  const size_t at = Field(field);
  return at == 0 ? fallback : bytes_->I32(at);
}

uint64_t FlatTable::U64(int field, uint64_t fallback) const noexcept {
  const size_t at = Field(field);
  return at == 0 ? fallback : bytes_->U64(at);
}

FlatTable FlatTable::Table(int field) const noexcept {
  const size_t at = Field(field);
  return at == 0 ? FlatTable() : FlatTable(bytes_, Follow(at));
}

FlatVector FlatTable::Vector(int field, size_t element_size) const noexcept {
  const size_t at = Field(field);
  return at == 0 ? FlatVector() : FlatVector(bytes_, Follow(at), element_size);
}

FlatVector::FlatVector(ByteReader* bytes, size_t position, size_t element_size)
    : bytes_(bytes), begin_(position + 4), element_size_(element_size) {
  const size_t count = bytes->U32(position);
  // Divided, because with a size_t of 32 bits a product could wrap.
  if (!bytes->ok() || begin_ > bytes->size() ||
      count > (bytes->size() - begin_) / element_size) {
    bytes->Fail();
    return;
  }
  count_ = count;
}

const uint8_t* FlatVector::data() const noexcept {
  return count_ == 0 ? nullptr : bytes_->Bytes(begin_, count_ * element_size_);
}

size_t FlatVector::At(size_t index) const noexcept {
  assert(index < count_);
  return begin_ + index * element_size_;
}

int32_t FlatVector::I32(size_t index) const noexcept { return bytes_->I32(At(index)); }

int64_t FlatVector::I64(size_t index) const noexcept {
  return static_cast<int64_t>(bytes_->U64(At(index)));
}

float FlatVector::F32(size_t index) const noexcept { return bytes_->F32(At(index)); }

FlatTable FlatVector::Table(size_t index) const noexcept {
  const size_t at = At(index);
  return {bytes_, at + bytes_->U32(at)};
}

}  // namespace pww
