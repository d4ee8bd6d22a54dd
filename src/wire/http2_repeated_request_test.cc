// A request whose header section comes again is the request that it was.
#include "wire/http2_repeated_request.h"

#include <tuple>

#include <doctest/doctest.h>

#include "wire/http2_request.h"
#include "wire/http2_test_kit.h"

namespace weir::wire {
namespace {

using NameValues = test::NameValues;

struct Read {
  std::array<Field, 40> storage;
  RequestHead head{storage};
  Buffer joined;
};

// Numbered, as a session does when it sees the section again; 0: not seen before.
Http2Block block_of(const NameValues& fields, uint64_t repeats) {
  Http2Block block;
  for (const auto& [name, value] : fields)
    block.add(name, value);
  if (repeats > 0) block.mark_repeats(repeats);
  return block;
}

NameValues with(NameValues more, std::string_view path = "/a/b?c=d&e") {
  NameValues fields = test::get_fields(path);
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

void read(const Http2Block& block, Read& into) {
  REQUIRE_FALSE(read_http2_request(block, true, {}, into.joined, into.head));
}

auto parts_of(const RequestHead& head) {
  return std::tuple(head.method, head.form, head.minor_version, head.has_query, head.keep_alive,
                    head.expect_continue, head.upgrade_websocket, head.scheme, head.framing.kind,
                    head.framing.length, head.method_text, head.target, head.path, head.query,
                    head.host.text, head.host.host, head.host.port);
}

std::string fields_of(const RequestHead& head) {
  std::string all;
  for (const Field& field : head.fields) {
    all += std::string(field.name) + ": " + std::string(field.value) + ", " +
           std::to_string(static_cast<int>(field.id)) + ' ';
    all += head.fields.has(field.id) ? 'h' : '-';
    all += head.fields.repeated(field.id) ? "r\n" : "-\n";
  }
  return all;
}

// Every text that the client sent lies in `block`.
void check_views(const RequestHead& head, const Http2Block& block) {
  const std::string_view bytes = block.bytes();
  const auto inside = [&](std::string_view view) {
    return view.empty() || (view.data() >= bytes.data() &&
                            view.data() + view.size() <= bytes.data() + bytes.size());
  };
  for (const std::string_view view :
       {head.method_text, head.target, head.path, head.query, head.host.text, head.host.host})
    CHECK(inside(view));
  for (const Field& field : head.fields)
    CHECK(inside(field.value));
}

}  // namespace

TEST_CASE("a request that comes again is as it was read, with views of its own section") {
  const NameValues several[] = {
      with({}),
      with({{"user-agent", "x"}, {"accept", "*/*"}, {"accept", "a"}, {"cookie", "a=1"}}),
      with({{"host", "example.org"}, {"content-length", "0"}, {"x-empty", ""}}, "/"),
      {{":method", "OPTIONS"}, {":scheme", "https"}, {":authority", "[::1]:8443"}, {":path", "*"}}};
  Http2RepeatedRequest repeated;
  uint64_t number = 0;
  for (const NameValues& fields : several) {
    ++number;
    Read again;
    {
      const Http2Block first = block_of(fields, number);
      Read once;
      read(first, once);
      CHECK_FALSE(repeated.recall(first, {}, again.head));
      repeated.keep(first, {}, once.head);
    }
    const Http2Block second = block_of(fields, number);
    REQUIRE(repeated.recall(second, {}, again.head));
    Read expected;
    read(second, expected);
    CHECK((parts_of(again.head) == parts_of(expected.head)));
    CHECK(fields_of(again.head) == fields_of(expected.head));
    check_views(again.head, second);
  }
}

TEST_CASE("another section, and one that has not come again, are read") {
  Http2RepeatedRequest repeated;
  Read once, out;
  const Http2Block seen = block_of(with({}), 1), fresh = block_of(with({}), 0);
  read(fresh, once);
  repeated.keep(fresh, {}, once.head);
  CHECK_FALSE(repeated.recall(fresh, {}, out.head));
  CHECK_FALSE(repeated.recall(seen, {}, out.head));
  read(seen, once);
  repeated.keep(seen, {}, once.head);
  CHECK(repeated.recall(seen, {}, out.head));
  CHECK_FALSE(repeated.recall(block_of(with({}), 2), {}, out.head));
  CHECK_FALSE(repeated.recall(fresh, {}, out.head));
  repeated.release();
  CHECK_FALSE(repeated.recall(seen, {}, out.head));
}

TEST_CASE("a request that comes again under other limits is read, whichever of them is another") {
  Http2RepeatedRequest repeated;
  Read once, out;
  const Http2Block seen = block_of(with({}), 1);
  const HeadLimits limits;
  read(seen, once);
  repeated.keep(seen, limits, once.head);
  CHECK(repeated.recall(seen, limits, out.head));
  for (uint32_t HeadLimits::* limit : {&HeadLimits::line_bytes_max, &HeadLimits::head_bytes_max,
                                       &HeadLimits::field_bytes_max, &HeadLimits::fields_max}) {
    HeadLimits other = limits;
    --(other.*limit);
    CHECK_FALSE(repeated.recall(seen, other, out.head));
    repeated.keep(seen, other, once.head);
    CHECK(repeated.recall(seen, other, out.head));
    repeated.keep(seen, limits, once.head);
  }
}

TEST_CASE(
    "a cookie that came in pieces, and more fields than are kept, are put together each time") {
  Http2RepeatedRequest repeated;
  Read once, out;
  const Http2Block pieces = block_of(with({{"cookie", "a=1"}, {"cookie", "b=2"}}), 1);
  read(pieces, once);
  REQUIRE(once.head.fields.value(KnownField::cookie) == "a=1; b=2");
  repeated.keep(pieces, {}, once.head);
  CHECK_FALSE(repeated.recall(pieces, {}, out.head));
  NameValues many;
  for (size_t i = 0; i < Http2RepeatedRequest::fields_max; ++i)
    many.emplace_back("x-" + std::to_string(i), "y");
  const Http2Block crowded = block_of(with(many), 2);
  read(crowded, once);
  repeated.keep(crowded, {}, once.head);
  CHECK_FALSE(repeated.recall(crowded, {}, out.head));
}

}  // namespace weir::wire
