#pragma once
// ProtobufWriter: appends fields in the wire format of Protocol Buffers to a Buffer, for messages
// whose schema is fixed (OTLP). A message inside a message is written in place: its length is
// filled in when it ends, as short as it can be.
//
//   field = tag, value;  tag = varint(number << 3 | type)
//   type 0: varint   1: 8 bytes, little endian   2: varint length, bytes   5: 4 bytes, little
//   endian

#include <bit>
#include <cstdint>
#include <string_view>

#include "base/buffer.h"

namespace weir::wire {

class ProtobufWriter {
 public:
  // Where an inner message began; counted from the front of the buffer, which must not be consumed
  // meanwhile.
  struct Mark {
    size_t content;
  };

  explicit ProtobufWriter(Buffer& out) : out_(out) {}
  ProtobufWriter(const ProtobufWriter&) = delete;
  ProtobufWriter& operator=(const ProtobufWriter&) = delete;

  // uint32, uint64, bool and enums; int64 as its two's complement.
  void varint(uint32_t number, uint64_t value) {
    tag(number, 0);
    append_varint(value);
  }
  void fixed64(uint32_t number, uint64_t value) {
    tag(number, 1);
    append_little_endian(value, 8);
  }
  void fixed32(uint32_t number, uint32_t value) {
    tag(number, 5);
    append_little_endian(value, 4);
  }
  void float64(uint32_t number, double value) { fixed64(number, std::bit_cast<uint64_t>(value)); }
  // Strings and bytes.
  void bytes(uint32_t number, std::string_view value) {
    tag(number, 2);
    append_varint(value.size());
    out_.append(value);
  }

  Mark begin_message(uint32_t number);
  void end_message(Mark mark);
  // Repeated scalars in one field: begin_message(), these, end_message().
  void append_varint(uint64_t value);
  void append_fixed64(uint64_t value) { append_little_endian(value, 8); }

 private:
  void tag(uint32_t number, uint32_t type) { append_varint(uint64_t{number} << 3 | type); }
  void append_little_endian(uint64_t value, size_t size);

  Buffer& out_;
};

}  // namespace weir::wire
