#include "wire/http1_write.h"

#include <array>
#include <string>

#include <doctest/doctest.h>

#include "wire/http1_response.h"

namespace weir::wire {

TEST_CASE("a written head reads back as it was meant") {
  Buffer out;
  append_status_line(out, 200);
  append_field(out, "Server", "weir");
  append_content_length(out, 12345678901u);
  append_field(out, "X-Empty", "");
  end_head(out);
  CHECK(out.view() ==
        "HTTP/1.1 200 OK\r\nServer: weir\r\nContent-Length: 12345678901\r\nX-Empty: \r\n\r\n");
  std::array<Field, 4> storage;
  ResponseHead head(storage);
  CHECK(parse_response_head(out.view(), 0, {}, RequestMethod::get, head).bytes == out.size());
  CHECK(head.framing.length == 12345678901u);
  out.clear();
  append_request_line(out, "GET", "/a?b");
  CHECK(out.view() == "GET /a?b HTTP/1.1\r\n");
}

TEST_CASE("status lines carry the usual reason, a given one, or none") {
  const auto line = [](uint16_t status, std::string_view reason = {}) {
    Buffer out;
    append_status_line(out, status, reason);
    return std::string(out.view());
  };
  CHECK(line(404) == "HTTP/1.1 404 Not Found\r\n");
  CHECK(line(404, "Gone Fishing") == "HTTP/1.1 404 Gone Fishing\r\n");
  CHECK(line(299) == "HTTP/1.1 299 \r\n");
  CHECK(line(999) == "HTTP/1.1 999 \r\n");
  CHECK(reason_phrase(503) == "Service Unavailable");
  CHECK(reason_phrase(511) == "Network Authentication Required");
  CHECK(reason_phrase(299).empty());
  CHECK(reason_phrase(99).empty());
  CHECK(reason_phrase(512).empty());
}

TEST_CASE("hop-by-hop fields are those of the RFC and those that Connection lists") {
  std::array<Field, 16> storage;
  Fields fields(storage);
  fields.push("Connection", "close, X-Own , via");
  fields.push("connection", "x-other,content-length,Host");
  const HopByHop hop(fields);
  const auto is_hop = [&](std::string_view name) { return hop({name, "", known_field(name)}); };
  for (const char* name : {"Connection", "keep-alive", "TE", "Transfer-Encoding", "Upgrade",
                           "Proxy-Connection", "Proxy-Authorization", "x-own", "X-OTHER", "Via"})
    CHECK_MESSAGE(is_hop(name), name);
  for (const char* name : {"Host", "Content-Length", "X-Else", "Trailer", "close2", "Server"})
    CHECK_MESSAGE(!is_hop(name), name);
}

TEST_CASE("without Connection, unknown fields are forwarded") {
  std::array<Field, 2> storage;
  Fields fields(storage);
  fields.push("X-Own", "1");
  CHECK_FALSE(HopByHop(fields)(fields[0]));
}

TEST_CASE("values with line ends or outer whitespace are no field values") {
  CHECK(is_field_value(""));
  CHECK(is_field_value("a b\t\xff"));
  CHECK_FALSE(is_field_value(" a"));
  CHECK_FALSE(is_field_value("a\r\nb"));
  CHECK_FALSE(is_field_value(std::string_view("a\0", 2)));
}

}  // namespace weir::wire
