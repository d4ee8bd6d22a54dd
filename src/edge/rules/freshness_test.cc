#include "edge/rules/freshness.h"

#include <doctest/doctest.h>

#include "edge/rules/head_test_kit.h"
#include "wire/http_date.h"

namespace weir::edge {
namespace {

using Source = LifetimeSource;

std::string date_line(const char* name, seconds offset) {
  Buffer out;
  wire::append_http_date(out, std::chrono::floor<seconds>(test_wall) + offset);
  return std::string(name) + ": " + std::string(out.view()) + "\n";
}

struct Case {
  uint16_t status = 200;
  RequestFacts request;
  CachePolicy policy;
  std::string path = "/";

  Lifetime lifetime_of(const std::string& lines) const {
    const TestResponse response(status, lines);
    const ResponseDirectives directives = response_directives(response.head.fields);
    return lifetime({response.head, directives, request, policy, path, test_wall});
  }
};

void check(const Case& c, const std::string& lines, Source source, Duration value) {
  const Lifetime found = c.lifetime_of(lines);
  CHECK_MESSAGE(found.source == source, lines);
  CHECK_MESSAGE(found.value == value, lines);
}

Duration age_of(const std::string& lines, const FetchTimes& times = test_times) {
  return initial_age(TestFields(lines), times);
}

}  // namespace

TEST_CASE("s-maxage comes before max-age, and both before Expires (RFC 9111 4.2.1)") {
  const std::string future = date_line("Expires", hours(2)) + date_line("Date", seconds(0));
  const std::string past = date_line("Expires", hours(-2)) + date_line("Date", seconds(0));
  check({}, "Cache-Control: max-age=3600", Source::max_age, hours(1));
  check({}, "Cache-Control: max-age=3600, s-maxage=1", Source::s_maxage, seconds(1));
  check({}, "Cache-Control: s-maxage=7200, max-age=1", Source::s_maxage, hours(2));
  check({}, past + "Cache-Control: max-age=3600", Source::max_age, hours(1));
  check({}, future + "Cache-Control: max-age=0", Source::max_age, seconds(0));
  check({}, past + "Cache-Control: max-age=0, s-maxage=3600", Source::s_maxage, hours(1));
  check({}, future, Source::expires, hours(2));
  check({}, past, Source::expires, seconds(0));
  check({}, future + "CDN-Cache-Control: public", Source::none, seconds(0));
  check({}, past + "CDN-Cache-Control: max-age=3600", Source::max_age, hours(1));
}

TEST_CASE("a lifetime that is no number is zero, not unknown") {
  const std::string modified = date_line("Last-Modified", hours(-24));
  for (const char* wrong : {"max-age=x", "max-age=-1", "max-age", "s-maxage=x", "max-age='1'"})
    CHECK(Case{}.lifetime_of(modified + "Cache-Control: " + wrong).is_explicit());
  check({}, "Cache-Control: s-maxage=x, max-age=60", Source::s_maxage, seconds(0));
}

TEST_CASE("Expires counts from Date, and from now where Date is no date (RFC 9111 5.3)") {
  check({}, date_line("Expires", seconds(300)) + date_line("Date", seconds(400)), Source::expires,
        seconds(0));
  check({}, date_line("Expires", seconds(20)) + date_line("Date", seconds(10)), Source::expires,
        seconds(10));
  check({}, date_line("Expires", seconds(10)) + "Date: foo", Source::expires, seconds(10));
  check({}, date_line("Expires", seconds(10)), Source::expires, seconds(10));
  for (const char* wrong : {"0", "-1", "", "tomorrow", "Thu, 18 Aug 2050 02:01:18 UTC",
                            "Thu, 18 Aug 50 02:01:18 GMT", "Thu 18 Aug 2050 02:01:18 GMT",
                            "Thu, 18 Aug 2050 2:01:18 GMT", "Thu, 18-Aug-2050 02:01:18 GMT"})
    check({}, "Expires: " + std::string(wrong), Source::expires, seconds(0));
  CHECK(Case{}.lifetime_of("Expires: Thursday, 18-Aug-50 02:01:18 GMT").value > hours(1));
  CHECK(Case{}.lifetime_of("Expires: Thu Aug  8 02:01:18 2050").value > hours(1));
  // Two of them: the first.
  check({}, date_line("Expires", seconds(10)) + date_line("Expires", hours(1)), Source::expires,
        seconds(10));
}

TEST_CASE("no lifetime exceeds the site's bound") {
  check({}, "Cache-Control: max-age=99999999999", Source::max_age, hours(24 * 365));
  check({}, "Expires: Fri, 31 Dec 9999 23:59:59 GMT", Source::expires, hours(24 * 365));
  Case small;
  small.policy.lifetime_max = minutes(1);
  check(small, "Cache-Control: max-age=3600", Source::max_age, minutes(1));
}

TEST_CASE("without a word from the origin a tenth of the time since the last change counts") {
  const std::string day_ago = date_line("Last-Modified", hours(-24));
  for (const uint16_t status :
       std::initializer_list<uint16_t>{200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501})
    check({.status = status}, day_ago, Source::heuristic, minutes(144));
  for (const uint16_t status : std::initializer_list<uint16_t>{201, 202, 302, 303, 307, 400, 403,
                                                               500, 502, 503, 504, 599, 999})
    check({.status = status}, day_ago, Source::none, seconds(0));
  check({.status = 599}, day_ago + "Cache-Control: public", Source::heuristic, minutes(144));
  check({}, date_line("Last-Modified", hours(-24 * 365)), Source::heuristic, hours(24));
  check({}, date_line("Last-Modified", seconds(10)), Source::none, seconds(0));
  check({}, "Last-Modified: foo", Source::none, seconds(0));
  check({}, day_ago + "Pragma: no-cache", Source::none, seconds(0));
  check({}, "X: y", Source::none, seconds(0));
}

TEST_CASE("the default lifetime takes the heuristic's place, for what is the same for everybody") {
  Case c;
  c.policy.default_ttl = minutes(5);
  check(c, "X: y", Source::default_ttl, minutes(5));
  check(c, date_line("Last-Modified", hours(-24)), Source::default_ttl, minutes(5));
  check(c, "Cache-Control: max-age=0", Source::max_age, seconds(0));
  check(c, "Cache-Control: max-age=x", Source::max_age, seconds(0));
  check(c, "Set-Cookie: a=b", Source::none, seconds(0));
  c.status = 500;
  check(c, "X: y", Source::none, seconds(0));
  c.status = 200;
  c.request.has_cookie = true;
  check(c, "X: y", Source::none, seconds(0));
  check(c, "Cache-Control: max-age=9", Source::max_age, seconds(9));
  c.request = {.has_authorization = true};
  check(c, "X: y", Source::none, seconds(0));
  c.request = {.method = wire::RequestMethod::post};
  check(c, "X: y", Source::none, seconds(0));
}

TEST_CASE("a rule of the site for path and status comes before all else") {
  Case c;
  c.policy.lifetimes = {{.path = *parse_path_pattern("/img/*"), .ttl = hours(1)},
                        {.path = *parse_path_pattern("*"),
                         .status_first = 404,
                         .status_last = 404,
                         .ttl = seconds(3)}};
  c.path = "/img/a.png";
  check(c, "Cache-Control: max-age=5", Source::rule, hours(1));
  c.path = "/a";
  check(c, "Cache-Control: max-age=5", Source::max_age, seconds(5));
  c.status = 404;
  check(c, "Cache-Control: max-age=5", Source::rule, seconds(3));
}

TEST_CASE("a rule does not publish what looks like one person's, unless the operator vouches") {
  Case c;
  c.policy.lifetimes = {{.path = *parse_path_pattern("*.jpg"), .ttl = hours(1)}};
  c.path = "/account/x.jpg";
  c.request.has_cookie = true;
  check(c, "X: y", Source::none, seconds(0));
  check(c, "Cache-Control: max-age=5", Source::rule, hours(1));
  c.policy.lifetimes[0].despite_cookies = true;
  check(c, "X: y", Source::rule, hours(1));
  c.policy.lifetimes[0].despite_cookies = false;
  c.request.has_cookie = false;
  check(c, "X: y", Source::rule, hours(1));
  check(c, "Set-Cookie: a=b", Source::none, seconds(0));
  c.policy.lifetimes[0].ttl = Duration::zero();
  check(c, "Cache-Control: max-age=5", Source::rule, seconds(0));
}

TEST_CASE("the age is the larger of what Age and what Date say (RFC 9111 4.2.3)") {
  CHECK(age_of("Age: 30") == seconds(30));
  CHECK(age_of(date_line("Date", hours(-2))) == hours(2));
  CHECK(age_of(date_line("Date", hours(2))) == seconds(0));
  CHECK(age_of(date_line("Date", seconds(-10)) + "Age: 25") == seconds(25));
  CHECK(age_of(date_line("Date", seconds(10)) + "Age: 15") == seconds(15));
  CHECK(age_of("Date: foo") == seconds(0));
  CHECK(age_of("X: y") == seconds(0));
  // The time that the answer took is part of its age.
  CHECK(age_of("Age: 1", {test_now - seconds(4), test_now, test_wall}) == seconds(5));
  // A clock that runs backwards takes nothing away.
  CHECK(age_of("Age: 1", {test_now + seconds(4), test_now, test_wall}) == seconds(1));
  CHECK(age_of("Date: Thu, 01 Jan 0000 00:00:00 GMT\nAge: 99999999999",
               {MonoTime(), MonoTime(hours(24)), test_wall}) == delta_seconds_max);
}

TEST_CASE("of a list of ages the first counts, and what is no number does not (RFC 9111 5.1)") {
  CHECK(age_of("Age: 7200, 0") == hours(2));
  CHECK(age_of("Age: 0,7200") == seconds(0));
  CHECK(age_of("Age: 7200\nAge: 0") == hours(2));
  CHECK(age_of("Age: 0\nAge: 7200") == seconds(0));
  for (const char* large : {"2147483648", "2147483649", "99999999999999999999999"})
    CHECK(age_of("Age: " + std::string(large)) == delta_seconds_max);
  for (const char* wrong : {"abc", "-7200", "7200.0", "7200;foo=bar", "7200 s", ""})
    CHECK_MESSAGE(age_of("Age: " + std::string(wrong)) == seconds(0), wrong);
}

TEST_CASE("a stored answer ages with the monotonic clock and becomes stale once") {
  const TestFields fields("Cache-Control: max-age=10\nAge: 4");
  const StoredFreshness stored = stored_freshness(fields, response_directives(fields),
                                                  {seconds(10), Source::max_age}, test_times, {});
  CHECK(stored.age(test_now) == seconds(4));
  CHECK(stored.fresh(test_now + nanoseconds(5'999'999'999)));
  CHECK(!stored.fresh(test_now + seconds(6)));
  CHECK(stored.fresh_for(test_now + seconds(7)) == seconds(-1));
  CHECK(stored.age(test_now - hours(1)) == seconds(0));
  CHECK(age_seconds(stored.age(test_now + milliseconds(1999))) == 5);
  CHECK(age_seconds(hours(24 * 365 * 200)) == uint64_t{1} << 31);
  const StoredFreshness moved = with_age(stored, seconds(9), MonoTime(seconds(1)));
  CHECK(moved.age(MonoTime(seconds(1))) == seconds(9));
  CHECK(moved.lifetime == stored.lifetime);
}

namespace {

void lose_freshness(int lifetime_s, int age_s) {
  const TestFields fields("Age: " + std::to_string(age_s));
  const StoredFreshness stored =
      stored_freshness(fields, {}, {seconds(lifetime_s), Source::max_age}, test_times, {});
  bool fresh = true;
  for (int i = 0; i < 120; ++i) {
    const MonoTime now = test_now + seconds(i);
    CHECK((fresh || !stored.fresh(now)));
    fresh = stored.fresh(now);
    CHECK(fresh == (age_s + i < lifetime_s));
  }
}

}  // namespace

TEST_CASE("an older clock never makes an answer fresher: freshness is lost once and for all") {
  for (const int lifetime_s : {0, 1, 10, 100})
    for (const int age_s : {0, 3, 9, 10, 50})
      lose_freshness(lifetime_s, age_s);
}

TEST_CASE("windows of staleness are the answer's own, else the site's, and none where forbidden") {
  CachePolicy policy;
  policy.stale_while_revalidate = seconds(7);
  policy.stale_if_error = seconds(8);
  struct Row {
    const char* control;
    int swr, sie;
    bool revalidate;
  };
  for (const Row& row : {
           Row{"max-age=1", 7, 8, false},
           Row{"max-age=1, stale-while-revalidate=3, stale-if-error=4", 3, 4, false},
           Row{"max-age=1, stale-if-error=0", 7, 0, false},
           Row{"max-age=1, stale-if-error=x", 7, 0, false},
           Row{"max-age=1, must-revalidate, stale-if-error=4", 0, 0, true},
           Row{"max-age=1, proxy-revalidate, stale-while-revalidate=4", 0, 0, true},
           Row{"max-age=1, no-cache, stale-if-error=4", 0, 0, true},
           Row{"s-maxage=1", 0, 0, true},
           Row{"s-maxage=1, stale-while-revalidate=3", 3, 0, true},
       }) {
    const TestFields fields("Cache-Control: " + std::string(row.control));
    const StoredFreshness stored = stored_freshness(
        fields, response_directives(fields), {seconds(1), Source::max_age}, test_times, policy);
    CHECK_MESSAGE(stored.stale_while_revalidate == seconds(row.swr), row.control);
    CHECK_MESSAGE(stored.stale_if_error == seconds(row.sie), row.control);
    CHECK_MESSAGE(stored.revalidate == row.revalidate, row.control);
  }
}

}  // namespace weir::edge
