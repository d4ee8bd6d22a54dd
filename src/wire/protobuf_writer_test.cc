#include "wire/protobuf_writer.h"

#include <string>

#include <doctest/doctest.h>

namespace weir::wire {
namespace {

using namespace std::string_literals;

uint64_t read_varint(std::string_view& bytes) {
  uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return value;
  }
}

}  // namespace

TEST_CASE("scalars have the bytes that the format's description gives") {
  Buffer out;
  ProtobufWriter writer(out);
  writer.varint(1, 150);
  writer.bytes(2, "testing");
  writer.fixed32(3, 0x01020304);
  writer.fixed64(4, 0x0102030405060708);
  writer.float64(5, 1.0);
  writer.varint(16, UINT64_MAX);
  CHECK(out.view() ==
        "\x08\x96\x01\x12\x07testing\x1d\4\3\2\1\x21\x08\7\6\5\4\3\2\1"
        "\x29\0\0\0\0\0\0\xf0\x3f\x80\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s);
}

TEST_CASE("an inner message has the shortest length in front of it, whatever its size") {
  for (const size_t size :
       {0u, 1u, 125u, 126u, 127u, 128u, 129u, 16000u, 16383u, 16384u, 3000000u}) {
    Buffer out;
    out.append("before");
    ProtobufWriter writer(out);
    const auto outer = writer.begin_message(1);
    const auto inner = writer.begin_message(2);
    out.append(std::string(size, 'x'));
    writer.end_message(inner);
    writer.varint(3, 7);
    writer.end_message(outer);

    std::string_view bytes = out.view().substr(6);
    CHECK(read_varint(bytes) == (1 << 3 | 2));
    CHECK(read_varint(bytes) == bytes.size());
    CHECK(read_varint(bytes) == (2 << 3 | 2));
    REQUIRE(read_varint(bytes) == size);
    CHECK(bytes.substr(0, size) == std::string(size, 'x'));
    CHECK(bytes.substr(size) == "\x18\x07");
  }
}

TEST_CASE("packed scalars are a field of bytes") {
  Buffer out;
  ProtobufWriter writer(out);
  const auto packed = writer.begin_message(4);
  writer.append_varint(3);
  writer.append_varint(270);
  writer.append_varint(86942);
  writer.end_message(packed);
  CHECK(out.view() == "\x22\x06\x03\x8e\x02\x9e\xa7\x05");
}

}  // namespace weir::wire
