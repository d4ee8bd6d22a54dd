#include "wire/http2_as_http1.h"

#include <array>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace weir::wire {
namespace {

using Lines = std::vector<std::pair<std::string, std::string>>;

Http2Block block_of(const Lines& fields) {
  Http2Block block;
  for (const auto& [name, value] : fields)
    block.add(name, value);
  return block;
}

struct Row {
  uint16_t status;
  Lines fields;
  RequestMethod method;
  bool last;
  std::string_view text;
  bool chunked;
};

// A head of HTTP/2, and what it becomes.
std::array<Row, 9> rows() {
  return {
      {{200,
        {{"x-a", "b"}},
        RequestMethod::get,
        false,
        "HTTP/1.1 200 OK\r\nx-a: b\r\nTransfer-Encoding: chunked\r\n\r\n",
        true},
       {200,
        {{"content-length", "5"}},
        RequestMethod::get,
        false,
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n",
        false},
       {200, {}, RequestMethod::get, true, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false},
       {200,
        {{"content-length", "5"}},
        RequestMethod::head,
        true,
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n",
        false},
       {204,
        {{"content-length", "0"}},
        RequestMethod::get,
        true,
        "HTTP/1.1 204 No Content\r\n\r\n",
        false},
       {304,
        {{"content-length", "5"}},
        RequestMethod::get,
        true,
        "HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n",
        false},
       {103,
        {{"link", "</a>"}, {"content-length", "5"}},
        RequestMethod::get,
        false,
        "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n",
        false},
       {200,
        {{"content-length", "5"}, {"content-type", "application/grpc+proto"}},
        RequestMethod::post,
        false,
        "HTTP/1.1 200 OK\r\ncontent-type: application/grpc+proto\r\n"
        "Transfer-Encoding: chunked\r\n\r\n",
        true},
       {200,
        {{"transfer-encoding", "gzip"}, {"connection", "x"}, {"te", "y"}},
        RequestMethod::get,
        true,
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        false}}};
}

}  // namespace

TEST_CASE("an answer is framed by its length, by chunks where there is none, and for gRPC always") {
  for (const Row& row : rows()) {
    Lines fields = row.fields;
    fields.insert(fields.begin(), {":status", std::to_string(row.status)});
    Buffer out;
    CHECK(append_http1_answer(out, row.status, block_of(fields), row.method, row.last) ==
          row.chunked);
    CHECK(out.view() == row.text);
  }
}

TEST_CASE("a request becomes one of HTTP/2, pseudo-header fields first") {
  std::array<Field, 20> storage;
  RequestHead head{std::span<Field>(storage)};
  const std::string_view text =
      "PUT /a?b=c HTTP/1.1\r\nHost: a.test:81\r\nContent-Length: 3\r\nConnection: TE\r\n"
      "TE: trailers\r\nKeep-Alive: 5\r\nX-A: B\r\n\r\n";
  REQUIRE(parse_request_head(text, 0, HeadLimits(), head).complete());
  std::array<Field, 24> out;
  const size_t count = write_http2_request(head, Scheme::https, out);
  const Lines expected{{":method", "PUT"},  {":scheme", "https"},    {":authority", "a.test:81"},
                       {":path", "/a?b=c"}, {"Content-Length", "3"}, {"X-A", "B"},
                       {"te", "trailers"}};
  REQUIRE(count == expected.size());
  for (size_t i = 0; i < count; ++i) {
    CHECK(out[i].name == expected[i].first);
    CHECK(out[i].value == expected[i].second);
  }
}

TEST_CASE("trailers end the chunks, and more than are taken are refused") {
  Buffer out;
  CHECK(append_http1_trailers(out, block_of({{"grpc-status", "0"}})));
  CHECK(out.view() == "0\r\ngrpc-status: 0\r\n\r\n");
  CHECK_FALSE(append_http1_trailers(out, block_of(Lines(33, {"a", "b"}))));
}

}  // namespace weir::wire
