#include "net/http2_answer.h"

#include <string>

#include <doctest/doctest.h>

#include "wire/http2_test_kit.h"

namespace weir::net {
namespace {

namespace test = wire::test;
using test::FrameType;

// A session with one request open, which the answer is for.
struct Served final : wire::Http2ServerEvents, wire::Http2ServerStream {
  explicit Served(wire::RequestMethod method = wire::RequestMethod::get,
                  const std::string& hello = test::hello()) {
    const test::NameValues fields = test::get_fields("/", wire::to_string(method));
    session.feed(hello + test::request(1, fields), MonoTime(seconds(1)));
    answer.begin(method);
  }
  wire::Http2ServerStream* on_request(uint32_t, wire::Http2Block&, bool) override { return this; }
  void on_data(std::string_view) override {}
  void on_end(const wire::Http2Block&) override {}
  void on_closed(wire::Http2Error) override {}
  size_t body_ready() override { return answer.pending(); }
  bool body_ends() override { return answer.whole(); }
  void take_body(size_t bytes, Buffer& out) override { answer.move_to(out, bytes); }
  std::span<const wire::Field> trailers() override { return answer.trailers(); }

  bool take(std::string_view bytes) {
    iovec part = runtime_part(bytes);
    std::span<iovec> parts(&part, 1);
    return answer.take(parts) && parts.empty();
  }
  static iovec runtime_part(std::string_view bytes) {
    return {const_cast<char*>(bytes.data()), bytes.size()};
  }
  void send() {
    session.resume(*this);
    Buffer out;
    session.produce(out, 1 << 20);
    reader.add(out.view());
  }

  test::FrameReader reader;
  wire::Http2ServerSession session{wire::Http2Limits{}, *this};
  Http2RepeatedHead repeated;
  Http2Answer answer{session, *this, repeated};
};

// Everything that the client gets: heads, body, trailers.
std::string seen(const Served& served) {
  std::string all;
  for (const test::Frame& each : served.reader.frames) {
    if (each.stream != 1) continue;
    for (const auto& [name, value] : each.fields)
      all.append(name).append("=").append(value).append(";");
    if (each.type == FrameType::data) all += each.payload;
    if (each.last()) all += "!";
  }
  return all;
}

struct Case {
  const char* written;
  const char* seen;
};
const Case cases[] = {
    {"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 5\r\n\r\nhello",
     ":status=200;content-type=a/b;content-length=5;hello!"},
    {"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", ":status=204;!"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ":status=200;content-length=0;!"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
     ":status=200;abcde!"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n",
     ":status=200;ax-sum=1;!"},
    {"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: "
     "2\r\n\r\nno",
     ":status=103;link=</a>;:status=404;content-length=2;no!"},
    {"HTTP/1.1 200 OK\r\nKeep-Alive: 5\r\nUpgrade: x\r\n\r\nuntil the end",
     ":status=200;until the end!"},
};

}  // namespace

TEST_CASE("what a service writes as HTTP/1.1 is sent as HTTP/2") {
  for (const Case& each : cases) {
    Served served;
    CHECK(served.take(each.written));
    CHECK(served.answer.finish());
    served.send();
    CHECK(seen(served) == each.seen);
  }
}

TEST_CASE("an answer is the same however it is cut") {
  for (const Case& each : cases) {
    const std::string_view written = each.written;
    for (size_t cut = 0; cut <= written.size(); ++cut) {
      CAPTURE(cut);
      Served served;
      std::string first(written.substr(0, cut)), second(written.substr(cut));
      CHECK(served.take(first));
      served.send();
      CHECK(served.take(second));
      CHECK(served.answer.finish());
      served.send();
      // An end that comes alone is a frame of its own: the rest is the same.
      CHECK(seen(served) == each.seen);
    }
  }
}

TEST_CASE("a head that is repeated is sent as the same bytes, until the tables change") {
  struct Stream final : wire::Http2ServerStream {
    void on_data(std::string_view) override {}
    void on_end(const wire::Http2Block&) override {}
    void on_closed(wire::Http2Error) override {}
    size_t body_ready() override { return 0; }
    bool body_ends() override { return true; }
    void take_body(size_t, Buffer&) override {}
    std::span<const wire::Field> trailers() override { return {}; }
  };
  struct Many final : wire::Http2ServerEvents {
    wire::Http2ServerStream* on_request(uint32_t id, wire::Http2Block&, bool) override {
      return &streams.at(id / 2);
    }
    // The fields that the client reads, and the bytes of the head's frame.
    std::pair<test::NameValues, std::string> ask(std::string_view text) {
      const uint32_t id = next;
      next += 2;
      session.feed((id == 1 ? test::hello() : "") + test::request(id, test::get_fields()),
                   MonoTime(seconds(1)));
      Http2Answer answer(session, streams.at(id / 2), repeated);
      iovec part = Served::runtime_part(text);
      std::span<iovec> parts(&part, 1);
      CHECK(answer.take(parts));
      CHECK(answer.finish());
      Buffer out;
      session.produce(out, 1 << 20);
      reader.add(out.view());
      const test::Frame& head = reader.first(FrameType::headers, id);
      CHECK(reader.body(id) == "ab");
      return {head.fields, head.payload};
    }
    std::array<Stream, 8> streams;
    uint32_t next = 1;
    Http2RepeatedHead repeated;
    test::FrameReader reader;
    wire::Http2ServerSession session{wire::Http2Limits{}, *this};
  };
  Many many;
  const std::string one = "HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nab";
  const std::string two = "HTTP/1.1 200 OK\r\nX-A: 2\r\nContent-Length: 2\r\n\r\nab";
  const auto first = many.ask(one), second = many.ask(one);
  CHECK_FALSE(many.repeated.text.empty());
  CHECK(second.first == first.first);
  CHECK(second.second.size() < first.second.size());
  const auto third = many.ask(one);
  CHECK(third == second);
  // Another head moves what the table has.
  const auto other = many.ask(two);
  CHECK(other.first == test::NameValues{{":status", "200"}, {"x-a", "2"}, {"content-length", "2"}});
  const auto after = many.ask(one);
  CHECK(after.first == first.first);
  CHECK(after.second != third.second);
}

TEST_CASE("an answer to HEAD ends with its head") {
  Served served(wire::RequestMethod::head);
  CHECK(served.take("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"));
  CHECK(served.answer.whole());
  served.send();
  CHECK(seen(served) == ":status=200;content-length=5;!");
}

TEST_CASE("a body is kept up to a bound, and the rest stays with its writer") {
  // The client takes nothing until it says so.
  const std::string closed("\0\4\0\0\0\0", 6);
  Served served(wire::RequestMethod::get,
                std::string(wire::http2_preface) + test::frame(FrameType::settings, 0, 0, closed));
  CHECK(served.take("HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n"));
  const std::string body(200'000, 'x');
  iovec part = Served::runtime_part(body);
  std::span<iovec> parts(&part, 1);
  CHECK(served.answer.take(parts));
  CHECK(served.answer.pending() == Http2Answer::pending_bytes_max);
  REQUIRE(parts.size() == 1);
  CHECK(parts[0].iov_len == body.size() - Http2Answer::pending_bytes_max);
  served.session.feed(test::frame(FrameType::window_update, 0, 1, test::be32(50'000)),
                      MonoTime(seconds(1)));
  served.send();
  CHECK(served.answer.pending() == Http2Answer::pending_bytes_max - 50'000);
  CHECK(served.answer.take(parts));
  CHECK_FALSE(served.answer.finish());
}

TEST_CASE("what is no message is not sent as one") {
  for (const char* written : {"nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab",
                              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"}) {
    Served served;
    CHECK_FALSE(served.take(written));
  }
  Served torn;
  CHECK(torn.take("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na"));
  CHECK_FALSE(torn.answer.finish());
  Served silent;
  CHECK_FALSE(silent.answer.finish());
}

}  // namespace weir::net
