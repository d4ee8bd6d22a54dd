#include "edge/rules/byte_range.h"

#include <doctest/doctest.h>

#include "edge/rules/head_test_kit.h"

namespace weir::edge {
namespace {

// "whole", "unsatisfiable" or "0-1,5-9".
std::string selected(const std::string& lines, uint64_t length) {
  const RangeSelection selection = select_ranges(TestFields(lines), length);
  if (selection.kind == RangeSelection::Kind::whole) return "whole";
  if (selection.kind == RangeSelection::Kind::unsatisfiable) return "unsatisfiable";
  std::string out;
  for (const ByteRange& range : selection.ranges())
    out +=
        (out.empty() ? "" : ",") + std::to_string(range.first) + "-" + std::to_string(range.last);
  return out;
}

std::string of(const std::string& value, uint64_t length = 10) {
  return selected("Range: " + value, length);
}

}  // namespace

TEST_CASE("the forms of a byte range (RFC 9110 14.1.2)") {
  CHECK(of("bytes=0-1") == "0-1");
  CHECK(of("bytes=1-") == "1-9");
  CHECK(of("bytes=-1") == "9-9");
  CHECK(of("bytes=-5") == "5-9");
  CHECK(of("bytes=-99") == "0-9");
  CHECK(of("bytes=0-99") == "0-9");
  CHECK(of("BYTES=0-0") == "0-0");
  CHECK(of("bytes=0-1, 5-6") == "0-1,5-6");
  CHECK(of("bytes=,0-1,, -1") == "0-1,9-9");
  CHECK(of("bytes=007-0008") == "7-8");
}

TEST_CASE("a range beyond the end is unsatisfiable, unless another one is not") {
  CHECK(of("bytes=10-") == "unsatisfiable");
  CHECK(of("bytes=10-20, 99-") == "unsatisfiable");
  CHECK(of("bytes=-0") == "unsatisfiable");
  CHECK(of("bytes=10-, 0-1") == "0-1");
  CHECK(of("bytes=0-", 0) == "unsatisfiable");
  CHECK(of("bytes=-5", 0) == "unsatisfiable");
}

TEST_CASE("numbers that do not fit count as the largest") {
  CHECK(of("bytes=0-99999999999999999999999") == "0-9");
  CHECK(of("bytes=99999999999999999999999-") == "unsatisfiable");
  CHECK(of("bytes=-99999999999999999999999") == "0-9");
  CHECK(of("bytes=18446744073709551615-18446744073709551615") == "unsatisfiable");
  CHECK(of("bytes=0-18446744073709551615", UINT64_MAX) == "0-18446744073709551614");
}

TEST_CASE("what is malformed, in another unit or there twice is not followed") {
  for (const char* wrong :
       {"bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=1", "bytes=2-1", "bytes= 0-1x",
        "bytes=0 -1", "bytes=0- 1", "bytes=+0-1", "bytes:0-1", "lines=0-1", "bytes=0-1;2-3",
        "bytes=0-1,x", "bytes=--1", "bytes =0-1", "bytes=\"0-1", "", "byte=0-1"})
    CHECK_MESSAGE(of(wrong) == "whole", wrong);
  CHECK(selected("Range: bytes=0-1\nRange: bytes=2-3", 10) == "whole");
  CHECK(selected("X: y", 10) == "whole");
}

TEST_CASE("overlapping and touching ranges are joined at the place of the first") {
  CHECK(of("bytes=0-3,2-5") == "0-5");
  CHECK(of("bytes=0-1,2-3") == "0-3");
  CHECK(of("bytes=8-9,0-1,1-2") == "8-9,0-2");
  CHECK(of("bytes=0-0,4-4,2-2,1-3") == "0-4");
  CHECK(of("bytes=6-6,0-0,0-9") == "0-9");
  CHECK(of("bytes=0-,0-,0-,-1") == "0-9");
}

TEST_CASE("too many ranges are answered whole") {
  std::string eight = "bytes=0-0", nine, same = "bytes=0-0";
  for (int i = 1; i < 8; ++i)
    eight += "," + std::to_string(i * 10) + "-" + std::to_string(i * 10);
  nine = eight + ",80-80";
  CHECK(of(eight, 1000) != "whole");
  CHECK(of(nine, 1000) == "whole");
  for (int i = 1; i < 64; ++i)
    same += ",0-0";
  CHECK(of(same) == "0-0");
  CHECK(of(same + ",0-0") == "whole");
}

TEST_CASE("joined ranges are apart, inside of the length, and cover what was asked for") {
  uint64_t state = 1;
  const auto next = [&](uint64_t below) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % below;
  };
  for (int round = 0; round < 2000; ++round) {
    std::string value = "bytes=";
    std::array<bool, 32> asked{};
    const uint64_t count = 1 + next(6);
    for (uint64_t i = 0; i < count; ++i) {
      const uint64_t first = next(40), last = first + next(10);
      value += (i ? "," : "") + std::to_string(first) + "-" + std::to_string(last);
      for (uint64_t at = first; at <= last && at < asked.size(); ++at)
        asked[at] = true;
    }
    const RangeSelection selection = select_ranges(TestFields("Range: " + value), asked.size());
    std::array<int, 32> got{};
    for (const ByteRange& range : selection.ranges()) {
      REQUIRE(range.last < got.size());
      for (uint64_t at = range.first; at <= range.last; ++at)
        ++got[at];
    }
    for (size_t at = 0; at < asked.size(); ++at)
      CHECK(got[at] == (asked[at] ? 1 : 0));
  }
}

TEST_CASE("a single range is told before the length is known") {
  const auto single = [](const char* value) {
    return single_range(TestFields("Range: " + std::string(value)));
  };
  CHECK(single("bytes=2-3")->resolve(10) == ByteRange{2, 3});
  CHECK(single("bytes=-3")->resolve(10) == ByteRange{7, 9});
  CHECK(single("bytes=6-")->resolve(10) == ByteRange{6, 9});
  CHECK(!single("bytes=6-")->resolve(6));
  CHECK(!single("bytes=0-1,2-3"));
  CHECK(!single("bytes=x"));
  CHECK(!single_range(TestFields("X: y")));
}

TEST_CASE("a single range is asked for as it was read") {
  for (const char* text : {"bytes=5-9", "bytes=5-", "bytes=-3"}) {
    std::array<wire::Field, 1> storage;
    wire::Fields request{std::span(storage)};
    REQUIRE(request.push("Range", text));
    Buffer out;
    append_range(out, *single_range(request));
    CHECK(out.view() == text);
  }
}

TEST_CASE("Content-Range of a part (RFC 9110 14.4)") {
  const auto parsed = parse_content_range("bytes 4-9/10");
  REQUIRE(parsed);
  CHECK(parsed->range == ByteRange{4, 9});
  CHECK(parsed->length == 10u);
  CHECK(parse_content_range("Bytes 0-0/*"));
  CHECK(!parse_content_range("bytes 0-0/*")->length);
  for (const char* wrong :
       {"", "bytes", "bytes */10", "bytes 0-9", "bytes 9-0/10", "bytes 0-10/10", "bytes 0-9/x",
        "bytes 0-9/", "bytes -9/10", "bytes 0-/10", "lines 0-9/10", "bytes=0-9/10", "bytes  0-9/10",
        "bytes 0-9/10 ", "bytes 0/9-10", "bytes 0-18446744073709551615/*",
        "bytes 0-99999999999999999999999/*"})
    CHECK_MESSAGE(!parse_content_range(wrong), wrong);
  Buffer out;
  append_content_range(out, {4, 9}, 10);
  out.append('|');
  append_unsatisfied_range(out, 10);
  CHECK(out.view() == "bytes 4-9/10|bytes */10");
}

TEST_CASE("several ranges are parts of a multipart body, whose size is known ahead (14.6)") {
  const MultipartRanges parts{"BOUND", "text/plain", 10};
  const ByteRange ranges[] = {{0, 1}, {8, 9}};
  Buffer out;
  for (const ByteRange& range : ranges) {
    parts.append_part_head(out, range);
    out.append(std::string_view("0123456789").substr(range.first, range.size()));
  }
  parts.append_end(out);
  CHECK(out.view() ==
        "\r\n--BOUND\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\n01"
        "\r\n--BOUND\r\nContent-Type: text/plain\r\nContent-Range: bytes 8-9/10\r\n\r\n89"
        "\r\n--BOUND--\r\n");
  CHECK(parts.size(ranges) == out.size());
  CHECK(MultipartRanges{"B", "", 10}.size(ranges) < parts.size(ranges));
}

}  // namespace weir::edge
