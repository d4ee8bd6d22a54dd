#include "wire/http2_client_session.h"

#include <string>

#include <doctest/doctest.h>

#include "wire/http2_test_kit.h"

namespace weir::wire {
namespace {

using test::FrameType;

// One request: keeps what came.
struct Asked final : Http2ClientStream {
  explicit Asked(std::string request_body = "") : body(std::move(request_body)) {}
  void on_head(uint16_t code, const Http2Block&, bool) override { status = code; }
  void on_data(std::string_view bytes) override { received += bytes; }
  void on_end(const Http2Block& trailers) override {
    ended = true;
    for (size_t i = 0; i < trailers.count(); ++i)
      got_trailers.emplace_back(trailers.name(i), trailers.value(i));
  }
  void on_closed(Http2Error why) override { closed = why; }
  size_t body_ready() override { return body.size(); }
  bool body_ends() override { return true; }
  void take_body(size_t bytes, Buffer& out) override {
    out.append(std::string_view(body).substr(0, bytes));
    body.erase(0, bytes);
  }

  std::string body;
  uint16_t status = 0;
  std::string received;
  bool ended = false;
  test::NameValues got_trailers;
  std::optional<Http2Error> closed;
};

struct Client {
  Client() { send(); }
  std::optional<uint32_t> ask(Asked& asked) {
    const std::array<Field, 4> fields{Field{":method", "POST"}, Field{":scheme", "http"},
                                      Field{":authority", "a.test"}, Field{":path", "/"}};
    const auto id = session.request(fields, asked.body.empty(), asked);
    send();
    return id;
  }
  bool feed(std::string_view bytes) {
    const bool more = session.feed(bytes);
    send();
    return more;
  }
  void send() {
    Buffer out;
    session.produce(out, 1 << 20);
    sent += out.view();
  }
  // What was sent behind the preface.
  void read_sent() { reader.add(std::string_view(sent).substr(http2_preface.size())); }

  Http2ClientSession session{Http2ClientLimits{}};
  std::string sent;
  test::FrameReader reader;
};

const std::string settings = test::frame(FrameType::settings, 0, 0, "");

std::string answer(uint32_t stream, std::string_view status, bool last) {
  return test::request(stream, {{":status", std::string(status)}}, last);
}

}  // namespace

TEST_CASE("a client begins with the preface, refuses push, and asks") {
  Client client;
  Asked asked("body");
  CHECK(client.ask(asked) == 1);
  CHECK(client.sent.starts_with(http2_preface));
  client.read_sent();
  CHECK(client.reader.first(FrameType::settings, 0)
            .payload.starts_with(std::string("\0\2\0\0\0\0", 6)));
  CHECK(client.reader.first(FrameType::headers, 1).fields[3].second == "/");
  CHECK(client.reader.body(1) == "body");
  CHECK(client.reader.first(FrameType::data, 1).last());
}

TEST_CASE("an answer is read the same however it is cut") {
  const std::string bytes = settings + answer(1, "103", false) + answer(1, "200", false) +
                            test::frame(FrameType::data, 0, 1, "abc") +
                            test::request(1, {{"grpc-status", "0"}});
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    Client client;
    Asked asked;
    client.ask(asked);
    CHECK(client.feed(bytes.substr(0, cut)));
    CHECK(client.feed(bytes.substr(cut)));
    CHECK(asked.status == 200);
    CHECK(asked.received == "abc");
    CHECK(asked.ended);
    CHECK(asked.got_trailers == test::NameValues{{"grpc-status", "0"}});
    CHECK(asked.closed == Http2Error::no_error);
  }
}

TEST_CASE("an answer without body ends with its head") {
  Client client;
  Asked asked;
  client.ask(asked);
  client.feed(settings + answer(1, "204", true));
  CHECK(asked.status == 204);
  CHECK(asked.ended);
  CHECK(asked.got_trailers.empty());
}

TEST_CASE("a stream that the server refuses may be sent again") {
  Client client;
  Asked asked;
  client.ask(asked);
  client.feed(settings + test::frame(FrameType::rst_stream, 0, 1, test::be32(7)));
  CHECK(asked.closed == Http2Error::refused_stream);
  CHECK_FALSE(asked.ended);
  CHECK(client.session.takes_requests());
}

TEST_CASE("GOAWAY refuses what it does not cover, and the rest is answered") {
  Client client;
  Asked first, second;
  client.ask(first);
  client.ask(second);
  client.feed(settings + test::frame(FrameType::goaway, 0, 0, test::be32(1) + test::be32(0)));
  CHECK_FALSE(client.session.takes_requests());
  CHECK(second.closed == Http2Error::refused_stream);
  CHECK_FALSE(first.closed.has_value());
  Asked third;
  CHECK_FALSE(client.ask(third).has_value());
  client.feed(answer(1, "200", true));
  CHECK(first.ended);
  CHECK_FALSE(client.session.alive());
}

TEST_CASE("more requests than the server allows wait, and GOAWAY tells them, too") {
  Client client;
  client.feed(test::frame(FrameType::settings, 0, 0, std::string("\0\3\0\0\0\1", 6)));
  Asked first, second;
  client.ask(first);
  client.ask(second);
  client.read_sent();
  CHECK_FALSE(client.reader.has(FrameType::headers, 3));
  client.feed(test::frame(FrameType::goaway, 0, 0, test::be32(1) + test::be32(0)));
  client.feed(answer(1, "200", true));
  CHECK(first.ended);
  CHECK(second.closed == Http2Error::refused_stream);
}

TEST_CASE("whoever is dropped hears nothing any more") {
  Client client;
  Asked asked("body");
  client.ask(asked);
  client.session.drop(1);
  client.send();
  client.feed(settings + answer(1, "200", true));
  CHECK(asked.status == 0);
  CHECK_FALSE(asked.closed.has_value());
  client.read_sent();
  CHECK(client.reader.first(FrameType::rst_stream, 1).number() == 8);
}

TEST_CASE("a head that is too large is not taken") {
  Client client;
  Asked asked;
  client.ask(asked);
  test::NameValues fields{{":status", "200"}};
  for (int i = 0; i < 40; ++i)
    fields.emplace_back("x-" + std::to_string(i), std::string(1000, 'v'));
  std::string block = test::block_of(fields), frames = settings;
  for (size_t at = 0; at < block.size(); at += 16'000) {
    const auto type = at == 0 ? FrameType::headers : FrameType::continuation;
    const bool last = at + 16'000 >= block.size();
    frames += test::frame(type, last ? test::end_headers : 0, 1, block.substr(at, 16'000));
  }
  client.feed(frames);
  CHECK(asked.status == 0);
  CHECK(asked.closed.has_value());
}

TEST_CASE("when the connection is gone, everybody is told") {
  Client client;
  Asked first, second;
  client.ask(first);
  client.ask(second);
  client.session.close_all();
  CHECK(first.closed.has_value());
  CHECK(second.closed.has_value());
}

}  // namespace weir::wire
