#include "wire/accept.h"

#include <array>

#include <doctest/doctest.h>

namespace weir::wire {
namespace {

struct Accept {
  std::array<Field, 2> storage;
  Fields fields{storage};
  explicit Accept(std::string_view value) { fields.push("Accept", value); }
};

}  // namespace

TEST_CASE("JSON is preferred where it is asked for more strongly than HTML") {
  for (const char* value :
       {"application/json", "application/*", "APPLICATION/JSON, */*;q=0.5",
        "text/html;q=0.8, application/json;q=0.9", "application/json, text/plain",
        "text/html;q=0, */*", "application/json;charset=utf-8"})
    CHECK_MESSAGE(prefers_json(Accept(value).fields), value);
  for (const char* value :
       {"*/*", "", "text/html", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "application/json, text/html", "application/json;q=0", "application/json;q=2",
        "application/json; q=0.5, text/*", "json", "application/json+x", "*/json"})
    CHECK_MESSAGE(!prefers_json(Accept(value).fields), value);
  CHECK_FALSE(prefers_json(Fields()));
}

TEST_CASE("the most specific range decides, with its weight in thousandths") {
  const Accept accept("text/*;q=0.3, text/html;q=0.7, text/html;level=1, */*;q=0.5");
  CHECK(accept_weight(accept.fields, "text", "html") == 700);
  CHECK(accept_weight(accept.fields, "text", "plain") == 300);
  CHECK(accept_weight(accept.fields, "image", "png") == 500);
  CHECK(accept_weight(Accept("a/b;q=0.123").fields, "a", "b") == 123);
  CHECK(accept_weight(Accept("a/b; Q=1.000").fields, "a", "b") == 1000);
  CHECK(accept_weight(Accept("a/b;q=1.").fields, "a", "b") == 1000);
  for (const char* broken : {"a/b;q=1.001", "a/b;q=0.1234", "a/b;q=.5", "a/b;q=-1", "a/b;q="})
    CHECK_MESSAGE(accept_weight(Accept(broken).fields, "a", "b") == 0, broken);
  CHECK(accept_weight(Fields(), "a", "b") == 1000);
}

}  // namespace weir::wire
