#include "settings/field_info.h"

#include <limits>

#include <doctest/doctest.h>

#include "settings/field.h"

namespace weir::settings {
namespace {

struct Members {
  int32_t signed_whole = 0;
  uint8_t small = 0;
  uint64_t wide = 0;
  float ratio = 0;
  std::optional<Duration> maybe;
};

FieldInfo signed_whole() {
  return field(&Members::signed_whole, "signed_whole", -1, "A number.").info;
}
FieldInfo ratio() {
  return field(&Members::ratio, "ratio", 0.5, "A ratio.").between(0, 2.5).info;
}
FieldInfo maybe() {
  return field(&Members::maybe, "maybe", automatic, "A time.").between(seconds(1), hours(1)).info;
}

std::string error_of(const FieldInfo& info, std::string_view text) {
  const auto value = parse_scalar(info, text);
  return value ? "" : value.error();
}

}  // namespace

TEST_CASE("a member's own range bounds its setting") {
  CHECK(bounds_text(signed_whole()) == "-2147483648 to 2147483647");
  CHECK(parse_scalar(signed_whole(), "-7") == Scalar(int64_t{-7}));
  CHECK(error_of(signed_whole(), "2147483648") ==
        "\"2147483648\" is out of bounds (-2147483648 to 2147483647)");
  const FieldInfo small = field(&Members::small, "small", 0, "A number.").info;
  CHECK(bounds_text(small) == "0 to 255");
  const FieldInfo wide = field(&Members::wide, "wide", 1, "A number.").info;
  CHECK(bounds_text(wide) == "at least 0");
  CHECK(error_of(wide, "-1") == "\"-1\" is out of bounds (at least 0)");
  CHECK(error_of(wide, "99999999999999999999") != "");
}

TEST_CASE("whole numbers are digits and nothing else") {
  for (const char* text : {"", " 1", "1 ", "+1", "1.0", "0x10", "1e3", "1_000", "-", "١"})
    CHECK_MESSAGE(!parse_scalar(signed_whole(), text), text);
}

TEST_CASE("real numbers are finite and within bounds, which may be given as whole numbers") {
  CHECK(parse_scalar(ratio(), "1e-3") == Scalar(0.001));
  CHECK(parse_scalar(ratio(), "2") == Scalar(2.0));
  CHECK(error_of(ratio(), "2.6") == "\"2.6\" is out of bounds (0 to 2.5)");
  for (const char* text : {"inf", "nan", "1e999", "1,5", "1%"})
    CHECK_MESSAGE(error_of(ratio(), text).find("is not a number") != std::string::npos, text);
}

TEST_CASE("an automatic setting takes auto, and says so") {
  CHECK(parse_scalar(maybe(), "auto") == Scalar());
  CHECK(format_scalar(maybe(), Scalar()) == "auto");
  CHECK(default_text(maybe()) == "auto");
  CHECK(type_text(maybe()) == "duration, or auto");
  CHECK(error_of(maybe(), "soon") ==
        "\"soon\" is not a duration such as 250ms, 5s or 10m (1s to 1h), or auto");
  CHECK(error_of(maybe(), "2h") == "\"2h\" is out of bounds (1s to 1h)");
  CHECK(error_of(ratio(), "auto") != "");
}

TEST_CASE("what a message quotes is short and printable") {
  CHECK(quoted("a\nb\x7f") == "\"a?b?\"");
  CHECK(quoted(std::string(100, 'x')) == "\"" + std::string(60, 'x') + "...\"");
}

TEST_CASE("what a message quotes of a URL is without its user info") {
  CHECK(quoted("http://u:pass@h/a") == "\"http://<redacted>@h/a\"");
  CHECK(quoted("https://u:p/a@ss@h") == "\"https://<redacted>@h\"");
  CHECK(quoted("u:pass@h:80") == "\"<redacted>@h:80\"");
  CHECK(quoted("u:http://pass@h") == "\"<redacted>@h\"");
  CHECK(quoted("http://h/a") == "\"http://h/a\"");
}

TEST_CASE("what a message quotes of a URL is without its query, whatever stands in it") {
  CHECK(quoted("http://h/a#k") == "\"http://h/a#<redacted>\"");
  CHECK(quoted("http://h/a?k=v?w") == "\"http://h/a?<redacted>\"");
  CHECK(quoted("http://u:pass@h/a?k=v") == "\"http://<redacted>@h/a?<redacted>\"");
  CHECK(quoted("http://h/a@b?k=v") == "\"http://<redacted>@b?<redacted>\"");
  CHECK(quoted("http://h/a?user=a@b&k=v") == "\"http://<redacted>\"");
  CHECK(quoted("http://u:pa?ss@h/a?k=v") == "\"http://<redacted>\"");
  CHECK(quoted("u:pa?ss@h") == "\"<redacted>\"");
}

}  // namespace weir::settings
