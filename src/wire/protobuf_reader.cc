#include "wire/protobuf_reader.h"

namespace weir::wire {
namespace {

constexpr uint64_t number_max = (uint64_t{1} << 29) - 1;

}  // namespace

bool ProtobufReader::next() {
  if (rest_.empty() || malformed_) return false;
  uint64_t tag = 0;
  integer_ = 0;
  bytes_ = {};
  malformed_ = !read_varint(tag) || tag >> 3 == 0 || tag >> 3 > number_max || !read_value(tag & 7);
  number_ = static_cast<uint32_t>(tag >> 3);
  return !malformed_;
}

bool ProtobufReader::read_value(uint64_t type) {
  type_ = static_cast<Type>(type);
  switch (type_) {
    case Type::varint:
      return read_varint(integer_);
    case Type::fixed64:
      return read_little_endian(8);
    case Type::bytes:
      return read_bytes();
    case Type::fixed32:
      return read_little_endian(4);
  }
  return false;
}

bool ProtobufReader::read_varint(uint64_t& value) {
  value = 0;
  for (size_t i = 0; i < rest_.size() && i < 10; ++i) {
    const auto byte = static_cast<uint8_t>(rest_[i]);
    if (i == 9 && byte > 1) return false;
    value |= uint64_t{byte & 0x7fu} << 7 * i;
    if (byte < 0x80) {
      rest_.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

bool ProtobufReader::read_little_endian(size_t size) {
  if (rest_.size() < size) return false;
  for (size_t i = 0; i < size; ++i)
    integer_ |= uint64_t{static_cast<uint8_t>(rest_[i])} << 8 * i;
  rest_.remove_prefix(size);
  return true;
}

bool ProtobufReader::read_bytes() {
  uint64_t size = 0;
  if (!read_varint(size) || size > rest_.size()) return false;
  bytes_ = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return true;
}

}  // namespace weir::wire
