// A header section that comes again means what it means now, whatever came between.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "wire/http2_server_session.h"
#include "wire/http2_test_kit.h"

namespace weir::wire {
namespace {

using test::frame;
using test::FrameType;

constexpr uint8_t whole = test::end_headers | test::end_stream;

// "x" with that value, which the table keeps as its newest entry (RFC 7541 6.2.1).
std::string kept(std::string_view value) {
  std::string made = test::literal("x", value);
  made.front() = '\x40';
  return made;
}
const std::string plain = test::block_of(test::get_fields());
// The newest entry of the table, by its number.
const std::string newest = plain + "\xbe";

// Writes down what each request says in "x"; answers none.
struct Server final : Http2ServerEvents, Http2ServerStream {
  Http2ServerStream* on_request(uint32_t, Http2Block& block, bool) override {
    std::string said = "-";
    for (size_t i = 0; i < block.count(); ++i)
      if (block.name(i) == "x") said = block.value(i);
    heard.push_back(said);
    Http2Block taken;  // as one does who keeps it
    taken.swap(block);
    return take ? this : nullptr;
  }
  void on_data(std::string_view) override {}
  void on_end(const Http2Block&) override {}
  void on_closed(Http2Error) override {}
  size_t body_ready() override { return 0; }
  bool body_ends() override { return true; }
  void take_body(size_t, Buffer&) override {}
  std::span<const Field> trailers() override { return {}; }

  void exchange(std::string_view bytes) {
    session.feed(bytes, MonoTime(seconds(1)));
    Buffer out;
    session.produce(out, 1 << 20);
    reader.add(out.view());
  }
  void greet() {
    exchange(test::hello());
    ask(plain + kept("first"));
    ask(newest);
    ask(newest);
    REQUIRE(heard == std::vector<std::string>{"first", "first", "first"});
    heard.clear();
  }
  void ask(std::string_view section) {
    exchange(frame(FrameType::headers, whole, next, section));
    next += 2;
  }

  std::vector<std::string> heard;
  bool take = true;
  uint32_t next = 1;
  test::FrameReader reader;
  Http2ServerSession session{Http2Limits{}, *this};
};

}  // namespace

TEST_CASE("a section that comes again is read as before") {
  Server server;
  server.greet();
  for (int i = 0; i < 3; ++i)
    server.ask(newest);
  server.ask(plain);
  server.ask(newest);
  CHECK(server.heard == std::vector<std::string>{"first", "first", "first", "-", "first"});
}

TEST_CASE("a section that comes again means another entry after one was added") {
  Server server;
  server.greet();
  SUBCASE("by a request") {
    server.ask(plain + kept("second"));
  }
  SUBCASE("by a request in two frames") {
    const std::string section = plain + kept("second");
    server.exchange(
        frame(FrameType::headers, test::end_stream, server.next, section.substr(0, 9)) +
        frame(FrameType::continuation, test::end_headers, server.next, section.substr(9)));
    server.next += 2;
  }
  SUBCASE("by a request that is refused") {
    server.take = false;
    server.ask(plain + kept("second"));
    server.take = true;
  }
  SUBCASE("by trailers") {
    server.exchange(frame(FrameType::headers, test::end_headers, server.next, plain) +
                    frame(FrameType::headers, whole, server.next, kept("second")));
    server.next += 2;
  }
  SUBCASE("by a section that is passed over") {
    server.exchange(test::request(server.next, {{":method", "GET"}}));  // reset by us
    server.exchange(frame(FrameType::headers, whole, server.next, kept("second")));
    server.next += 2;
  }
  server.heard.clear();
  server.ask(newest);
  CHECK(server.heard == std::vector<std::string>{"second"});
}

TEST_CASE("a section that comes again breaks the connection when its entry is gone") {
  Server server;
  server.greet();
  server.ask("\x20" + plain);  // a table of no bytes
  server.heard.clear();
  server.ask(newest);
  CHECK(server.heard.empty());
  CHECK(server.reader.first(FrameType::goaway, 0).number(4) == 9);
}

TEST_CASE("a section that is malformed is so each time") {
  Server server;
  server.greet();
  const std::string upper = plain + test::literal("X", "y");
  for (int i = 0; i < 2; ++i)
    server.ask(upper);
  CHECK(server.heard.empty());
  CHECK(server.reader.has(FrameType::rst_stream, server.next - 2));
}

}  // namespace weir::wire
