#include "wire/json_writer.h"

#include <array>
#include <cmath>
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include "wire/json_line.h"

namespace weir::wire {
namespace {

std::string quoted(std::string_view text) {
  Buffer out;
  append_json_string(out, text);
  return std::string(out.view());
}

}  // namespace

TEST_CASE("objects and arrays get their commas") {
  Buffer out;
  JsonWriter json(out);
  json.begin_object().member("a", 1).member("b", "x").key("c").begin_array();
  json.value(true).value(-7).value(1.5).null().begin_array().end_array().raw("{\"r\":0}");
  json.end_array().key("d").begin_object().end_object().member("e", false).end_object();
  CHECK(out.view() == R"({"a":1,"b":"x","c":[true,-7,1.5,null,[],{"r":0}],"d":{},"e":false})");
}

TEST_CASE("names that come from outside are escaped, those in the program are as they stand") {
  Buffer out;
  JsonWriter json(out);
  const std::string name = "say \"hi\"";
  json.begin_object().member(name, 1).member("plain", 2).key(std::string_view("\n")).value(3);
  json.end_object();
  CHECK(out.view() == R"({"say \"hi\"":1,"plain":2,"\n":3})");
}

TEST_CASE("numbers keep their value, and what is not finite is null") {
  Buffer out;
  JsonWriter json(out);
  json.begin_array().value(UINT64_MAX).value(INT64_MIN).value(0.1).value(1e300).value(-0.0);
  json.value(std::nan(""))
      .value(std::numeric_limits<double>::infinity())
      .value(uint8_t{9})
      .end_array();
  CHECK(out.view() == "[18446744073709551615,-9223372036854775808,0.1,1e+300,-0,null,null,9]");
}

TEST_CASE("strings are escaped") {
  CHECK(quoted("plain text, long enough for a vector or two of them") ==
        "\"plain text, long enough for a vector or two of them\"");
  CHECK(quoted("\"\\/\b\f\n\r\t") == R"("\"\\/\b\f\n\r\t")");
  CHECK(quoted(std::string_view("\0\x1f\x7f", 3)) == "\"\\u0000\\u001f\\u007f\"");
  CHECK(quoted("秒杀成功 é 😀") == "\"秒杀成功 é 😀\"");
}

TEST_CASE("what is not UTF-8 becomes a replacement character for each broken sequence") {
  const std::string r = "\xef\xbf\xbd";
  const std::pair<const char*, std::string> rows[] = {
      {"\xff", r},
      {"\x80", r},
      {"a\xc3", "a" + r},
      {"\xc3(", r + "("},
      {"\xc0\xaf", r + r},                  // overlong
      {"\xe0\x80\xaf", r + r + r},          // overlong
      {"\xed\xa0\x80", r + r + r},          // surrogate
      {"\xf4\x90\x80\x80", r + r + r + r},  // behind the last code point
      {"\xe2\x82", r},                      // cut short: one sequence
      {"\xf0\x9f\x98x", r + "x"},
      {"\xf5\x80", r + r},
      {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
      {"\xed\x9f\xbf\xee\x80\x80", "\xed\x9f\xbf\xee\x80\x80"},
  };
  for (const auto& [text, expected] : rows)
    CHECK(quoted(text) == "\"" + expected + "\"");
}

TEST_CASE("a line is written in place, and no text takes more room than was promised") {
  std::array<char, 64> room{};
  JsonLine line(room.data());
  line.raw("{\"n\":").number(-12).raw(",\"t\":").quoted("a\"b").raw(std::string_view("}"));
  CHECK(std::string_view(room.data(), line.size()) == R"({"n":-12,"t":"a\"b"})");
  for (int c = 0; c < 256; ++c) {
    const std::string text(3, static_cast<char>(c));
    CHECK(quoted(text).size() <= json_string_bytes_max(text.size()));
  }
}

}  // namespace weir::wire
