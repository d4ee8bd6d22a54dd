#include "edge/rules/invalidation.h"

#include <doctest/doctest.h>

#include "edge/rules/head_test_kit.h"

namespace weir::edge {
namespace {

using wire::RequestMethod;

TargetUrl url(std::string_view text) {
  const auto parsed = wire::parse_url(text);
  REQUIRE(parsed);
  return {parsed->scheme, parsed->authority, parsed->path, parsed->query, parsed->has_query};
}

// The path and query that `reference` leads to from http://a.test/dir/page?q, or "other".
std::string resolved(std::string_view reference) {
  Buffer scratch;
  const auto target = resolve_same_origin(url("http://a.test/dir/page?q"), reference, scratch);
  if (!target) return "other";
  std::string out(target->path);
  if (target->has_query) out += "?" + std::string(target->query);
  return out;
}

}  // namespace

TEST_CASE("answers without error to unsafe methods make stored ones void (RFC 9111 4.4)") {
  for (const RequestMethod method :
       {RequestMethod::post, RequestMethod::put, RequestMethod::delete_, RequestMethod::patch,
        RequestMethod::other}) {
    for (const uint16_t status : std::initializer_list<uint16_t>{200, 201, 204, 299, 301, 303, 399})
      CHECK(invalidates(method, status));
    for (const uint16_t status : std::initializer_list<uint16_t>{100, 400, 404, 500, 599, 999})
      CHECK(!invalidates(method, status));
  }
  for (const RequestMethod method :
       {RequestMethod::get, RequestMethod::head, RequestMethod::options, RequestMethod::trace})
    CHECK(!invalidates(method, 200));
}

TEST_CASE("references are resolved as RFC 3986 5.2 has it") {
  CHECK(resolved("/x") == "/x");
  CHECK(resolved("/x?y=1") == "/x?y=1");
  CHECK(resolved("x") == "/dir/x");
  CHECK(resolved("x/y") == "/dir/x/y");
  CHECK(resolved("./x") == "/dir/x");
  CHECK(resolved("../x") == "/x");
  CHECK(resolved("../../../x") == "/x");
  CHECK(resolved("..") == "/");
  CHECK(resolved(".") == "/dir/");
  CHECK(resolved("x/..") == "/dir/");
  CHECK(resolved("/a/b/../c/./d") == "/a/c/d");
  CHECK(resolved("") == "/dir/page?q");
  CHECK(resolved("#x") == "/dir/page?q");
  CHECK(resolved("?z") == "/dir/page?z");
  CHECK(resolved("x#y?z") == "/dir/x");
  CHECK(resolved("http://a.test/x?y") == "/x?y");
  CHECK(resolved("http://A.TEST:80") == "/");
  CHECK(resolved("http://a.test?y") == "/?y");
  CHECK(resolved("//a.test/x") == "/x");
  CHECK(resolved("x:y/../z") == "other");
  CHECK(resolved("./x:y") == "/dir/x:y");
  CHECK(resolved("x?http://b.test/") == "/dir/x?http://b.test/");
}

TEST_CASE("what names the request's own URL names its own key, dots and all") {
  Buffer scratch;
  const TargetUrl odd = url("http://a.test/x/../y?q");
  CHECK(same_url(*resolve_same_origin(odd, "", scratch), odd));
  CHECK(resolve_same_origin(odd, "?z", scratch)->path == "/x/../y");
  CHECK(resolve_same_origin(odd, "/x/../y?q", scratch)->path == "/y");
}

TEST_CASE("what another origin is told apart by is left alone") {
  for (const char* other :
       {"http://b.test/x", "https://a.test/x", "http://a.test:81/x", "//b.test/x",
        "//a.test:8080/x", "mailto:x", "http://", "http:///x", "//", "ftp://a.test/"})
    CHECK_MESSAGE(resolved(other) == "other", other);
}

TEST_CASE("URLs are the same when all their parts are") {
  CHECK(same_url(url("http://a.test/x?y"), url("http://A.test:80/x?y")));
  CHECK(!same_url(url("http://a.test/x?y"), url("http://a.test/x")));
  CHECK(!same_url(url("http://a.test/x?"), url("http://a.test/x")));
  CHECK(!same_url(url("http://a.test/x"), url("http://a.test/X")));
  CHECK(!same_url(url("http://a.test/x"), url("https://a.test/x")));
  CHECK(!same_url(url("http://a.test/x"), url("http://a.test:81/x")));
}

TEST_CASE("the target of a request has the connection's scheme unless it names one") {
  std::array<wire::Field, 4> storage;
  wire::RequestHead head(storage);
  REQUIRE(wire::parse_request_head("GET /x?y HTTP/1.1\r\nHost: a.test:81\r\n\r\n", 0, {}, head)
              .complete());
  CHECK(same_url(target_of(head, wire::Scheme::https), url("https://a.test:81/x?y")));
  wire::RequestHead absolute(storage);
  REQUIRE(wire::parse_request_head("GET http://a.test/x HTTP/1.1\r\nHost: a.test\r\n\r\n", 0, {},
                                   absolute)
              .complete());
  CHECK(same_url(target_of(absolute, wire::Scheme::https), url("http://a.test/x")));
}

}  // namespace weir::edge
