#include "edge/rules/reuse.h"

#include <doctest/doctest.h>

#include "edge/rules/head_test_kit.h"

namespace weir::edge {
namespace {

StoredFreshness stored(std::string_view control, int age_s = 0) {
  const TestFields fields("Cache-Control: " + std::string(control) +
                          "\nAge: " + std::to_string(age_s));
  const ResponseDirectives directives = response_directives(fields);
  const DeltaSeconds named =
      directives.s_maxage.present() ? directives.s_maxage : directives.max_age;
  CachePolicy policy;
  policy.stale_if_error = Duration::zero();
  return stored_freshness(fields, directives, {named.value(), LifetimeSource::max_age}, test_times,
                          policy);
}

RequestDirectives asking(std::string_view control) {
  return control.empty() ? RequestDirectives()
                         : request_directives(TestFields("Cache-Control: " + std::string(control)));
}

struct Row {
  const char* answer;
  int age_s;
  const char* request;
  Use use;
  Forward forward;
};

void check(const Row& row) {
  CAPTURE(row.answer);
  CAPTURE(row.age_s);
  CAPTURE(row.request);
  const ReuseDecision decision =
      may_reuse(stored(row.answer, row.age_s), asking(row.request), {}, test_now);
  CHECK(decision.use == row.use);
  CHECK(decision.forward == row.forward);
  CHECK(decision.age == seconds(row.age_s));
}

}  // namespace

TEST_CASE("who waits gets what another one fetched only if it was usable when it was asked for") {
  struct Shared {
    const char* answer;
    int age_s;
    bool now, ever;
  };
  for (const Shared& row : {
           Shared{"max-age=10", 0, true, true},
           Shared{"max-age=10", 9, true, true},
           Shared{"max-age=10", 50, false, true},
           Shared{"max-age=10, no-cache", 0, false, false},
           Shared{"no-cache, stale-while-revalidate=60", 0, false, false},
           Shared{"max-age=0", 0, false, false},
           Shared{"max-age=0, stale-while-revalidate=60", 0, true, true},
           Shared{"max-age=0, stale-if-error=60", 0, false, false},
       }) {
    CAPTURE(row.answer);
    const StoredFreshness freshness = stored(row.answer, row.age_s);
    CHECK(may_collapse(freshness, test_times.requested) == row.now);
    CHECK(may_ever_collapse(freshness) == row.ever);
  }
}

TEST_CASE("an origin that takes longer than its answer lives is asked once for all who wait") {
  FetchTimes slow = test_times;
  slow.requested = slow.responded - seconds(30);
  const TestFields fields("Cache-Control: max-age=10");
  const StoredFreshness freshness =
      stored_freshness(fields, response_directives(fields), {seconds(10), LifetimeSource::max_age},
                       slow, CachePolicy());
  CHECK(!freshness.fresh(slow.responded));
  CHECK(may_collapse(freshness, slow.requested));
}

TEST_CASE("fresh is used, stale is validated, no-cache is validated always (RFC 9111 4)") {
  for (const Row& row : {
           Row{"max-age=10", 0, "", Use::fresh, Forward::none},
           Row{"max-age=10", 9, "", Use::fresh, Forward::none},
           Row{"max-age=10", 10, "", Use::validate, Forward::stale},
           Row{"max-age=10, no-cache", 0, "", Use::validate, Forward::stale},
           Row{"max-age=10, no-cache, stale-while-revalidate=99", 0, "", Use::validate,
               Forward::stale},
           Row{"max-age=0", 0, "", Use::validate, Forward::stale},
       })
    check(row);
}

TEST_CASE("a request may want it fresher than it is (RFC 9111 5.2.1)") {
  for (const Row& row : {
           Row{"max-age=3600", 0, "no-cache", Use::validate, Forward::request},
           Row{"max-age=3600", 1, "max-age=0", Use::validate, Forward::request},
           Row{"max-age=3600", 600, "max-age=600", Use::fresh, Forward::none},
           Row{"max-age=3600", 1800, "max-age=600", Use::validate, Forward::request},
           Row{"max-age=1500", 0, "min-fresh=2000", Use::validate, Forward::request},
           Row{"max-age=1500", 1000, "min-fresh=1000", Use::validate, Forward::request},
           Row{"max-age=1500", 500, "min-fresh=1000", Use::fresh, Forward::none},
           Row{"max-age=3600", 9, "max-age=x", Use::fresh, Forward::none},
           Row{"max-age=3600", 9, "only-if-cached", Use::fresh, Forward::none},
           Row{"max-age=3600", 9, "only-if-cached, no-cache", Use::refuse, Forward::request},
       })
    check(row);
}

TEST_CASE("a request may take it staler than it is, where the answer does not forbid it") {
  for (const Row& row : {
           Row{"max-age=1500", 2000, "max-stale=1000", Use::stale, Forward::none},
           Row{"max-age=1500", 2500, "max-stale=1000", Use::stale, Forward::none},
           Row{"max-age=1500", 2501, "max-stale=1000", Use::validate, Forward::stale},
           Row{"max-age=1500", 99999, "max-stale", Use::stale, Forward::none},
           Row{"max-age=1500", 2000, "max-stale=x", Use::validate, Forward::stale},
           Row{"max-age=1500", 2000, "max-stale=1000, max-age=1999", Use::validate, Forward::stale},
           Row{"max-age=1500", 2000, "max-stale=1000, min-fresh=1", Use::validate, Forward::stale},
           Row{"max-age=1500", 2000, "max-stale, no-cache", Use::validate, Forward::stale},
           Row{"max-age=1, must-revalidate", 2, "max-stale", Use::validate, Forward::stale},
           Row{"max-age=1, proxy-revalidate", 2, "max-stale", Use::validate, Forward::stale},
           Row{"s-maxage=1", 2, "max-stale", Use::validate, Forward::stale},
           Row{"max-age=1, no-cache", 0, "max-stale", Use::validate, Forward::stale},
           Row{"max-age=1", 2, "only-if-cached", Use::refuse, Forward::stale},
           Row{"max-age=1", 2, "only-if-cached, max-stale=5", Use::stale, Forward::none},
       })
    check(row);
}

TEST_CASE(
    "stale while it is revalidated, within the window and for patient requests (RFC 5861 3)") {
  const char* answer = "max-age=10, stale-while-revalidate=5";
  for (const Row& row : {
           Row{answer, 9, "", Use::fresh, Forward::none},
           Row{answer, 10, "", Use::stale_while_revalidate, Forward::stale},
           Row{answer, 14, "", Use::stale_while_revalidate, Forward::stale},
           Row{answer, 15, "", Use::validate, Forward::stale},
           Row{answer, 12, "no-cache", Use::validate, Forward::stale},
           Row{answer, 12, "max-age=5", Use::validate, Forward::stale},
           Row{answer, 12, "min-fresh=5", Use::validate, Forward::stale},
           Row{"s-maxage=10, stale-while-revalidate=5", 12, "", Use::stale_while_revalidate,
               Forward::stale},
           Row{"max-age=10, must-revalidate, stale-while-revalidate=5", 12, "", Use::validate,
               Forward::stale},
       })
    check(row);
}

TEST_CASE("a reload does not validate what never changes, a forced one does (RFC 8246)") {
  check({"max-age=100, immutable", 50, "max-age=0", Use::fresh, Forward::none});
  check({"max-age=100, immutable", 50, "no-cache", Use::validate, Forward::request});
  check({"max-age=100, immutable", 100, "max-age=0", Use::validate, Forward::stale});
}

TEST_CASE("a site may be deaf to what requests ask for") {
  CachePolicy deaf;
  deaf.obey_requests = false;
  CHECK(may_reuse(stored("max-age=9"), asking("no-cache"), deaf, test_now).use == Use::fresh);
  CHECK(may_reuse(stored("max-age=9", 10), asking("max-stale"), deaf, test_now).use ==
        Use::validate);
  CHECK(on_miss(asking("only-if-cached"), deaf) == Use::validate);
  CHECK(on_miss(asking("only-if-cached"), {}) == Use::refuse);
  CHECK(on_miss(asking(""), {}) == Use::validate);
}

TEST_CASE("instead of an error the stale answer, within its window (RFC 5861 4)") {
  const CachePolicy policy;
  const auto on_error = [&](const char* answer, int age_s, const char* request) {
    return may_serve_on_error(stored(answer, age_s), asking(request), policy, test_now);
  };
  CHECK(on_error("max-age=10, stale-if-error=5", 14, ""));
  CHECK(!on_error("max-age=10, stale-if-error=5", 15, ""));
  CHECK(!on_error("max-age=10", 10, ""));
  CHECK(on_error("max-age=10", 9, "max-age=1"));
  CHECK(on_error("max-age=10", 12, "stale-if-error=5"));
  CHECK(!on_error("max-age=10, must-revalidate, stale-if-error=5", 12, "stale-if-error=5"));
  CHECK(!on_error("max-age=10, proxy-revalidate", 12, "stale-if-error=5"));
  CHECK(!on_error("s-maxage=10", 12, "stale-if-error=5"));
  CHECK(!on_error("max-age=10, no-cache, stale-if-error=5", 0, ""));
  CHECK(!on_error("max-age=10, stale-if-error=5", 12, "no-cache"));
  for (const int status : {500, 502, 503, 504})
    CHECK(is_error_for_stale(static_cast<uint16_t>(status)));
  for (const int status : {200, 304, 404, 499, 501, 505, 599})
    CHECK(!is_error_for_stale(static_cast<uint16_t>(status)));
}

namespace {

void only_lose_use(const char* answer, const char* request) {
  const auto rank = [](Use use) { return use == Use::refuse ? Use::validate : use; };
  const StoredFreshness kept = stored(answer);
  bool used = true, on_error = true;
  for (int i = 0; i < 40; ++i) {
    const MonoTime now = test_now + seconds(i);
    const bool use = rank(may_reuse(kept, asking(request), {}, now).use) != Use::validate;
    const bool error_use = may_serve_on_error(kept, asking(request), {}, now);
    CAPTURE(answer);
    CAPTURE(request);
    CAPTURE(i);
    CHECK((used || !use));
    CHECK((on_error || !error_use));
    used = use;
    on_error = error_use;
  }
}

}  // namespace

TEST_CASE("time only takes away: what may be used later may be used earlier") {
  const char* answers[] = {"max-age=10",
                           "max-age=10, stale-while-revalidate=5",
                           "s-maxage=7, stale-if-error=9",
                           "max-age=10, must-revalidate",
                           "max-age=10, immutable, stale-if-error=3",
                           "max-age=9, no-cache"};
  const char* requests[] = {"",
                            "max-age=4",
                            "min-fresh=3",
                            "max-stale=6",
                            "max-stale",
                            "no-cache",
                            "max-stale=2, max-age=11",
                            "only-if-cached",
                            "stale-if-error=8"};
  for (const char* answer : answers)
    for (const char* request : requests)
      only_lose_use(answer, request);
}

}  // namespace weir::edge
