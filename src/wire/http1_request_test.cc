#include "wire/http1_request.h"

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
  RequestHead head{storage};
  HeadResult result;
};

std::unique_ptr<Parsed> parse(std::string_view bytes, const HeadLimits& limits = {}) {
  auto parsed = std::make_unique<Parsed>();
  parsed->result = parse_request_head(bytes, 0, limits, parsed->head);
  return parsed;
}

int refusal(std::string_view bytes, const HeadLimits& limits = {}) {
  const auto parsed = parse(bytes, limits);
  return parsed->result.malformed() ? parsed->result.http_status : 0;
}

// A valid request but for these field lines.
int refusal_of_lines(const std::string& lines) {
  return refusal("POST / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n");
}

}  // namespace

TEST_CASE("a request's parts are views of its bytes") {
  const std::string bytes =
      "GET /a/b?x=1 HTTP/1.1\r\nHost: example.org:8080\r\nAccept:\t */* \r\nX:\r\n\r\nrest";
  const auto parsed = parse(bytes);
  const RequestHead& head = parsed->head;
  REQUIRE(parsed->result.complete());
  CHECK(parsed->result.bytes == bytes.size() - 4);
  CHECK(head.method == RequestMethod::get);
  CHECK(head.method_text == "GET");
  CHECK(head.form == TargetForm::origin);
  CHECK(head.target == "/a/b?x=1");
  CHECK(head.path == "/a/b");
  CHECK(head.query == "x=1");
  CHECK(head.has_query);
  CHECK(head.minor_version == 1);
  CHECK(head.host.host == "example.org");
  CHECK(head.host.port == 8080);
  CHECK(head.fields.size() == 3);
  CHECK(head.fields.value(KnownField::accept) == "*/*");
  CHECK(head.fields.find("x")->value.empty());
  CHECK(head.framing.kind == Kind::none);
  CHECK(head.keep_alive);
  CHECK_FALSE(head.expect_continue);
}

TEST_CASE("a head that cannot be read holds nothing of the one before") {
  const auto parsed = parse("PUT /secret?key HTTP/1.1\r\nHost: first.example\r\n\r\n");
  REQUIRE(parsed->result.complete());
  REQUIRE(parse_request_head("(\r\n\r\n", 0, {}, parsed->head).malformed());
  CHECK(parsed->head.method == RequestMethod::other);
  CHECK(parsed->head.method_text.empty());
  CHECK(parsed->head.target.empty());
  CHECK(parsed->head.path.empty());
  CHECK(parsed->head.query.empty());
  CHECK(parsed->head.host.text.empty());
  CHECK(parsed->head.fields.size() == 0);
}

TEST_CASE("the four forms of a target") {
  auto parsed = parse("GET HTTPS://b:1/p?q HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(parsed->result.complete());
  CHECK(parsed->head.form == TargetForm::absolute);
  CHECK(parsed->head.scheme == Scheme::https);
  CHECK(parsed->head.host.text == "b:1");
  CHECK(parsed->head.path == "/p");
  CHECK(parsed->head.query == "q");

  parsed = parse("GET http://b?q HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(parsed->result.complete());
  CHECK(parsed->head.path == "/");

  parsed = parse("OPTIONS http://b HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(parsed->result.complete());
  CHECK(parsed->head.path == "*");

  parsed = parse("CONNECT [::1]:443 HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(parsed->result.complete());
  CHECK(parsed->head.form == TargetForm::authority);
  CHECK(parsed->head.host.address() == "::1");

  parsed = parse("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(parsed->result.complete());
  CHECK(parsed->head.form == TargetForm::asterisk);
}

TEST_CASE("a target that is none of the four forms is refused") {
  for (const char* line : {"GET * HTTP/1.1",
                           "GET a/b HTTP/1.1",
                           "GET ftp://a/ HTTP/1.1",
                           "GET http:///x HTTP/1.1",
                           "GET http://u@h/ HTTP/1.1",
                           "GET http://h:0/ HTTP/1.1",
                           "CONNECT / HTTP/1.1",
                           "CONNECT a HTTP/1.1",
                           "CONNECT a:99999 HTTP/1.1",
                           "GET http:/a HTTP/1.1",
                           "GET /a#b HTTP/1.1",
                           "GET /\x80 HTTP/1.1",
                           "GET /a\tb HTTP/1.1",
                           "GET /a b HTTP/1.1",
                           "GET  / HTTP/1.1",
                           "GET /  HTTP/1.1",
                           "GET\t/ HTTP/1.1",
                           "GET /",
                           "GET",
                           " GET / HTTP/1.1",
                           "G(T / HTTP/1.1",
                           "GET /\x7f HTTP/1.1",
                           "GET / http/1.1",
                           "GET / HTTP/1.1 "})
    CHECK_MESSAGE(refusal(std::string(line) + "\r\nHost: a\r\n\r\n") == 400, line);
}

TEST_CASE("any method token is taken, and only HTTP/1.1 and HTTP/1.0") {
  const auto parsed = parse("PURGE / HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(parsed->result.complete());
  CHECK(parsed->head.method == RequestMethod::other);
  CHECK(parsed->head.method_text == "PURGE");
  CHECK(parse("get / HTTP/1.1\r\nHost: a\r\n\r\n")->head.method == RequestMethod::other);
  for (int i = 0; i < static_cast<int>(RequestMethod::other); ++i) {
    const auto method = static_cast<RequestMethod>(i);
    CHECK(request_method(to_string(method)) == method);
  }
  CHECK(refusal(std::string(33, 'A') + " / HTTP/1.1\r\n\r\n") == 501);
  CHECK(refusal("PRI * HTTP/2.0\r\n\r\n") == 505);
  CHECK(refusal("GET / HTTP/1.2\r\n\r\n") == 505);
  CHECK(refusal("GET / HTTP/0.9\r\n\r\n") == 505);
  CHECK(refusal("GET / HTTP/11\r\n\r\n") == 400);
}

TEST_CASE("Host must be there, once, and be a host") {
  CHECK(refusal("GET / HTTP/1.1\r\n\r\n") == 400);
  CHECK(refusal("GET http://a/ HTTP/1.1\r\n\r\n") == 400);
  CHECK(refusal("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n") == 400);
  CHECK(refusal("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n") == 400);
  CHECK(refusal("GET / HTTP/1.0\r\n\r\n") == 0);
  for (const char* host : {"", "a b", "a,b", "u@a", "a:", "a:b", "a:0", "a:65536", "a:000080",
                           "[::1", "[::g]", "::1", "a/b", "[fe80::1%25eth0]", "a:1:2", "\xc3\xa4"})
    CHECK_MESSAGE(refusal("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n") == 400,
                  host);
  for (const char* host : {"a", "a.b-c_d", "127.0.0.1:65535", "[::1]", "[::1]:1", "[1::2:3.4.5.6]"})
    CHECK_MESSAGE(refusal("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n") == 0, host);
}

TEST_CASE("lengths that two readers could read differently are refused") {
  CHECK(refusal_of_lines("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") == 400);
  CHECK(refusal_of_lines("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n") == 400);
  CHECK(refusal_of_lines("Content-Length: 5\r\nContent-Length: 6\r\n") == 400);
  CHECK(refusal_of_lines("Content-Length: 5\r\nContent-Length: 5\r\n") == 400);
  for (const char* length : {"", "+5", "-5", "5 5", "5,5", "5, 5", "0x5", "5a", "1.0", "\"5\"",
                             "9223372036854775808", "00000000000000000005", "5\x0b"})
    CHECK_MESSAGE(refusal_of_lines("Content-Length: " + std::string(length) + "\r\n") == 400,
                  length);
  const auto parsed =
      parse("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775807\r\n\r\n");
  REQUIRE(parsed->result.complete());
  CHECK(parsed->head.framing.kind == Kind::content_length);
  CHECK(parsed->head.framing.length == INT64_MAX);
}

TEST_CASE("the only transfer coding of a request is chunked, once, alone") {
  const auto parsed = parse("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n");
  REQUIRE(parsed->result.complete());
  CHECK(parsed->head.framing.kind == Kind::chunked);
  for (const char* coding :
       {"", "identity", "gzip", "chunked, chunked", "chunked, gzip", ",chunked", "chunked,",
        "chunked;q=1", "\"chunked\"", "xchunked", "chunke", "chunked chunked", "chunked\x0b"})
    CHECK_MESSAGE(refusal_of_lines("Transfer-Encoding: " + std::string(coding) + "\r\n") == 400,
                  coding);
  CHECK(refusal_of_lines("Transfer-Encoding: gzip, chunked\r\n") == 501);
  CHECK(refusal_of_lines("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n") == 400);
  CHECK(refusal_of_lines("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n") == 400);
  CHECK(refusal("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
}

TEST_CASE("lines that are not plainly name, colon, value and CRLF are refused") {
  for (const char* lines :
       {"X : 1\r\n", "X\t: 1\r\n", " X: 1\r\n", "X: 1\r\n 2\r\n", "X: 1\r\n\t2\r\n", "X: 1\n",
        "X: 1\rY: 2\r\n", ": 1\r\n", "X\r\n", "X Y: 1\r\n", "X: \x01\r\n", "X: \x7f\r\n",
        "\"X\": 1\r\n", "X\x80: 1\r\n", "X: 1\r\r\n", "\rX: 1\r\n", "X[]: 1\r\n", "X: 1\n\r\n"})
    CHECK_MESSAGE(refusal_of_lines(lines) == 400, lines);
  CHECK(refusal_of_lines(std::string("X: a\0b\r\n", 8)) == 400);
  CHECK(refusal_of_lines(std::string("X\0: a\r\n", 7)) == 400);
  CHECK(refusal_of_lines("X: \xc3\xa4\tb\r\n") == 0);
  CHECK(refusal("GET / HTTP/1.1\nHost: a\n\n") == 400);
  CHECK(refusal("GET / HTTP/1.1\r\nHost: a\r\n\n") == 0);
  CHECK(refusal("GET / HTTP/1.1\r\nHost: a\r\n\nGET") == 400);
}

TEST_CASE("one empty line before the request line is skipped, a second is refused") {
  CHECK(parse("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")->result.complete());
  CHECK(refusal("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
  CHECK(refusal("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
  CHECK(parse("\r\n")->result.incomplete());
}

TEST_CASE("what exceeds a limit is refused, also before it has ended") {
  const HeadLimits limits{
      .line_bytes_max = 20, .head_bytes_max = 100, .field_bytes_max = 30, .fields_max = 3};
  CHECK(refusal("GET /12345 HTTP/1.1\r\nHost: a\r\n\r\n", limits) == 0);
  CHECK(refusal("GET /1234567 HTTP/1.1\r\nHost: a\r\n\r\n", limits) == 414);
  CHECK(refusal("GET /" + std::string(40, 'a'), limits) == 414);
  CHECK(refusal("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(28, 'a') + "\r\n\r\n", limits) ==
        431);
  CHECK(refusal("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(27, 'a') + "\r\n\r\n", limits) ==
        0);
  CHECK(refusal("GET / HTTP/1.1\r\nHost: a\r\nB: \r\nC: \r\nD: \r\n\r\n", limits) == 431);
  CHECK(refusal("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(100, 'a'), limits) == 431);
  std::array<Field, 1> one;
  RequestHead head(one);
  CHECK(parse_request_head("GET / HTTP/1.1\r\nHost: a\r\nB: \r\n\r\n", 0, {}, head).http_status ==
        431);
}

TEST_CASE("the connection lives on as version and Connection say") {
  const auto keeps = [](std::string_view version, std::string_view connection) {
    const std::string bytes =
        "GET / " + std::string(version) + "\r\nHost: a\r\n" + std::string(connection) + "\r\n";
    return parse(bytes)->head.keep_alive;
  };
  CHECK(keeps("HTTP/1.1", ""));
  CHECK_FALSE(keeps("HTTP/1.1", "Connection: CLOSE\r\n"));
  CHECK_FALSE(keeps("HTTP/1.1", "Connection: keep-alive, close\r\n"));
  CHECK_FALSE(keeps("HTTP/1.1", "Connection: x\r\nConnection: close\r\n"));
  CHECK_FALSE(keeps("HTTP/1.0", ""));
  CHECK(keeps("HTTP/1.0", "Connection: Keep-Alive\r\n"));
  CHECK(refusal_of_lines("Connection: a b\r\n") == 400);
}

TEST_CASE("Expect and Upgrade are recognised where they count") {
  auto parsed =
      parse("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-Continue\r\n\r\n");
  CHECK(parsed->head.expect_continue);
  CHECK(refusal_of_lines("Expect: 200-ok\r\n") == 417);
  parsed = parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n");
  CHECK(parsed->head.upgrade_websocket);
  const char* const with_body =
      "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: Upgrade\r\n"
      "Upgrade: websocket\r\n\r\n";
  for (const char* other :
       {"GET / HTTP/1.0\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", with_body}) {
    parsed = parse(other);
    CHECK(parsed->result.complete());
    CHECK_FALSE(parsed->head.upgrade_websocket);
  }
}

TEST_CASE("a head that comes in two pieces, cut anywhere, reads the same") {
  const std::string bytes =
      "\r\nPOST /a?b HTTP/1.1\r\nHost: example.org\r\nContent-Length: 10\r\nX-Long: " +
      std::string(100, 'v') + "\r\n\r\n0123456789";
  const size_t head_size = bytes.size() - 10;
  for (size_t cut = 0; cut < head_size; ++cut) {
    // Exact blocks: a sanitizer sees a read outside them.
    const std::vector<char> first(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(cut));
    Parsed parsed;
    HeadResult result = parse_request_head({first.data(), cut}, 0, {}, parsed.head);
    REQUIRE_MESSAGE(result.incomplete(), cut);
    CHECK(result.bytes == cut);
    result = parse_request_head(bytes, result.bytes, {}, parsed.head);
    REQUIRE_MESSAGE(result.complete(), cut);
    CHECK(result.bytes == head_size);
    CHECK(parsed.head.framing.length == 10);
  }
}

TEST_CASE("an LF that was the last byte of one piece is refused with the next") {
  const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n\nX";
  Parsed parsed;
  const std::string_view all = bytes;
  HeadResult result = parse_request_head(all.substr(0, bytes.size() - 1), 0, {}, parsed.head);
  REQUIRE(result.incomplete());
  result = parse_request_head(all, result.bytes, {}, parsed.head);
  CHECK(result.malformed());
}

TEST_CASE("a head that comes byte by byte ends where it ends, and bare LF is seen at once") {
  for (const std::string bytes : {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\nX",
                                  "GET / HTTP/1.1\r\nHost: a\n\nX"}) {
    Parsed parsed;
    HeadResult result;
    size_t given = 0;
    while (result.incomplete() && given < bytes.size())
      result = parse_request_head({bytes.data(), ++given}, result.bytes, {}, parsed.head);
    CHECK_FALSE(result.incomplete());
    CHECK(result.complete() == bytes.contains("\r\n\r\n"));
    CHECK(given + 2 >= bytes.size());
  }
}

}  // namespace weir::wire
