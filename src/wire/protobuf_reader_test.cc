#include "wire/protobuf_reader.h"

#include <doctest/doctest.h>

#include "wire/protobuf_writer.h"

namespace weir::wire {

TEST_CASE("what the writer wrote is read field by field") {
  Buffer out;
  ProtobufWriter writer(out);
  writer.varint(1, UINT64_MAX);
  writer.fixed64(2, 0x0123456789abcdef);
  writer.fixed32(3, 0xdeadbeef);
  writer.bytes(536870911, "text");
  writer.bytes(5, "");
  ProtobufReader reader(out.view());
  REQUIRE(reader.next());
  CHECK(reader.integer() == UINT64_MAX);
  REQUIRE(reader.next());
  CHECK(reader.type() == ProtobufReader::Type::fixed64);
  CHECK(reader.integer() == 0x0123456789abcdef);
  REQUIRE(reader.next());
  CHECK(reader.integer() == 0xdeadbeef);
  REQUIRE(reader.next());
  CHECK(reader.number() == 536870911);
  CHECK(reader.bytes() == "text");
  REQUIRE(reader.next());
  CHECK(reader.bytes().empty());
  CHECK(!reader.next());
  CHECK(!reader.malformed());
}

TEST_CASE("a message that is cut, or is none, is malformed") {
  using namespace std::string_view_literals;
  for (const std::string_view bytes : {"\x08"sv, "\x08\x80"sv, "\x09\x01\x02"sv, "\x0d\x01"sv,
                                       "\x0a\x05"
                                       "abc"sv,
                                       "\x00\x01"sv, "\x0b\x0c"sv, "\x0f\x01"sv,
                                       "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"sv}) {
    ProtobufReader reader(bytes);
    CHECK(!reader.next());
    CHECK(reader.malformed());
    CHECK(!reader.next());
  }
}

}  // namespace weir::wire
