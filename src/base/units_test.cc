#include "base/units.h"

#include <doctest/doctest.h>

namespace weir {

TEST_CASE("sizes are read in both kinds of unit") {
  CHECK(*parse_bytes("0") == 0);
  CHECK(*parse_bytes("17") == 17);
  CHECK(*parse_bytes("64KiB") == 65536);
  CHECK(*parse_bytes("1.5GiB") == 3 * GiB / 2);
  CHECK(*parse_bytes("2MB") == 2'000'000);
}

TEST_CASE("what is not a size is refused") {
  for (const char* text :
       {"", "KiB", "1 KiB", "-1", "1kib", "1.2.3MB", "1e3", "0x10", "99999999TiB"})
    CHECK_MESSAGE(!parse_bytes(text), text);
}

TEST_CASE("a duration needs a unit") {
  CHECK(*parse_duration("250ms") == milliseconds(250));
  CHECK(*parse_duration("1.5s") == milliseconds(1500));
  CHECK(*parse_duration("2d") == hours(48));
  CHECK(*parse_duration("0") == Duration::zero());
  for (const char* text : {"", "5", "5 s", "-1s", "s", "1w", "999999999999d"})
    CHECK_MESSAGE(!parse_duration(text), text);
}

TEST_CASE("formatting keeps the value exact") {
  for (const uint64_t bytes : {0ul, 1ul, 1023ul, 65536ul, 5 * MiB, 3 * GiB, GiB + 1})
    CHECK(*parse_bytes(format_bytes(bytes)) == bytes);
  for (const Duration d : {Duration(0), Duration(1), Duration(1500), Duration(milliseconds(1500)),
                           Duration(hours(36))})
    CHECK(*parse_duration(format_duration(d)) == d);
  CHECK(format_bytes(65536) == "64KiB");
  CHECK(format_duration(seconds(90)) == "90s");
  CHECK(format_duration(milliseconds(1500)) == "1500ms");
}

TEST_CASE("whole numbers tell too large from malformed") {
  CHECK(*parse_u64("18446744073709551615") == UINT64_MAX);
  CHECK(parse_u64("18446744073709551616").error().code == ErrorCode::limit);
  CHECK(parse_u64("12a").error().code == ErrorCode::invalid);
  CHECK(!parse_u64(""));
  CHECK(!parse_u64("+1"));
}

}  // namespace weir
