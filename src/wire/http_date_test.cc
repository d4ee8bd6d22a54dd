#include "wire/http_date.h"

#include <string>

#include <doctest/doctest.h>

#include "base/random.h"

namespace weir::wire {
namespace {

using namespace std::chrono;

const sys_seconds example = sys_days(1994y / November / 6) + 8h + 49min + 37s;
const sys_seconds now = sys_days(2024y / June / 1);

std::string format(sys_seconds time) {
  Buffer out;
  append_http_date(out, time);
  return std::string(out.view());
}

}  // namespace

TEST_CASE("the three forms of one date are the same") {
  CHECK(format(example) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", now) == example);
  CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", now) == example);
  CHECK(parse_http_date("Sun Nov  6 08:49:37 1994", now) == example);
  CHECK(parse_http_date("Sun Nov 16 08:49:37 1994", now) == example + days(10));
}

TEST_CASE("every date that is written reads back") {
  Random random(1);
  for (int i = 0; i < 20000; ++i) {
    const sys_seconds time(seconds(static_cast<int64_t>(random.below(253402300800u))));
    REQUIRE(parse_http_date(format(time), now) == time);
  }
  CHECK(format(sys_days(2024y / February / 29)) == "Thu, 29 Feb 2024 00:00:00 GMT");
  CHECK(format(sys_seconds::max()) == "Fri, 31 Dec 9999 23:59:59 GMT");
  CHECK(format(sys_seconds::min()) == "Sat, 01 Jan 0000 00:00:00 GMT");
}

TEST_CASE("a two-digit year is at most 50 years ahead") {
  const auto year_of = [](std::string_view text, sys_seconds at) {
    const auto time = parse_http_date(text, at);
    return static_cast<int>(year_month_day(floor<days>(*time)).year());
  };
  CHECK(year_of("Monday, 01-Jan-74 00:00:00 GMT", now) == 2074);
  CHECK(year_of("Monday, 01-Jan-75 00:00:00 GMT", now) == 1975);
  CHECK(year_of("Monday, 01-Jan-00 00:00:00 GMT", now) == 2000);
  CHECK(year_of("Monday, 01-Jan-05 00:00:00 GMT", sys_days(2099y / January / 1)) == 2105);
}

TEST_CASE("what is no date is nothing") {
  for (const char* text : {"",
                           "0",
                           "-1",
                           "Sun, 06 Nov 1994 08:49:37",
                           "Sun, 06 Nov 1994 08:49:37 UTC",
                           "Sun, 6 Nov 1994 08:49:37 GMT",
                           "sun, 06 Nov 1994 08:49:37 GMT",
                           "Sun, 06 nov 1994 08:49:37 GMT",
                           "Sun, 32 Jan 1994 08:49:37 GMT",
                           "Sun, 30 Feb 1994 08:49:37 GMT",
                           "Sun, 29 Feb 2023 00:00:00 GMT",
                           "Sun, 06 Nov 1994 24:00:00 GMT",
                           "Sun, 06 Nov 1994 08:60:37 GMT",
                           "Sun, 06 Nov 1994 08:49:61 GMT",
                           "Sun, 06 Nov 1994 08:49:37 GMT ",
                           "Sunday, 06-Nov-1994 08:49:37 GMT",
                           "Xxx Nov  6 08:49:37 1994",
                           "Sun Nov 6 08:49:37 1994",
                           "Sun, 00 Nov 1994 08:49:37 GMT",
                           "Xunday, 06-Nov-94 08:49:37 GMT"})
    CHECK_MESSAGE(!parse_http_date(text, now), text);
}

}  // namespace weir::wire
