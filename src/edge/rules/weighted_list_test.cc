#include "edge/rules/weighted_list.h"

#include <doctest/doctest.h>

#include "edge/rules/head_test_kit.h"

namespace weir::edge {
namespace {

std::string sorted(std::string_view lines) {
  const TestFields fields(lines);
  WeightedList list;
  if (!list.read(fields, wire::KnownField::accept_language)) return "malformed";
  list.sort();
  std::string out;
  for (const WeightedList::Entry& entry : list.all())
    out += std::string(entry.name) + "=" + std::to_string(entry.weight) + " ";
  return out;
}

std::string of(const std::string& value) {
  return sorted("Accept-Language: " + value);
}

}  // namespace

TEST_CASE("names come by weight, equals by name, each once") {
  CHECK(of("b, a;q=0.5, C") == "b=1000 C=1000 a=500 ");
  CHECK(of("a;q=0.1, A;q=0.9") == "a=100 ");
  CHECK(of("a ; q=0.123, b;Q=0, c;q=1.000") == "c=1000 a=123 b=0 ");
  CHECK(sorted("Accept-Language: a\nX: y\nAccept-Language: b;q=0.5") == "a=1000 b=500 ");
  CHECK(sorted("X: y").empty());
}

TEST_CASE("weights have at most three digits and are at most one (RFC 9110 12.4.2)") {
  for (const char* wrong : {"a;q=2", "a;q=1.1", "a;q=0.1234", "a;q=", "a;q=x", "a;q=.5", "a;x=1",
                            "a;q=0.5;x=1", "a b", "(a)", ";q=1", "a, \"b"})
    CHECK_MESSAGE(of(wrong) == "malformed", wrong);
}

TEST_CASE("a list that is too long is told so") {
  std::string many = "a0";
  for (size_t i = 1; i < WeightedList::entries_max; ++i)
    many += ",a" + std::to_string(i);
  CHECK(of(many) != "malformed");
  CHECK(of(many + ",b") == "malformed");
}

}  // namespace weir::edge
