#include "wire/ot_state.h"

#include <string>

#include <doctest/doctest.h>

namespace weir::wire {

namespace {

std::string written(const OtState& state, std::string_view before = "") {
  Buffer out;
  append_ot_state(out, state, before);
  return std::string(out.view());
}

}  // namespace

TEST_CASE("thresholds are digits from the left, randomness is all fourteen") {
  CHECK(parse_ot_state("th:0") == OtState{0, {}});
  CHECK(parse_ot_state("th:fd70a") == OtState{0xfd70a000000000, {}});
  CHECK(parse_ot_state("rv:00112233445566;th:8") == OtState{0x80000000000000, 0x112233445566});
  CHECK(parse_ot_state("p:1;th:c;q:2") == OtState{0xc0000000000000, {}});
}

TEST_CASE("what is malformed counts as not there") {
  for (const char* value : {"", "th:", "th", "th:FD70A", "th:0123456789abcde", "rv:0011223344556",
                            "rv:001122334455667", "th: 8", "TH:8", ";;;", "rv:0x112233445566"})
    CHECK_MESSAGE(parse_ot_state(value) == OtState{}, value);
}

TEST_CASE("a written state reads as it was, and other subkeys stay") {
  CHECK(written({0, {}}) == "th:0");
  CHECK(written({0xfd70a000000000, 0x112233445566}) == "th:fd70a;rv:00112233445566");
  CHECK(written({{}, 1}, "th:8;a:b;rv:00112233445566;c:d") == "rv:00000000000001;a:b;c:d");
  CHECK(written({}, "th:8") == "");
  for (uint64_t threshold = 1; threshold < uint64_t{1} << 56; threshold = threshold * 3 + 1)
    CHECK(parse_ot_state(written({threshold, {}})) == OtState{threshold, {}});
}

TEST_CASE("other subkeys that are malformed end here") {
  CHECK(written({}, "a :1;b:2 ;C:3;:4;e:5 6;d:5") == "d:5");
  CHECK(written({}, "`h:fd70 ;") == "");
}

TEST_CASE("a value never exceeds what tracestate lets it have") {
  const std::string others = "a:" + std::string(200, 'x') + ";b:" + std::string(60, 'y') + ";c:z";
  const std::string value = written({1, 2}, others);
  CHECK(value.size() <= ot_value_bytes_max);
  CHECK(value.ends_with(";c:z"));
}

}  // namespace weir::wire
