#include "wire/protobuf_writer.h"

#include <cstring>

namespace weir::wire {
namespace {

constexpr size_t varint_size_max = 10;

size_t write_varint(char* p, uint64_t value) {
  size_t size = 0;
  for (; value >= 0x80; value >>= 7)
    p[size++] = static_cast<char>(value | 0x80);
  p[size++] = static_cast<char>(value);
  return size;
}

}  // namespace

void ProtobufWriter::append_varint(uint64_t value) {
  out_.commit(write_varint(out_.reserve(varint_size_max), value));
}

void ProtobufWriter::append_little_endian(uint64_t value, size_t size) {
  char* p = out_.reserve(size);
  for (size_t i = 0; i < size; ++i)
    p[i] = static_cast<char>(value >> 8 * i);
  out_.commit(size);
}

// One byte is kept for the length: most messages are shorter than 128 bytes, the others are moved
// once.
ProtobufWriter::Mark ProtobufWriter::begin_message(uint32_t number) {
  tag(number, 2);
  out_.append('\0');
  return {out_.size()};
}

void ProtobufWriter::end_message(Mark mark) {
  WEIR_ASSERT(mark.content > 0 && mark.content <= out_.size());
  char length[varint_size_max];
  const size_t content_size = out_.size() - mark.content;
  const size_t length_size = write_varint(length, content_size);
  if (length_size > 1) {
    out_.reserve(length_size - 1);
    char* content = out_.data() + mark.content;
    std::memmove(content + length_size - 1, content, content_size);
    out_.commit(length_size - 1);
  }
  std::memcpy(out_.data() + mark.content - 1, length, length_size);
}

}  // namespace weir::wire
