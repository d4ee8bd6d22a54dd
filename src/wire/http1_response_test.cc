#include "wire/http1_response.h"

#include <array>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace weir::wire {
namespace {

using Kind = BodyFraming::Kind;

struct Parsed {
  std::array<Field, 100> storage;
  ResponseHead head{storage};
  HeadResult result;
};

std::unique_ptr<Parsed> parse(std::string_view bytes, RequestMethod method = RequestMethod::get) {
  auto parsed = std::make_unique<Parsed>();
  parsed->result = parse_response_head(bytes, 0, {}, method, parsed->head);
  return parsed;
}

}  // namespace

TEST_CASE("a response's parts are views of its bytes") {
  const auto parsed = parse("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\nServer: x\r\n\r\nabc");
  REQUIRE(parsed->result.complete());
  CHECK(parsed->result.bytes == 56);
  CHECK(parsed->head.status == 404);
  CHECK(parsed->head.reason == "Not Found");
  CHECK(parsed->head.framing.kind == Kind::content_length);
  CHECK(parsed->head.framing.length == 3);
  CHECK(parsed->head.fields.value(KnownField::server) == "x");
  CHECK(parsed->head.keep_alive);
  CHECK_FALSE(parsed->head.interim);
}

TEST_CASE("the reason may be empty, with and without its space") {
  CHECK(parse("HTTP/1.1 200 \r\n\r\n")->head.reason.empty());
  CHECK(parse("HTTP/1.1 200\r\n\r\n")->result.complete());
  CHECK(parse("HTTP/1.1 200  a \r\n\r\n")->head.reason == " a ");
}

TEST_CASE("the framing follows RFC 9112 6.3") {
  struct Row {
    const char* bytes;
    RequestMethod method;
    Kind kind;
    bool keep_alive;
  };
  constexpr auto get = RequestMethod::get;
  const Row rows[] = {
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", get, Kind::chunked, true},
      {"HTTP/1.1 200 OK\r\n\r\n", get, Kind::until_close, false},
      {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n", get, Kind::until_close, false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n", get, Kind::content_length, false},
      {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\n", get,
       Kind::content_length, true},
      {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", RequestMethod::head, Kind::none, true},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", RequestMethod::head, Kind::none,
       true},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", get, Kind::none, true},
      {"HTTP/1.1 204 No Content\r\n\r\n", get, Kind::none, true},
      {"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", get, Kind::none, true},
      {"HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n", get, Kind::none, false},
      {"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", get, Kind::none, false},
      {"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n", get, Kind::none, true},
  };
  for (const Row& row : rows) {
    const auto parsed = parse(row.bytes, row.method);
    REQUIRE_MESSAGE(parsed->result.complete(), row.bytes);
    CHECK_MESSAGE(parsed->head.framing.kind == row.kind, row.bytes);
    CHECK_MESSAGE(parsed->head.keep_alive == row.keep_alive, row.bytes);
  }
}

TEST_CASE("interim responses and the switch to WebSocket are told apart") {
  CHECK(parse("HTTP/1.1 100 Continue\r\n\r\n")->head.interim);
  const auto parsed =
      parse("HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
  CHECK_FALSE(parsed->head.interim);
  CHECK(parsed->head.upgrade_websocket);
  CHECK_FALSE(parse("HTTP/1.1 101 Switching\r\n\r\n")->head.upgrade_websocket);
}

TEST_CASE("a response that could be cut at two places, or is none, is malformed") {
  for (const char* bytes :
       {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX : 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: 1\r\n 2\r\n\r\n",
        "HTTP/1.1 200 OK\nX: 1\n\n",
        "HTTP/1.1 99 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 20x OK\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1  200 OK\r\n\r\n",
        "HTTP/1.1\t200 OK\r\n\r\n",
        "\r\nHTTP/1.1 200 OK\r\n\r\n",
        "SSH-2.0-x\r\n",
        "HTTP/1.1 200 O\x01K\r\n\r\n",
        "HTTP/1.1 200 OK\rX\r\n\r\n"}) {
    const auto parsed = parse(bytes);
    CHECK_MESSAGE(parsed->result.malformed(), bytes);
    CHECK(parsed->result.http_status == 502);
  }
}

TEST_CASE("a response head cut anywhere reads the same") {
  const std::string bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nServer: nginx\r\n\r\n";
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    const std::vector<char> first(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(cut));
    Parsed parsed;
    HeadResult result =
        parse_response_head({first.data(), cut}, 0, {}, RequestMethod::get, parsed.head);
    REQUIRE_MESSAGE(result.incomplete(), cut);
    result = parse_response_head(bytes, result.bytes, {}, RequestMethod::get, parsed.head);
    REQUIRE(result.complete());
    CHECK(result.bytes == bytes.size());
    CHECK(parsed.head.framing.length == 10);
  }
}

}  // namespace weir::wire
