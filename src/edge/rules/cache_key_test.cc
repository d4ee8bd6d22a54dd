#include "edge/rules/cache_key.h"

#include <doctest/doctest.h>

namespace weir::edge {
namespace {

using Keep = QueryRule::Keep;

std::string key(std::string_view text, const QueryRule& rule = {}) {
  const auto parsed = wire::parse_url(text);
  REQUIRE(parsed);
  Buffer out;
  REQUIRE(append_cache_key(
      out, {parsed->scheme, parsed->authority, parsed->path, parsed->query, parsed->has_query},
      rule));
  return std::string(out.view());
}

std::string kept(std::string_view query, const QueryRule& rule) {
  Buffer out;
  append_kept_query(out, query, rule);
  return std::string(out.view());
}

}  // namespace

TEST_CASE("the key is the URL with its host in lower case and without the scheme's own port") {
  CHECK(key("http://A.Test/x?y=1") == "http://a.test/x?y=1");
  CHECK(key("http://a.test:80/x") == "http://a.test/x");
  CHECK(key("https://a.test:443/x") == "https://a.test/x");
  CHECK(key("https://a.test:80/x") == "https://a.test:80/x");
  CHECK(key("http://[2001:DB8::1]:8080/") == "http://[2001:db8::1]:8080/");
}

TEST_CASE("what an origin may tell apart has keys apart") {
  const char* urls[] = {
      "http://a.test/",          "https://a.test/",          "http://b.test/",
      "http://a.test:81/",       "http://a.test./",          "http://a.test/x",
      "http://a.test/X",         "http://a.test/x/",         "http://a.test//x",
      "http://a.test/./x",       "http://a.test/%78",        "http://a.test/%2f",
      "http://a.test/%2F",       "http://a.test/x?",         "http://a.test/x?a=1&b=2",
      "http://a.test/x?b=2&a=1", "http://a.test/x?a=1&&b=2", "http://a.test/x?a=1&b"};
  for (const char* a : urls)
    for (const char* b : urls)
      CHECK((key(a) == key(b)) == (std::string_view(a) == b));
}

TEST_CASE("a rule keeps all of the query, none, only some parameters or all but some") {
  const std::string_view query = "b=2&utm_source=x&a=1&utm_medium=y&a=0";
  CHECK(kept(query, {}) == query);
  CHECK(kept(query, {.keep = Keep::none}).empty());
  CHECK(kept(query, {.keep = Keep::only, .names = {"a"}}) == "a=1&a=0");
  CHECK(kept(query, {.keep = Keep::except, .names = {"utm_*"}}) == "b=2&a=1&a=0");
  CHECK(kept(query, {.keep = Keep::except, .names = {"utm_*", "a"}}) == "b=2");
  CHECK(kept(query, {.sorted = true}) == "a=1&a=0&b=2&utm_medium=y&utm_source=x");
  CHECK(kept(query, {.keep = Keep::only, .names = {"b", "a"}, .sorted = true}) == "a=1&a=0&b=2");
  CHECK(kept("a&a=&&", {.keep = Keep::only, .names = {"a"}}) == "a&a=");
  CHECK(key("http://a.test/x?utm_source=1", {.keep = Keep::except, .names = {"utm_*"}}) ==
        "http://a.test/x");
  CHECK(key("http://a.test/x?y", {.keep = Keep::none}) == "http://a.test/x");
}

TEST_CASE("a name is known in whatever way it is escaped, as an origin would know it") {
  const QueryRule only{.keep = Keep::only, .names = {"id", "a b"}};
  CHECK(kept("i%64=5&%69%44=6&i%6=7&id%=8", only) == "i%64=5");
  CHECK(kept("a+b=1&a%20b=2&a%2Bb=3", only) == "a+b=1&a%20b=2");
  CHECK(kept("%75tm_x=1&b=2", {.keep = Keep::except, .names = {"utm_*"}}) == "b=2");
}

TEST_CASE("sorting keeps the order of parameters with one name, and gives up when there are many") {
  CHECK(kept("b=1&a=2&b=0&a=1", {.sorted = true}) == "a=2&a=1&b=1&b=0");
  std::string many;
  for (int i = 200; i > 0; --i)
    many += "p" + std::to_string(i) + "=1&";
  many.pop_back();
  CHECK(kept(many, {.sorted = true}) == many);
}

TEST_CASE("the size of a key is bounded") {
  Buffer out;
  out.append("kept");
  const std::string path = "/" + std::string(cache_key_bytes_max, 'x');
  CHECK(!append_cache_key(out, {.host = *wire::parse_authority("a"), .path = path}, {}));
  CHECK(out.view() == "kept");
}

TEST_CASE("GET and HEAD share what is stored") {
  CHECK(looks_up(wire::RequestMethod::get));
  CHECK(looks_up(wire::RequestMethod::head));
  CHECK(!looks_up(wire::RequestMethod::post));
  CHECK(!looks_up(wire::RequestMethod::other));
}

}  // namespace weir::edge
