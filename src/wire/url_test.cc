#include "wire/url.h"

#include <string>

#include <doctest/doctest.h>

namespace weir::wire {
namespace {

// "!" when it is refused.
std::string normal(std::string_view path) {
  Buffer out;
  out.append("kept");
  if (!normalise_path(path, out)) return "!";
  CHECK(out.view().starts_with("kept"));
  return std::string(out.view().substr(4));
}

}  // namespace

TEST_CASE("URLs fall into their parts") {
  const auto url = parse_url("HTTPS://[::1]:8443/a/b?c=d");
  REQUIRE(url);
  CHECK(url->scheme == Scheme::https);
  CHECK(url->authority.host == "[::1]");
  CHECK(url->authority.address() == "::1");
  CHECK(url->authority.is_ipv6());
  CHECK(url->port() == 8443);
  CHECK(url->path == "/a/b");
  CHECK(url->query == "c=d");
  const auto bare = parse_url("http://example.org");
  REQUIRE(bare);
  CHECK(bare->port() == 80);
  CHECK(bare->path.empty());
  CHECK_FALSE(bare->has_query);
  CHECK(parse_url("https://a?q")->port() == 443);
  CHECK(parse_url("https://a?q")->query == "q");
}

TEST_CASE("what is not an http URL is refused with a reason") {
  for (const char* text : {"", "http", "http:", "http:/a", "http://", "http:///x", "ftp://a", "//a",
                           "http://a b", "http://a:b", "http://a:0", "http://a#f", "http://u@a",
                           "http://[::1", "http://a\\b", "http://%61", "http://a:1:1", "a:80"}) {
    const auto url = parse_url(text);
    CHECK_MESSAGE(!url, text);
    if (!url) CHECK(std::string_view(url.error().text).size() > 5);
  }
}

TEST_CASE("a path has one normal form") {
  const char* rows[][2] = {
      {"/", "/"},
      {"/a/b", "/a/b"},
      {"/a/./b", "/a/b"},
      {"/a/../b", "/b"},
      {"/..", "/"},
      {"/../../a", "/a"},
      {"/a/..", "/"},
      {"/a/.", "/a/"},
      {"/.", "/"},
      {"/a/b/..", "/a/"},
      {"/a//b", "/a//b"},
      {"/a//../b", "/a/b"},
      {"/%7euser", "/~user"},
      {"/%41%2f%3a", "/A%2F%3A"},
      {"/%2e%2E/a", "/a"},
      {"/a/%2e", "/a/"},
      {"/...", "/..."},
      {"/.a/..b", "/.a/..b"},
      {"/a%20b", "/a%20b"},
      {"/%c3%A4", "/%C3%A4"},
      {"/a%2F..%2Fb", "/a%2F..%2Fb"},
  };
  for (const auto& row : rows) {
    CHECK_MESSAGE(normal(row[0]) == row[1], row[0]);
    CHECK_MESSAGE(normal(row[1]) == row[1], row[1]);
  }
}

TEST_CASE("paths with broken escapes or hidden control bytes are refused") {
  for (const char* path :
       {"", "a", "*", "/%", "/%1", "/%zz", "/%0", "/%00", "/%0d%0a", "/%7f", "/%1f"})
    CHECK_MESSAGE(normal(path) == "!", path);
}

TEST_CASE("percent-decoding gives the bytes") {
  Buffer out;
  CHECK(percent_decode("a%20b%00%fF", out));
  CHECK(out.view() == std::string_view("a b\0\xff", 5));
  CHECK_FALSE(percent_decode("%4", out));
}

}  // namespace weir::wire
