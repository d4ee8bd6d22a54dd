#include "edge/rules/cors.h"

#include <array>

#include <doctest/doctest.h>

namespace weir::edge {
namespace {

std::string fields(const CorsPolicy& policy, std::string_view origin) {
  Buffer out;
  append_cors_fields(out, policy, origin);
  return std::string(out.view());
}

std::string preflight(const CorsPolicy& policy, std::string_view text) {
  std::array<wire::Field, 16> storage;
  wire::RequestHead head(storage);
  REQUIRE(wire::parse_request_head(text, 0, {}, head).complete());
  REQUIRE(is_preflight(head));
  Buffer out;
  append_preflight_fields(out, policy, head);
  return std::string(out.view());
}

}  // namespace

TEST_CASE("a public site says * and does not vary") {
  CHECK(fields({.allow_origins = {"*"}}, "https://a.test") == "Access-Control-Allow-Origin: *\r\n");
}

TEST_CASE("a listed origin is named, another is not, and both answers vary") {
  const CorsPolicy policy{.allow_origins = {"https://a.test"}, .expose_headers = {"ETag", "X-Id"}};
  CHECK(fields(policy, "https://a.test") ==
        "Vary: Origin\r\nAccess-Control-Allow-Origin: https://a.test\r\n"
        "Access-Control-Expose-Headers: ETag, X-Id\r\n");
  CHECK(fields(policy, "https://evil.test") == "Vary: Origin\r\n");
  CHECK(fields(policy, "") == "Vary: Origin\r\n");
}

TEST_CASE("with credentials * is never sent") {
  const CorsPolicy policy{.allow_origins = {"*"}, .allow_credentials = true};
  CHECK(fields(policy, "https://a.test") ==
        "Vary: Origin\r\nAccess-Control-Allow-Origin: https://a.test\r\n"
        "Access-Control-Allow-Credentials: true\r\n");
}

TEST_CASE("a preflight is told the methods, the headers and how long that holds") {
  const CorsPolicy policy{.allow_origins = {"*"},
                          .allow_methods = {"GET", "PUT"},
                          .allow_headers = {"*"},
                          .max_age = minutes(10)};
  const std::string head =
      "OPTIONS / HTTP/1.1\r\nHost: a\r\nOrigin: https://x.test\r\n"
      "Access-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: x-own\r\n\r\n";
  CHECK(preflight(policy, head) ==
        "Access-Control-Allow-Methods: GET, PUT\r\nAccess-Control-Allow-Headers: x-own\r\n"
        "Access-Control-Max-Age: 600\r\n");
  CHECK(preflight({.allow_origins = {"https://other.test"}}, head).empty());
}

TEST_CASE("every field that a policy writes is known as one, and there are others of CORS") {
  const CorsPolicy policy{.allow_origins = {"https://x.test"},
                          .allow_methods = {"PUT"},
                          .allow_headers = {"x-own"},
                          .expose_headers = {"ETag"},
                          .allow_credentials = true,
                          .max_age = minutes(10)};
  const std::string lines = fields(policy, "https://x.test") +
                            preflight(policy,
                                      "OPTIONS / HTTP/1.1\r\nHost: a\r\nOrigin: https://x.test\r\n"
                                      "Access-Control-Request-Method: PUT\r\n\r\n");
  size_t written = 0;
  for (size_t at = 0; at < lines.size(); at = lines.find("\r\n", at) + 2) {
    const std::string name = lines.substr(at, lines.find(':', at) - at);
    CAPTURE(name);
    CHECK(is_cors_field(name) == (name != "Vary"));
    CHECK(is_written_by_cors(name) == (name != "Vary"));
    written += is_written_by_cors(name) ? 1 : 0;
  }
  CHECK(written == 6);
  CHECK(is_cors_field("access-control-allow-private-network"));
  CHECK(!is_written_by_cors("access-control-allow-private-network"));
  CHECK(!is_cors_field("Access-Control"));
}

}  // namespace weir::edge
