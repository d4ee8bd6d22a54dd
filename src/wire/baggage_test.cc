#include "wire/baggage.h"

#include <array>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace weir::wire {

namespace {

struct Passed {
  std::string list;
  size_t left_out;
};

Passed pass(const std::vector<std::string>& values) {
  std::array<Field, 8> storage;
  Fields fields(storage);
  fields.push("Host", "a");
  for (const std::string& value : values)
    fields.push("baggage", value);
  Buffer out;
  const size_t left_out = append_baggage(out, {fields, KnownField::baggage});
  return {std::string(out.view()), left_out};
}

}  // namespace

TEST_CASE("a list is passed on as it came, without the space around its members") {
  CHECK(pass({"a=1"}).list == "a=1");
  CHECK(pass({"a=1 ,\tb=%20%C3%A9;prop;other = x , c="}).list ==
        "a=1,b=%20%C3%A9;prop;other = x,c=");
  CHECK(pass({"a = 1"}).list == "a = 1");
  CHECK(pass({"a=b=c"}).list == "a=b=c");
}

TEST_CASE("several fields become one list in their order, and one key may come twice") {
  const Passed passed = pass({"a=1,b=2", "", "a=3"});
  CHECK(passed.list == "a=1,b=2,a=3");
  CHECK(passed.left_out == 0);
}

TEST_CASE("without baggage nothing is written") {
  CHECK(pass({}).list.empty());
  CHECK(pass({" , ,"}).list.empty());
}

TEST_CASE("malformed members are left out and counted, the others go on") {
  for (const char* bad : {"nothing", "=1", "a b=1", "a=1 2", "a=\"1\"", "a=1;;b", "a=1;", "a=1;=2",
                          "a=\\", "a(=1", "a=\xc3\xa9", "a=1;p=q r"}) {
    CAPTURE(bad);
    const Passed passed = pass({std::string("first=1,") + bad + ",last=2"});
    CHECK(passed.list == "first=1,last=2");
    CHECK(passed.left_out == 1);
  }
}

TEST_CASE("no more than the limits are passed on") {
  std::string many;
  for (int i = 0; i < 70; ++i)
    many += (i > 0 ? ",k" : "k") + std::to_string(i) + "=v";
  Passed passed = pass({many});
  CHECK(passed.left_out == 6);
  CHECK(passed.list.ends_with(",k63=v"));
  passed = pass({"a=" + std::string(4000, 'x'), "b=" + std::string(4000, 'y'),
                 "c=" + std::string(4000, 'z'), "d=1"});
  CHECK(passed.left_out == 1);
  CHECK(passed.list.size() <= baggage_bytes_max);
  CHECK(passed.list.ends_with(",d=1"));
}

}  // namespace weir::wire
