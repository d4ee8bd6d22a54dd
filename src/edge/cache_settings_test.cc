#include "edge/cache_settings.h"

#include <doctest/doctest.h>

#include "settings/load.h"

namespace weir::edge {
namespace {

EdgeCacheSettings all() {
  return settings::defaults(edge_cache_settings());
}

SiteCacheSettings site() {
  return settings::defaults(site_cache_settings());
}

}  // namespace

TEST_CASE("a bare edge gives nothing a lifetime that the origin does not name") {
  const CachePolicy policy = compile_cache(all(), site());
  CHECK(policy.default_ttl == Duration(0));
  CHECK(policy.heuristic_percent == 10);
  CHECK(!policy.lifetime_rule_for("/x", 200));
}

TEST_CASE("what a site says wins, and the rest is as for all") {
  EdgeCacheSettings settings = all();
  settings.default_ttl = minutes(5);
  settings.stale_if_error = hours(1);
  SiteCacheSettings own = site();
  own.default_ttl = seconds(7);
  const CachePolicy policy = compile_cache(settings, own);
  CHECK(policy.default_ttl == seconds(7));
  CHECK(policy.stale_if_error == hours(1));
}

TEST_CASE("the rules of a site are looked at before those for all") {
  EdgeCacheSettings settings = all();
  settings.lifetimes = {{"*", "200-299", hours(1)}};
  SiteCacheSettings own = site();
  own.lifetimes = {{"/short/*", "200", seconds(3)}};
  const CachePolicy policy = compile_cache(settings, own);
  CHECK(policy.lifetime_rule_for("/short/x", 200)->ttl == seconds(3));
  CHECK(policy.lifetime_rule_for("/short/x", 204)->ttl == hours(1));
  CHECK(!policy.lifetime_rule_for("/x", 404));
}

TEST_CASE("bypass by cookie and header adds up, with or without a value") {
  EdgeCacheSettings settings = all();
  settings.bypass_cookies = {"session"};
  SiteCacheSettings own = site();
  own.bypass_headers = {"x-preview=yes"};
  const CachePolicy policy = compile_cache(settings, own);
  REQUIRE(policy.bypass.size() == 2);
  CHECK(policy.bypass[0].name == "x-preview");
  CHECK(policy.bypass[0].value == "yes");
  CHECK(policy.bypass[1].name == "session");
}

}  // namespace weir::edge
