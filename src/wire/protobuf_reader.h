#pragma once
// ProtobufReader: the fields of one message in the wire format of Protocol Buffers, one after the
// other, as views of the bytes. Knows no schema: the caller asks for the numbers that it knows and
// skips the others. The format is drawn in protobuf_writer.h.
//
//   ProtobufReader message(bytes);
//   while (message.next()) if (message.number() == 1) use(message.bytes());
//   if (message.malformed()) ...

#include <cstdint>
#include <string_view>

namespace weir::wire {

class ProtobufReader {
 public:
  enum class Type : uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

  explicit ProtobufReader(std::string_view message) : rest_(message) {}

  // Goes to the next field; false at the end, and at what is no field (groups, too).
  bool next();
  bool malformed() const { return malformed_; }

  uint32_t number() const { return number_; }
  Type type() const { return type_; }
  // The value of a varint, fixed64 or fixed32; 0 of bytes.
  uint64_t integer() const { return integer_; }
  // The value of a field of bytes: a string, or a message for another reader; else empty.
  std::string_view bytes() const { return bytes_; }

 private:
  bool read_value(uint64_t type);
  bool read_varint(uint64_t& value);
  bool read_little_endian(size_t size);
  bool read_bytes();

  std::string_view rest_;
  std::string_view bytes_;
  uint64_t integer_ = 0;
  uint32_t number_ = 0;
  Type type_ = Type::varint;
  bool malformed_ = false;
};

}  // namespace weir::wire
