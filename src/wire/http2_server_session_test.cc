#include "wire/http2_server_session.h"

#include <map>
#include <memory>
#include <optional>
#include <string>

#include <doctest/doctest.h>

#include "wire/http2_test_kit.h"

namespace weir::wire {
namespace {

using test::FrameType;

// One stream: keeps what came, answers what it was given.
struct Stream final : Http2ServerStream {
  void on_data(std::string_view bytes) override { received += bytes; }
  void on_end(const Http2Block& block) override {
    ended = true;
    for (size_t i = 0; i < block.count(); ++i)
      got_trailers.emplace_back(block.name(i), block.value(i));
  }
  void on_closed(Http2Error why) override { closed = why; }
  size_t body_ready() override { return body.size(); }
  bool body_ends() override { return whole; }
  void take_body(size_t bytes, Buffer& out) override {
    out.append(std::string_view(body).substr(0, bytes));
    body.erase(0, bytes);
  }
  std::span<const Field> trailers() override { return own_trailers; }

  std::string received;
  bool ended = false;
  test::NameValues got_trailers;
  std::optional<Http2Error> closed;
  std::string body;
  bool whole = true;
  std::vector<Field> own_trailers;
  test::NameValues fields;
};

struct Server final : Http2ServerEvents {
  explicit Server(const Http2Limits& limits = {}) : session(limits, *this) {}

  Http2ServerStream* on_request(uint32_t id, Http2Block& block, bool) override {
    if (refuse) return nullptr;
    auto made = std::make_unique<Stream>();
    for (size_t i = 0; i < block.count(); ++i)
      made->fields.emplace_back(block.name(i), block.value(i));
    last_cut_short = block.cut_short();
    Stream* stream = made.get();
    streams[id] = std::move(made);
    return stream;
  }
  // Feeds and reads what is sent.
  bool exchange(std::string_view bytes) {
    const bool more = session.feed(bytes, now);
    send();
    return more;
  }
  void send() {
    Buffer out;
    session.produce(out, 1 << 20);
    reader.add(out.view());
  }
  void answer(uint32_t id, std::string_view body, uint16_t status = 200) {
    streams.at(id)->body = body;
    const std::array<Field, 1> fields{Field{"Content-Type", "text/plain"}};
    session.answer(*streams.at(id), status, fields, body.empty());
  }
  uint32_t goaway() const { return reader.first(FrameType::goaway, 0).number(4); }

  MonoTime now{seconds(100)};
  bool refuse = false;
  bool last_cut_short = false;
  std::map<uint32_t, std::unique_ptr<Stream>> streams;
  test::FrameReader reader;
  Http2ServerSession session;  // goes first: it knows the streams
};

constexpr uint32_t calm = 11;

// What the server says when `flood` comes, a piece at a time, again and again.
struct Flooded {
  bool ended = false;
  int pieces = 0;
};
Flooded flood(Server& server, const std::string& piece, int most) {
  Flooded seen;
  while (seen.pieces < most && !seen.ended) {
    ++seen.pieces;
    seen.ended = !server.exchange(piece);
  }
  return seen;
}

}  // namespace

TEST_CASE("a request and its answer cross the session") {
  Server server;
  CHECK(server.exchange(test::hello() + test::request(1, test::get_fields("/a"))));
  REQUIRE(server.streams.contains(1));
  CHECK(server.streams[1]->fields[3].second == "/a");
  server.answer(1, "hello");
  server.send();
  const test::Frame& head = server.reader.first(FrameType::headers, 1);
  CHECK(head.fields == test::NameValues{{":status", "200"}, {"content-type", "text/plain"}});
  CHECK(server.reader.body(1) == "hello");
  CHECK(server.reader.first(FrameType::data, 1).last());
  CHECK(server.streams[1]->closed == Http2Error::no_error);
  CHECK(server.session.alive());
}

TEST_CASE("trailers may end when their request has been answered and reset") {
  Server server;
  server.exchange(test::hello() + test::request(1, test::get_fields("/", "POST"), false) +
                  test::frame(FrameType::headers, test::end_stream, 1, ""));
  server.answer(1, "early");
  server.send();
  CHECK(server.streams[1]->closed == Http2Error::no_error);
  CHECK(server.exchange(
      test::frame(FrameType::continuation, test::end_headers, 1, test::literal("x-sum", "6"))));
  CHECK_FALSE(server.streams[1]->ended);
  CHECK(server.exchange(test::request(3, test::get_fields("/b"))));
  CHECK(server.streams.contains(3));
}

TEST_CASE("a request whose head ends behind our GOAWAY is not taken, as that has said") {
  Server server;
  const std::string block = test::block_of(test::get_fields("/b"));
  server.exchange(test::hello() + test::request(1, test::get_fields("/a")) +
                  test::frame(FrameType::headers, test::end_stream, 3, block));
  server.session.refuse_new();
  server.exchange(test::frame(FrameType::continuation, test::end_headers, 3, ""));
  CHECK_FALSE(server.streams.contains(3));
  CHECK(server.reader.first(FrameType::goaway, 0).number() == 1);
  server.answer(1, "a");
  server.send();
  CHECK(server.reader.body(1) == "a");
}

TEST_CASE("a session reads the same however its bytes are cut") {
  const std::string bytes =
      test::hello() + test::request(1, test::get_fields("/a", "POST"), false) +
      test::frame(FrameType::data, 0, 1, "one") + test::frame(FrameType::data, 0, 1, "two") +
      test::frame(FrameType::headers, 5, 1, test::literal("x-sum", "6")) +
      test::frame(FrameType::ping, 0, 0, "12345678");
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    CAPTURE(cut);
    Server server;
    CHECK(server.exchange(bytes.substr(0, cut)));
    CHECK(server.exchange(bytes.substr(cut)));
    REQUIRE(server.streams.contains(1));
    const Stream& stream = *server.streams[1];
    CHECK(stream.received == "onetwo");
    CHECK(stream.ended);
    CHECK(stream.got_trailers == test::NameValues{{"x-sum", "6"}});
    CHECK(server.reader.first(FrameType::ping, 0).payload == "12345678");
  }
}

TEST_CASE("the body of an answer waits for the client's windows") {
  Server server;
  server.exchange(test::hello() + test::request(1, test::get_fields()));
  server.answer(1, std::string(100'000, 'x'));
  server.send();
  CHECK(server.reader.body(1).size() == 65'535);
  server.exchange(test::frame(FrameType::window_update, 0, 0, test::be32(50'000)));
  CHECK(server.reader.body(1).size() == 65'535);
  server.exchange(test::frame(FrameType::window_update, 0, 1, test::be32(50'000)));
  CHECK(server.reader.body(1).size() == 100'000);
  CHECK(server.streams[1]->closed == Http2Error::no_error);
}

TEST_CASE("what is produced at once is bounded, and goes on where it stopped") {
  Server server;
  const std::string window = test::frame(FrameType::window_update, 0, 0, test::be32(1 << 30));
  const std::string initial("\0\4\x3f\xff\xff\xff", 6);
  server.exchange(std::string(http2_preface) + test::frame(FrameType::settings, 0, 0, initial) +
                  window + test::request(1, test::get_fields()));
  server.answer(1, std::string(500'000, 'x'));
  Buffer out;
  server.session.produce(out, 10'000);
  CHECK(out.size() >= 10'000);
  CHECK(out.size() < 30'000);
  server.reader.add(out.view());
  server.send();
  CHECK(server.reader.body(1).size() == 500'000);
}

TEST_CASE("a body that comes later is sent when the session is told") {
  Server server;
  server.exchange(test::hello() + test::request(1, test::get_fields()));
  Stream& stream = *server.streams[1];
  stream.whole = false;
  server.session.answer(*server.streams[1], 200, {}, false);
  server.send();
  CHECK(server.reader.body(1).empty());
  stream.body = "later";
  stream.whole = true;
  stream.own_trailers = {{"Grpc-Status", "0"}};
  server.session.resume(*server.streams[1]);
  server.send();
  CHECK(server.reader.body(1) == "later");
  const test::Frame& end = server.reader.frames.back();
  CHECK(end.fields == test::NameValues{{"grpc-status", "0"}});
  CHECK(end.last());
}

TEST_CASE("interim answers come before the final one") {
  Server server;
  server.exchange(test::hello() + test::request(1, test::get_fields()));
  server.session.interim(*server.streams[1], 103, std::array<Field, 1>{Field{"Link", "</a>"}});
  server.answer(1, "");
  server.send();
  std::vector<std::string> statuses;
  for (const test::Frame& each : server.reader.frames)
    if (each.type == FrameType::headers) statuses.push_back(each.fields[0].second);
  CHECK(statuses == std::vector<std::string>{"103", "200"});
  CHECK(server.reader.frames.back().last());
}

TEST_CASE("an answer before the request's end lets the client stop") {
  Server server;
  server.exchange(test::hello() + test::request(1, test::get_fields("/", "POST"), false));
  server.answer(1, "no");
  server.send();
  CHECK(server.reader.first(FrameType::rst_stream, 1).number() == 0);
}

TEST_CASE("a refused stream may be sent again") {
  Server server;
  server.refuse = true;
  server.exchange(test::hello() + test::request(1, test::get_fields()));
  CHECK(server.reader.first(FrameType::rst_stream, 1).number() == 7);
}

TEST_CASE("a client that has said goodbye asks for nothing more, whether or not it still waits") {
  const std::string goodbye = test::frame(FrameType::goaway, 0, 0, std::string(8, '\0'));
  Server idle;
  idle.exchange(test::hello() + goodbye + test::request(1, test::get_fields()));
  CHECK(idle.streams.empty());

  Server waits;
  waits.exchange(test::hello() + test::request(1, test::get_fields()) + goodbye);
  waits.exchange(test::request(3, test::get_fields()));
  CHECK_FALSE(waits.streams.contains(3));
  CHECK(waits.reader.first(FrameType::rst_stream, 3).number() == 7);
  waits.answer(1, "hello");
  waits.send();
  CHECK(waits.reader.body(1) == "hello");
  CHECK_FALSE(waits.session.alive());
}

TEST_CASE("a malformed request costs its stream, not the connection") {
  const std::vector<test::NameValues> malformed{
      {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"Upper", "a"}},
      {{":method", "GET"}, {"x", "a"}, {":scheme", "http"}, {":path", "/"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"connection", "close"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"transfer-encoding", "chunked"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"x", "a\r\nb: c"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"content-length", "3"}},
      {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/a b"}},
      {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", ""}},
      {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/"}, {"x", " a"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}},
      {{":method", "CONNECT"}, {":scheme", "http"}, {":authority", "a:1"}, {":path", "/"}},
  };
  for (const test::NameValues& fields : malformed) {
    CAPTURE(fields.back().first);
    Server server;
    CHECK(server.exchange(test::hello() + test::request(1, fields)));
    CHECK_FALSE(server.streams.contains(1));
    CHECK(server.reader.first(FrameType::rst_stream, 1).number() == 1);
    server.exchange(test::request(3, test::get_fields()));
    CHECK(server.streams.contains(3));
  }
}

TEST_CASE("a body that is not as long as announced resets its stream") {
  for (const char* body : {"12", "1234"}) {
    Server server;
    test::NameValues fields = test::get_fields("/", "POST");
    fields.emplace_back("content-length", "3");
    server.exchange(test::hello() + test::request(1, fields, false) +
                    test::frame(FrameType::data, test::end_stream, 1, body));
    CHECK(server.reader.first(FrameType::rst_stream, 1).number() == 1);
    CHECK_FALSE(server.streams[1]->ended);
    CHECK(server.streams[1]->closed.has_value());
  }
}

TEST_CASE("what is no HTTP/2 ends the session") {
  Server server;
  CHECK_FALSE(server.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  CHECK(server.session.ended() == Http2End::no_http2);
}

TEST_CASE("a broken connection rule ends the session with GOAWAY") {
  Server server;
  server.exchange(test::hello() + test::frame(FrameType::data, 0, 0, "x"));
  CHECK(server.goaway() == 1);
  CHECK(server.session.ended() == Http2End::protocol);
  CHECK_FALSE(server.session.alive());
}

TEST_CASE("heads that are too large are cut short, and many of them end the connection") {
  Http2Limits limits;
  limits.head_bytes_max = 1000;
  limits.faults_per_second = 10;
  Server server(limits);
  server.exchange(test::hello());
  test::NameValues fields = test::get_fields();
  for (int i = 0; i < 40; ++i)
    fields.emplace_back("x-" + std::to_string(i), "a");
  uint32_t id = 1;
  while (server.exchange(test::request(id, fields)) && id < 1000) {
    CHECK(server.last_cut_short);
    server.answer(id, "");
    server.send();
    id += 2;
  }
  CHECK(id < 20);
  CHECK(server.goaway() == calm);
  CHECK(server.session.ended() == Http2End::faults);
}

TEST_CASE("rapid resets end the connection, but not resets of what is done") {
  Server server;
  server.exchange(test::hello());
  uint32_t id = 1;
  const std::string cancel = test::be32(8);
  const auto reset = [&] { return test::frame(FrameType::rst_stream, 0, id, cancel); };
  for (int i = 0; i < 5000; ++i, id += 2) {
    server.exchange(test::request(id, test::get_fields()));
    server.answer(id, "x");
    server.send();
    REQUIRE(server.exchange(test::frame(FrameType::rst_stream, 0, id, cancel)));
    server.now += milliseconds(2);
  }
  int resets = 0;
  while (resets < 5000 && server.exchange(test::request(id, test::get_fields()) + reset())) {
    ++resets;
    id += 2;
  }
  CHECK(resets <= 1001);
  CHECK(server.goaway() == calm);
  CHECK(server.session.ended() == Http2End::resets);
}

TEST_CASE("a client that makes us reset its streams is let go") {
  Server server;
  server.exchange(test::hello());
  uint32_t id = 1;
  test::NameValues fields = test::get_fields("/", "POST");
  fields.emplace_back("content-length", "3");
  int streams = 0;
  while (streams < 5000 &&
         server.exchange(test::request(id, fields, false) +
                         test::frame(FrameType::data, test::end_stream, id, "12"))) {
    ++streams;
    id += 2;
  }
  CHECK(streams <= 260);
  CHECK(server.session.ended() == Http2End::faults);
}

TEST_CASE("floods of frames that carry nothing end the connection") {
  struct Flood {
    std::string name;
    std::string piece;
  };
  const std::vector<Flood> floods{
      {"ping", test::frame(FrameType::ping, 0, 0, "12345678")},
      {"settings", test::frame(FrameType::settings, 0, 0, "")},
      {"priority", test::frame(FrameType::priority, 0, 1, std::string("\0\0\0\0\x10", 5))},
      {"window update", test::frame(FrameType::window_update, 0, 0, test::be32(1))},
      {"unknown", test::frame(0xbe, 0, 0, "")},
      {"empty data", test::frame(FrameType::data, 0, 1, "")},
      {"reset of nothing", test::frame(FrameType::rst_stream, 0, 1, test::be32(8))},
  };
  for (const Flood& each : floods) {
    CAPTURE(each.name);
    Server server;
    const bool open = each.name == "empty data";
    server.exchange(test::hello() + test::request(1, test::get_fields("/", "POST"), !open));
    if (!open) {
      server.answer(1, "");
      server.send();
    }
    const Flooded seen = flood(server, each.piece, 10'000);
    CHECK(seen.ended);
    CHECK(seen.pieces <= 2600);
    CHECK(server.goaway() == calm);
    CHECK(server.session.ended() == Http2End::control);
  }
}

TEST_CASE("window updates of a client that fetches much are no flood") {
  Server server;
  server.exchange(test::hello() + test::frame(FrameType::window_update, 0, 0, test::be32(1 << 30)));
  const std::string update = test::frame(FrameType::window_update, 0, 0, test::be32(1));
  const std::string updates = update + update + update + update;
  uint32_t id = 1;
  for (int i = 0; i < 5000; ++i, id += 2) {
    server.exchange(test::request(id, test::get_fields()));
    server.answer(id, "x");
    server.send();
    REQUIRE(server.exchange(updates));
  }
}

TEST_CASE("CONTINUATION frames are bounded, empty ones too") {
  for (const char* piece : {"", "x"}) {
    Server server;
    server.exchange(test::hello() +
                    test::frame(FrameType::headers, 1, 1, test::block_of(test::get_fields())));
    const std::string more =
        test::frame(FrameType::continuation, 0, 1, *piece ? test::literal("x", "y") : "");
    const Flooded seen = flood(server, more, 1000);
    CHECK(seen.ended);
    CHECK(seen.pieces <= 10);
    CHECK(server.session.ended() == Http2End::continuations);
  }
}

TEST_CASE("no more streams are open at a time than were allowed") {
  Http2Limits limits;
  limits.streams_max = 2;
  Server server(limits);
  // One that has not heard of the limit yet may try again.
  server.exchange(test::hello());
  for (const uint32_t id : {1u, 3u, 5u})
    server.exchange(test::request(id, test::get_fields()));
  CHECK(server.streams.size() == 2);
  CHECK(server.reader.first(FrameType::rst_stream, 5).number() == 7);
  // One that has heard of it breaks the rules.
  server.exchange(test::frame(FrameType::settings, test::ack, 0, "") +
                  test::request(7, test::get_fields()));
  CHECK(server.streams.size() == 2);
  CHECK(server.goaway() == 1);
}

TEST_CASE("bytes that are not used up keep the client's window closed") {
  Http2Limits limits;
  limits.window_bytes = 10'000;
  Server server(limits);
  server.exchange(test::hello() + test::frame(FrameType::settings, test::ack, 0, "") +
                  test::request(1, test::get_fields("/", "POST"), false) +
                  test::frame(FrameType::data, 0, 1, std::string(10'000, 'x')));
  CHECK_FALSE(server.reader.has(FrameType::window_update, 1));
  server.session.consume(*server.streams[1], 10'000);
  server.send();
  CHECK(server.reader.first(FrameType::window_update, 1).number() == 10'000);
  server.exchange(test::frame(FrameType::data, 0, 1, std::string(10'001, 'x')));
  CHECK(server.streams[1]->closed == Http2Error::flow_control_error);
}

TEST_CASE("the end comes in two steps") {
  Server server;
  server.exchange(test::hello() + test::request(1, test::get_fields()));
  server.session.announce_end();
  server.send();
  CHECK(server.reader.first(FrameType::goaway, 0).number() == 0x7fff'ffff);
  server.exchange(test::request(3, test::get_fields()));
  CHECK(server.streams.contains(3));
  server.session.refuse_new();
  server.send();
  CHECK(server.reader.frames.back().number() == 3);
  server.exchange(test::request(5, test::get_fields()));
  CHECK_FALSE(server.streams.contains(5));
  server.answer(1, "");
  server.answer(3, "");
  server.send();
  CHECK_FALSE(server.session.alive());
  CHECK(server.session.ended() == Http2End::none);
}

}  // namespace weir::wire
