#include "wire/json_text.h"

#include <vector>

#include <doctest/doctest.h>

namespace weir::wire {

namespace {

bool is_json(std::string_view text) {
  return take_json(text).has_value() && text.empty();
}

}  // namespace

TEST_CASE("what RFC 8259 calls JSON is taken, and nothing else") {
  for (const char* text : {"0", "-1.5e+3", " [ ] ", "{}", "null", "\"\\u00e4\\n\"",
                           "{\"a\" : [1, {\"b\":\"\"}], \"a\":true}", "[[[]]]"}) {
    CAPTURE(text);
    CHECK(is_json(text));
  }
  for (const char* text :
       {"",       "01",    "-",       "1.",       ".5",         "1e",      "[1,]",        "[,1]",
        "[1 2]",  "{a:1}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "\"\\x\"", "\"\\u12g4\"", "\"a",
        "\"\n\"", "True",  "nul",     "[",        "]",          "1 2",     "'a'"}) {
    CAPTURE(text);
    CHECK_FALSE(is_json(text));
  }
}

TEST_CASE("a text cut anywhere is no JSON") {
  const std::string text = "{\"url\": \"a\\u0041\", \"list\": [1.5, {}, \"\\\"\"]}";
  REQUIRE(is_json(text));
  for (size_t size = 0; size < text.size(); ++size)
    CHECK_FALSE(is_json(std::string_view(text).substr(0, size)));
}

TEST_CASE("nesting is bounded") {
  const auto nested = [](int depth) {
    return std::string(static_cast<size_t>(depth), '[') +
           std::string(static_cast<size_t>(depth), ']');
  };
  CHECK(is_json(nested(json_depth_max)));
  CHECK_FALSE(is_json(nested(json_depth_max + 2)));
  CHECK_FALSE(is_json(std::string(1'000'000, '[')));
}

TEST_CASE("elements and members are found as they stand in the text") {
  std::vector<std::string_view> seen;
  std::string_view rest = " [1 , [2,3], {\"a\":\"b,]\"} ]";
  each_json_element(*take_json(rest), [&](std::string_view each) { seen.push_back(each); });
  CHECK(seen == std::vector<std::string_view>{"1", "[2,3]", "{\"a\":\"b,]\"}"});
  std::vector<std::string> members;
  each_json_member(seen[2], [&](std::string_view name, std::string_view value) {
    members.push_back(*json_string(name) + "=" + *json_string(value));
  });
  CHECK(members == std::vector<std::string>{"a=b,]"});
  each_json_element("{}", [](std::string_view) { CHECK(false); });
  each_json_member("[]", [](std::string_view, std::string_view) { CHECK(false); });
}

TEST_CASE("the escapes of a string are undone") {
  CHECK(json_string("\"a\\\"\\\\\\/\\b\\f\\n\\r\\tz\"") == "a\"\\/\b\f\n\r\tz");
  CHECK(json_string("\"\\u0041\\u00e4\\u20AC\\ud83d\\ude00\"") ==
        "A\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
  CHECK(json_string("\"\\ud83d!\\ude00\"") == "\xef\xbf\xbd!\xef\xbf\xbd");
  CHECK_FALSE(json_string("1"));
}

}  // namespace weir::wire
