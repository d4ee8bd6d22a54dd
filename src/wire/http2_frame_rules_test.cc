// What RFC 9113 says of each frame that a client may get wrong, or send late.
#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "wire/http2_server_session.h"
#include "wire/http2_test_kit.h"

namespace weir::wire {
namespace {

using test::frame;
using test::FrameType;

constexpr uint32_t protocol = 1, flow_control = 3, stream_closed = 5, frame_size = 6,
                   compression = 9;

// Keeps every request, and answers none.
struct Server final : Http2ServerEvents, Http2ServerStream {
  Http2ServerStream* on_request(uint32_t, Http2Block&, bool) override {
    ++requests;
    return this;
  }
  void on_data(std::string_view bytes) override { received += bytes.size(); }
  void on_end(const Http2Block&) override { ended = true; }
  void on_closed(Http2Error) override { closed = true; }
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

  int requests = 0;
  size_t received = 0;
  bool ended = false;
  bool closed = false;
  test::FrameReader reader;
  Http2ServerSession session{Http2Limits{}, *this};
};

// With stream 1 open, whose request has a body to come.
std::unique_ptr<Server> with_open_stream(const char* method = "POST") {
  auto server = std::make_unique<Server>();
  server->exchange(test::hello() + test::request(1, test::get_fields("/", method), false));
  return server;
}

std::string setting(uint16_t name, uint32_t value) {
  std::string made = test::be32(name).substr(2) + test::be32(value);
  return frame(FrameType::settings, 0, 0, made);
}

struct Case {
  const char* name;
  std::string bytes;
  uint32_t error;
};

}  // namespace

TEST_CASE("what breaks a rule of the connection ends it, with the error that says why") {
  const std::string block = test::block_of(test::get_fields());
  const std::string ten(10, '\0');
  const Case cases[] = {
      {"data on no stream", frame(FrameType::data, 0, 0, "x"), protocol},
      {"data on an idle stream", frame(FrameType::data, 0, 3, "x"), protocol},
      {"data padded beyond its end", frame(FrameType::data, 8, 1, "\x05xx"), protocol},
      {"a frame that is too long", frame(FrameType::data, 0, 1, std::string(16'385, 'x')),
       frame_size},
      {"headers on no stream", frame(FrameType::headers, 5, 0, block), protocol},
      {"headers on an even stream", frame(FrameType::headers, 5, 2, block), protocol},
      {"headers too short for their priority", frame(FrameType::headers, 0x24, 3, "abc"),
       frame_size},
      {"headers that are no HPACK", frame(FrameType::headers, 5, 3, "\xff\xff\xff\xff\xff\xff"),
       compression},
      {"headers that end inside a field", frame(FrameType::headers, 5, 3, block.substr(0, 5)),
       compression},
      {"priority on no stream", frame(FrameType::priority, 0, 0, ten.substr(0, 5)), protocol},
      {"priority too short", frame(FrameType::priority, 0, 1, "abc"), frame_size},
      {"a reset of no stream", frame(FrameType::rst_stream, 0, 0, test::be32(8)), protocol},
      {"a reset of an idle stream", frame(FrameType::rst_stream, 0, 3, test::be32(8)), protocol},
      {"a reset too short", frame(FrameType::rst_stream, 0, 1, "abc"), frame_size},
      {"settings on a stream", frame(FrameType::settings, 0, 1, ""), protocol},
      {"settings cut short", frame(FrameType::settings, 0, 0, "abc"), frame_size},
      {"an acknowledgement that says something", frame(FrameType::settings, 1, 0, "abcdef"),
       frame_size},
      {"a second acknowledgement",
       frame(FrameType::settings, 1, 0, "") + frame(FrameType::settings, 1, 0, ""), protocol},
      {"a push setting beyond 1", setting(2, 2), protocol},
      {"a window beyond the largest", setting(4, 0x8000'0000), flow_control},
      {"frames below the smallest", setting(5, 16'383), protocol},
      {"frames beyond the largest", setting(5, 1 << 24), protocol},
      {"a push from a client", frame(FrameType::push_promise, 4, 1, ten), protocol},
      {"a ping on a stream", frame(FrameType::ping, 0, 1, "12345678"), protocol},
      {"a ping too short", frame(FrameType::ping, 0, 0, "1234567"), frame_size},
      {"goaway on a stream", frame(FrameType::goaway, 0, 1, ten), protocol},
      {"goaway too short", frame(FrameType::goaway, 0, 0, "1234567"), frame_size},
      {"a window update of nothing", frame(FrameType::window_update, 0, 0, test::be32(0)),
       protocol},
      {"a window update of an idle stream", frame(FrameType::window_update, 0, 3, test::be32(1)),
       protocol},
      {"a window update too long", frame(FrameType::window_update, 0, 0, "12345"), frame_size},
      {"a window that overflows", frame(FrameType::window_update, 0, 0, test::be32(0x7fff'ffff)),
       flow_control},
      {"a continuation of nothing", frame(FrameType::continuation, 4, 1, ""), protocol},
      {"another frame inside a section",
       frame(FrameType::headers, 1, 3, block) + frame(FrameType::ping, 0, 0, "12345678"), protocol},
      {"a continuation of another stream",
       frame(FrameType::headers, 1, 3, block) + frame(FrameType::continuation, 4, 1, ""), protocol},
  };
  for (const Case& each : cases) {
    CAPTURE(each.name);
    const auto server = with_open_stream();
    server->exchange(each.bytes);
    CHECK(server->reader.first(FrameType::goaway, 0).number(4) == each.error);
    CHECK_FALSE(server->session.alive());
    CHECK(server->session.ended() == Http2End::protocol);
  }
}

TEST_CASE("what breaks a rule of a stream resets it, and the connection goes on") {
  const std::string last = test::literal("x-sum", "1");
  const Case cases[] = {
      {"a window update of nothing", frame(FrameType::window_update, 0, 1, test::be32(0)),
       protocol},
      {"a window that overflows", frame(FrameType::window_update, 0, 1, test::be32(0x7fff'ffff)),
       flow_control},
      {"trailers that do not end the request", frame(FrameType::headers, 4, 1, last), protocol},
      {"trailers with a pseudo-header field",
       frame(FrameType::headers, 5, 1, test::literal(":path", "/")), protocol},
  };
  for (const Case& each : cases) {
    CAPTURE(each.name);
    const auto server = with_open_stream();
    server->exchange(each.bytes);
    CHECK(server->reader.first(FrameType::rst_stream, 1).number() == each.error);
    CHECK(server->closed);
    CHECK_FALSE(server->ended);
    CHECK(server->session.alive());
  }
}

TEST_CASE("the first frame of a client is SETTINGS") {
  for (const uint8_t flags : {uint8_t{0}, test::ack}) {
    Server server;
    const uint8_t type = flags ? FrameType::settings : FrameType::ping;
    server.exchange(std::string(http2_preface) + frame(type, flags, 0, flags ? "" : "12345678"));
    CHECK(server.reader.first(FrameType::goaway, 0).number(4) == protocol);
  }
}

TEST_CASE("on a stream that has ended nothing may come, on one that we reset it is passed over") {
  const std::string late[] = {frame(FrameType::data, 0, 1, "x"),
                              frame(FrameType::headers, 5, 1, test::literal("a", "b"))};
  for (const std::string& bytes : late) {
    const auto ended = with_open_stream();
    ended->exchange(frame(FrameType::data, test::end_stream, 1, "") + bytes);
    CHECK(ended->reader.first(FrameType::goaway, 0).number(4) == stream_closed);

    const auto taken_back = with_open_stream();
    taken_back->exchange(frame(FrameType::rst_stream, 0, 1, test::be32(8)) + bytes);
    CHECK(taken_back->reader.first(FrameType::goaway, 0).number(4) == stream_closed);

    const auto reset = with_open_stream();
    reset->session.reset(*reset, Http2Error::internal_error);
    reset->exchange(bytes + frame(FrameType::ping, 0, 0, "12345678"));
    CHECK_FALSE(reset->reader.has(FrameType::goaway, 0));
    CHECK(reset->reader.first(FrameType::ping, 0).payload == "12345678");
    CHECK(reset->received == 0);
  }
}

TEST_CASE("a window update and a reset of a stream that has ended mean nothing") {
  const auto server = with_open_stream();
  server->exchange(frame(FrameType::rst_stream, 0, 1, test::be32(8)));
  server->exchange(frame(FrameType::window_update, 0, 1, test::be32(1)) +
                   frame(FrameType::rst_stream, 0, 1, test::be32(8)));
  CHECK(server->session.alive());
}

TEST_CASE("padding is no part of a body, and counts for its windows") {
  const auto server = with_open_stream();
  server->exchange(frame(FrameType::settings, test::ack, 0, "") +
                   frame(FrameType::data, 8, 1, std::string("\x03one\0\0\0", 7)));
  CHECK(server->received == 3);
  // Half of the window has gone for padding alone: it comes back by itself.
  const std::string padded = std::string(1, '\xff') + std::string(255, '\0');
  for (int i = 0; i < 130; ++i)
    server->exchange(frame(FrameType::data, 8, 1, padded));
  CHECK(server->received == 3);
  CHECK(server->reader.has(FrameType::window_update, 1));
}

TEST_CASE("what is passed over is given back to the window of the connection") {
  const auto server = with_open_stream();
  server->session.reset(*server, Http2Error::cancel);
  for (int i = 0; i < 200; ++i)
    server->exchange(frame(FrameType::data, 0, 1, std::string(16'384, 'x')));
  CHECK(server->session.alive());
}

TEST_CASE("a head that is larger than a frame is continued") {
  const auto server = with_open_stream();
  const std::string value(40'000, 'v');
  server->session.answer(*server, 200, std::array<Field, 1>{Field{"X-Large", value}}, false);
  Buffer out;
  server->session.produce(out, 1);
  const std::string_view bytes = out.view();
  REQUIRE(bytes.size() > 9);
  CHECK(parse_http2_frame_head(bytes.data()).length == http2_frame_bytes);
  const Http2FrameHead next =
      parse_http2_frame_head(bytes.data() + Http2FrameHead::size + http2_frame_bytes);
  CHECK(next.type == Http2FrameType::continuation);
  CHECK(next.stream == 1);
}

TEST_CASE("a client that does not read cannot make answers pile up") {
  Server server;
  server.exchange(test::hello());
  size_t heads = 0;
  for (uint32_t id = 1; id < 20'000; id += 2) {
    if (!server.session.feed(test::request(id, test::get_fields()), MonoTime(seconds(1)))) break;
    const std::array<Field, 1> fields{Field{"X-Some", std::string_view("value")}};
    // As a service does that answers each by a head alone.
    server.session.answer(server, 200, fields, true);
    ++heads;
  }
  Buffer out;
  server.session.produce(out, 1);
  CHECK(out.size() < 128 * 1024);
  CHECK(heads < 10'000);
}

}  // namespace weir::wire
