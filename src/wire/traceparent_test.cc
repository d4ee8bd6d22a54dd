#include "wire/traceparent.h"

#include <array>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace weir::wire {
namespace {

constexpr const char* example = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

struct Combined {
  std::string text;
  bool valid;
};

Combined combine(const std::vector<std::string>& values, std::string_view key = {},
                 std::string_view own = {}) {
  std::array<Field, 8> storage;
  Fields fields(storage);
  for (const std::string& value : values)
    fields.push("tracestate", value);
  Buffer out;
  const bool valid = append_tracestate(out, {fields, KnownField::tracestate}, key, own);
  return {std::string(out.view()), valid};
}

}  // namespace

TEST_CASE("a traceparent reads and writes back") {
  const auto context = parse_traceparent(example);
  REQUIRE(context);
  CHECK(context->trace.high == 0x4bf92f3577b34da6u);
  CHECK(context->trace.low == 0xa3ce929d0e0e4736u);
  CHECK(context->span.value == 0x00f067aa0ba902b7u);
  CHECK(context->flags == TraceContext::sampled);
  Buffer out;
  append_traceparent(out, *context);
  CHECK(out.view() == example);
}

TEST_CASE("what is not a traceparent is nothing") {
  for (const char* text : {"", "00", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                           "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                           "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                           "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
                           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
                           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-011",
                           "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                           "0x-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                           "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x"})
    CHECK_MESSAGE(!parse_traceparent(text), text);
}

TEST_CASE("of a later version the known parts are read, and unknown flags are cleared") {
  const auto context =
      parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff-what-the-future");
  REQUIRE(context);
  CHECK(context->flags == (TraceContext::sampled | TraceContext::random));
  CHECK(parse_traceparent("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"));
}

TEST_CASE("two traceparents are as good as none") {
  std::array<Field, 2> storage;
  Fields fields(storage);
  CHECK_FALSE(trace_context_of({fields, KnownField::traceparent}));
  fields.push("Traceparent", example);
  CHECK(trace_context_of({fields, KnownField::traceparent}));
  fields.push("traceparent", example);
  CHECK_FALSE(trace_context_of({fields, KnownField::traceparent}));
}

TEST_CASE("tracestate fields become one list, in order, our own member first") {
  CHECK(combine({"a=1, b=2 ,", "c=3"}).text == "a=1,b=2,c=3");
  CHECK(combine({"a=1,weir=old", "c=3"}, "weir", "new").text == "weir=new,a=1,c=3");
  CHECK(combine({}, "weir", "new").text == "weir=new");
  CHECK(combine({}).text.empty());
  CHECK(combine({"a=\"x y\",1t@v=!~"}).text == "a=\"x y\",1t@v=!~");
}

TEST_CASE("a malformed tracestate is dropped whole") {
  for (const char* value : {"a", "a=", "=1", "A=1", "a=1,a=2", "a =1", "a=b=c", "-a=1", "a=\xc3",
                            "a=1;b=2,c", "a=x\ty"}) {
    const Combined combined = combine({"z=1", value}, "weir", "w");
    CHECK_MESSAGE(!combined.valid, value);
    CHECK(combined.text == "weir=w");
  }
  for (const char* key : {"a@", "@a", "a@@b", "a@b@c", "a@1", "a@_b"})
    CHECK_MESSAGE(!is_tracestate_key(key), key);
  CHECK(is_tracestate_key(std::string(241, '1') + "@" + std::string(14, 's')));
  CHECK_FALSE(is_tracestate_key(std::string(242, '1') + "@s"));
  CHECK_FALSE(is_tracestate_key("1@" + std::string(15, 's')));
  CHECK_FALSE(combine({std::string(257, 'a') + "=1"}).valid);
  CHECK(combine({std::string(256, 'a') + "=" + std::string(256, 'v')}).valid);
}

TEST_CASE("tracestate has at most 32 members, and ours displaces the last") {
  std::string list;
  for (int i = 0; i < 32; ++i)
    list += (i ? ",k" : "k") + std::to_string(i) + "=v";
  CHECK(combine({list}).text == list);
  CHECK(combine({list}, "weir", "w").text == "weir=w," + list.substr(0, list.rfind(',')));
  CHECK_FALSE(combine({list, "k32=v"}).valid);
}

}  // namespace weir::wire
