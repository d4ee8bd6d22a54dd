#include "edge/rules/host_table.h"

#include <doctest/doctest.h>

namespace weir::edge {

TEST_CASE(
    "an exact name wins over a wildcard, a longer wildcard over a shorter one, and * is last") {
  HostTable table;
  REQUIRE(table.add("*", 0));
  REQUIRE(table.add("*.example.org", 1));
  REQUIRE(table.add("*.img.example.org", 2));
  REQUIRE(table.add("www.example.org", 3));
  CHECK(table.find("www.example.org") == 3u);
  CHECK(table.find("WWW.Example.ORG.") == 3u);
  CHECK(table.find("a.b.img.example.org") == 2u);
  CHECK(table.find("img.example.org") == 1u);
  CHECK(table.find("x.example.org") == 1u);
  CHECK(table.find("example.org") == 0u);
  CHECK(table.find("badexample.org") == 0u);
  CHECK(table.find("") == 0u);
  CHECK(table.find("[::1]") == 0u);
}

TEST_CASE("without * an unknown host has no site") {
  HostTable table;
  REQUIRE(table.add("a.test", 7));
  CHECK(table.find("a.test") == 7u);
  CHECK(!table.find("b.test"));
  CHECK(!table.find(std::string(300, 'a')));
  CHECK(!HostTable().find("a.test"));
}

TEST_CASE("a host is named once, and must be one") {
  HostTable table;
  REQUIRE(table.add("a.test", 0));
  CHECK(!table.add("A.test.", 1));
  for (const char* text : {"", "a b", "http://a", "a/b", "a:80", "*.", "a*b", "**"})
    CHECK_MESSAGE(!is_host_pattern(text), text);
}

TEST_CASE("many hosts are all found") {
  HostTable table(42);
  for (uint32_t i = 0; i < 500; ++i)
    REQUIRE(table.add("host" + std::to_string(i) + ".test", i));
  for (uint32_t i = 0; i < 500; ++i)
    CHECK(table.find("host" + std::to_string(i) + ".test") == i);
}

}  // namespace weir::edge
