#include "edge/rules/cache_status.h"

#include <doctest/doctest.h>

#include "edge/rules/head_test_kit.h"
#include "edge/rules/structured_dictionary.h"

namespace weir::edge {
namespace {

std::string line(const CacheStatus& status, std::string_view name = "weir") {
  Buffer out;
  append_cache_status(out, name, status);
  return std::string(out.view());
}

}  // namespace

TEST_CASE("a hit and every way of forwarding are said as RFC 9211 has it") {
  CHECK(line({.hit = true, .ttl_s = 376}) == "Cache-Status: weir; hit; ttl=376\r\n");
  CHECK(line({.hit = true, .ttl_s = -412}) == "Cache-Status: weir; hit; ttl=-412\r\n");
  CHECK(line({.forward = Forward::uri_miss, .stored = true}) ==
        "Cache-Status: weir; fwd=uri-miss; stored\r\n");
  CHECK(line({.forward = Forward::stale, .forward_status = 304, .ttl_s = 60, .collapsed = true}) ==
        "Cache-Status: weir; fwd=stale; fwd-status=304; ttl=60; collapsed\r\n");
  CHECK(line({.forward = Forward::uri_miss, .detail = "no-store"}) ==
        "Cache-Status: weir; fwd=uri-miss; detail=no-store\r\n");
  CHECK(line({.hit = true, .key = "http://a/\"x\\"}) ==
        "Cache-Status: weir; hit; key=\"http://a/\\\"x\\\\\"\r\n");
  CHECK(line({.hit = true}, "my cache") == "Cache-Status: \"my cache\"; hit\r\n");
  CHECK(line({.hit = true}, "1") == "Cache-Status: \"1\"; hit\r\n");
  CHECK(line({.hit = true, .detail = "\xff\n"}) == "Cache-Status: weir; hit; detail=\"??\"\r\n");
  CHECK(line({.hit = true, .ttl_s = INT64_MIN}) ==
        "Cache-Status: weir; hit; ttl=-9223372036854775808\r\n");
}

TEST_CASE("the reasons to forward are the registered ones") {
  const char* names[] = {"",     "bypass",  "method", "uri-miss", "vary-miss",
                         "miss", "request", "stale",  "partial"};
  for (size_t i = 0; i < std::size(names); ++i)
    CHECK(to_string(static_cast<Forward>(i)) == names[i]);
}

TEST_CASE("whatever stands in a member, it can be parsed again") {
  for (const char* text : {"x", "a b", "\"", "\\", "=;,", "\xc3\xbc", "\x7f", "*"}) {
    const std::string written = line({.hit = true, .key = text, .detail = text}, "weir");
    const std::string value = written.substr(14, written.size() - 16);
    DictionaryReader reader(value);
    DictionaryMember member;
    CHECK_MESSAGE(reader.next(member), text);
    CHECK_MESSAGE(!reader.next(member), text);
    CHECK_MESSAGE(!reader.failed(), text);
  }
}

}  // namespace weir::edge
