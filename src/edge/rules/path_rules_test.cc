#include "edge/rules/path_rules.h"

#include <doctest/doctest.h>

namespace weir::edge {
namespace {

std::string target(const PathRule& rule, std::string_view path, std::string_view query = "") {
  Buffer out;
  append_target(out, rule, path, query);
  return std::string(out.view());
}

}  // namespace

TEST_CASE("the longest prefix wins, by whole segments") {
  const PathRules rules({{"/old", "/new"}, {"/old/deep", "/deeper"}, {"/api/", "/v1/"}});
  CHECK(rules.find("/old")->to == "/new");
  CHECK(rules.find("/old/x")->to == "/new");
  CHECK(rules.find("/old/deep/x")->to == "/deeper");
  CHECK(rules.find("/older") == nullptr);
  CHECK(rules.find("/api/x")->to == "/v1/");
  CHECK(rules.find("/api") == nullptr);
  CHECK(rules.find("/") == nullptr);
}

TEST_CASE("the rest of the path and the query go along") {
  CHECK(target({"/old", "/new"}, "/old") == "/new");
  CHECK(target({"/old", "/new"}, "/old/x/y", "q=1") == "/new/x/y?q=1");
  CHECK(target({"/api/", "/v1/"}, "/api/x") == "/v1/x");
  CHECK(target({"/api/", "/v1"}, "/api/x") == "/v1/x");
  CHECK(target({"/api", "/v1/"}, "/api/x") == "/v1/x");
  CHECK(target({"/", "https://example.org/"}, "/a/b", "c") == "https://example.org/a/b?c");
  CHECK(target({"/", "https://example.org"}, "/a") == "https://example.org/a");
  CHECK(target({"/s", "/find?kind=all"}, "/s", "q=1") == "/find?kind=all");
}

TEST_CASE("no path leads to another host than the rule names") {
  CHECK(target({"/old", "/"}, "/old//evil.example/x") == "/evil.example/x");
  CHECK(target({"/old/", "/"}, "/old///evil.example") == "/evil.example");
  CHECK(target({"/", "/"}, "//evil.example") == "/evil.example");
  CHECK(target({"/old", "/"}, "/old/\\evil.example") == "/evil.example");
  CHECK(target({"/old", "/"}, "/old/") == "/");
  CHECK(target({"/old", "/new/"}, "/old//x") == "/new//x");
  CHECK(target({"/old", "https://example.org"}, "/old//x") == "https://example.org//x");
  CHECK(target({"/", "https://example.org"}, "/.evil.example") ==
        "https://example.org/.evil.example");
}

}  // namespace weir::edge
