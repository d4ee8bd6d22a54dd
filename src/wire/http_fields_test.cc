#include "wire/http_fields.h"

#include <array>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace weir::wire {
namespace {

std::vector<std::string> elements(ListElements list, bool* malformed = nullptr) {
  std::vector<std::string> found;
  for (std::string_view element; list.next(element);)
    found.emplace_back(element);
  if (malformed) *malformed = list.malformed();
  return found;
}

}  // namespace

TEST_CASE("every known field is found by its name in any case, and nothing near it is") {
  for (size_t i = 1; i < known_field_count; ++i) {
    const auto id = static_cast<KnownField>(i);
    std::string name(field_name(id));
    CHECK(known_field(name) == id);
    for (char& c : name)
      c = static_cast<char>(std::toupper(c));
    CHECK(known_field(name) == id);
    CHECK(known_field(name + "x") != id);
    CHECK(known_field(name.substr(1)) != id);
    for (size_t at = 0; at < name.size(); ++at) {
      std::string other = name;
      other[at] = other[at] == '-' ? '_' : '-';
      CHECK(known_field(other) != id);
    }
  }
}

TEST_CASE("names that are not known are unknown") {
  for (const char* name : {"", "x", "content-lengtg", "hosts", "x-very-long-name-that-nobody-knows",
                           "Content_Length", "content-length2"})
    CHECK(known_field(name) == KnownField::unknown);
}

TEST_CASE("fields keep their order and are found by number and by name") {
  std::array<Field, 4> storage;
  Fields fields(storage);
  CHECK(fields.push("Host", "a"));
  CHECK(fields.push("X-Own", "1"));
  CHECK(fields.push("Via", "one"));
  CHECK(fields.push("via", "two"));
  CHECK_FALSE(fields.push("Fifth", "too many"));
  CHECK(fields.size() == 4);
  CHECK(fields.value(KnownField::via) == "one");
  CHECK(fields.count(KnownField::via) == 2);
  CHECK(fields.repeated(KnownField::via));
  CHECK_FALSE(fields.repeated(KnownField::host));
  CHECK(fields.find("x-oWN")->value == "1");
  CHECK(fields.find("none") == nullptr);
  CHECK(fields.find(KnownField::cookie) == nullptr);
  fields.clear();
  CHECK(fields.empty());
  CHECK_FALSE(fields.has(KnownField::via));
}

TEST_CASE("list elements come in order across fields, trimmed, without empty ones") {
  std::array<Field, 4> storage;
  Fields fields(storage);
  fields.push("Via", " a ,,b\t");
  fields.push("Host", "x,y");
  fields.push("via", "");
  fields.push("VIA", "c,");
  CHECK(elements({fields, KnownField::via}) == std::vector<std::string>{"a", "b", "c"});
  CHECK(elements({fields, KnownField::cookie}).empty());
  CHECK(list_contains(fields, KnownField::via, "B"));
  CHECK_FALSE(list_contains(fields, KnownField::via, "d"));
}

TEST_CASE("a comma in a quoted string does not separate, and quotes must be closed") {
  bool malformed = true;
  CHECK(elements(ListElements(R"(a="x,\",y", b)"), &malformed) ==
        std::vector<std::string>{R"(a="x,\",y")", "b"});
  CHECK_FALSE(malformed);
  CHECK(elements(ListElements(R"(a, "b,c)"), &malformed) == std::vector<std::string>{"a"});
  CHECK(malformed);
  CHECK(elements(ListElements("\"a\\\""), &malformed).empty());
  CHECK(malformed);
}

}  // namespace weir::wire
