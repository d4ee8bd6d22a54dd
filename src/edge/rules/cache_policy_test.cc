#include "edge/rules/cache_policy.h"

#include <doctest/doctest.h>

#include "edge/rules/head_test_kit.h"

namespace weir::edge {
namespace {

bool bypassed(BypassRule rule, std::string_view request) {
  return CachePolicy{.bypass = {std::move(rule)}}.bypasses(TestFields(request));
}

constexpr auto cookie = BypassRule::Where::cookie;
constexpr auto field = BypassRule::Where::field;

}  // namespace

TEST_CASE("a path pattern has at most one star") {
  struct Row {
    const char *pattern, *path;
    bool matches;
  };
  for (const Row& row : {
           Row{"*", "/", true},
           Row{"/img/*", "/img/a", true},
           Row{"/img/*", "/img/", true},
           Row{"/img/*", "/img", false},
           Row{"*.jpg", "/a/b.jpg", true},
           Row{"*.jpg", "/a.jpg/x", false},
           Row{"/img/*.jpg", "/img/a.jpg", true},
           Row{"/img/*.jpg", "/a.jpg", false},
           Row{"/aa*aa", "/aaa", false},
           Row{"/aa*aa", "/aaaa", true},
           Row{"/exact", "/exact", true},
           Row{"/exact", "/exact/x", false},
       }) {
    const auto pattern = parse_path_pattern(row.pattern);
    REQUIRE(pattern);
    CHECK_MESSAGE(pattern->matches(row.path) == row.matches, row.pattern << " " << row.path);
  }
  for (const char* wrong : {"", "img/*", "/a*b*", "**", "x"})
    CHECK_MESSAGE(!parse_path_pattern(wrong), wrong);
}

TEST_CASE("requests with a cookie or a field are left alone") {
  CHECK(bypassed({cookie, "session", ""}, "Cookie: a=b; session=x"));
  CHECK(bypassed({cookie, "session", ""}, "Cookie: a=b\nCookie: session"));
  CHECK(!bypassed({cookie, "session", ""}, "Cookie: a=session; xsession=1; Session=2"));
  CHECK(bypassed({cookie, "wordpress_*", ""}, "Cookie: wordpress_abc=1"));
  CHECK(!bypassed({cookie, "wordpress_*", ""}, "Cookie: wordpress=1"));
  CHECK(bypassed({cookie, "a", "1"}, "Cookie: a=1"));
  CHECK(!bypassed({cookie, "a", "1"}, "Cookie: a=11; b=1"));
  CHECK(bypassed({field, "X-Preview", ""}, "x-preview: 1"));
  CHECK(bypassed({field, "x-pre*", ""}, "X-Preview: 1"));
  CHECK(!bypassed({field, "X-Preview", "2"}, "X-Preview: 1"));
  CHECK(!bypassed({field, "X-Preview", ""}, "Cookie: X-Preview=1"));
  CHECK(!CachePolicy().bypasses(TestFields("Cookie: a=b")));
}

TEST_CASE("the first rule that fits counts") {
  CachePolicy policy;
  policy.lifetimes = {{.path = *parse_path_pattern("/a/*"), .ttl = seconds(1)},
                      {.path = *parse_path_pattern("*"), .ttl = seconds(2)},
                      {.path = {}, .status_first = 404, .status_last = 410, .ttl = seconds(3)}};
  policy.keys = {{.path = *parse_path_pattern("/a/*"), .query = {.sorted = true}}};
  CHECK(policy.lifetime_rule_for("/a/b", 200)->ttl == seconds(1));
  CHECK(policy.lifetime_rule_for("/b", 299)->ttl == seconds(2));
  CHECK(policy.lifetime_rule_for("/a/b", 404)->ttl == seconds(3));
  CHECK(!policy.lifetime_rule_for("/a/b", 500));
  CHECK(policy.query_rule_for("/a/b").sorted);
  CHECK(!policy.query_rule_for("/b").rewrites());
}

}  // namespace weir::edge
