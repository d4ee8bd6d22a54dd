#include "wire/propagation.h"

#include <array>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "wire/baggage.h"

namespace weir::wire {
namespace {

using Headers = std::vector<MessageHeader>;

constexpr std::string_view parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03";
constexpr TraceContext span{{0x0123456789abcdef, 0xfedcba9876543210}, {0x1122334455667788}, 3};
constexpr std::string_view span_text = "00-0123456789abcdeffedcba9876543210-1122334455667788-03";

std::string list_of(HeaderValues values) {
  std::string list;
  for (std::string_view value; values.next(value);)
    list.append(value).append("|");
  return list;
}

// The headers of a record, with room for `capacity`, after an injection.
struct Record {
  explicit Record(const Headers& given, size_t capacity = 8) : storage(capacity), headers(storage) {
    for (const MessageHeader& header : given)
      REQUIRE(headers.push(header));
  }
  Injected inject(const LocalContext& local, const RemoteContext& remote) {
    return inject_context(headers, text, local, remote);
  }
  Headers seen() const { return {headers.view().begin(), headers.view().end()}; }

  std::vector<MessageHeader> storage;
  MessageHeaders headers;
  Buffer text;
};

}  // namespace

TEST_CASE("the context of a trusted producer's record is read from its headers") {
  const Headers headers{{"id", "7"},
                        {"traceparent", parent},
                        {"tracestate", "a=1,ot=th:8;x:y"},
                        {"baggage", "user=alice"}};
  const RemoteContext remote = extract_context(headers, true);
  REQUIRE(remote.parent);
  CHECK(remote.parent->trace == TraceId{0x4bf92f3577b34da6, 0xa3ce929d0e0e4736});
  CHECK(remote.parent->span == SpanId{0x00f067aa0ba902b7});
  CHECK(remote.parent->flags == (TraceContext::sampled | TraceContext::random));
  CHECK(remote.ot == "th:8;x:y");
  CHECK(list_of(remote.tracestate) == "a=1,ot=th:8;x:y|");
  CHECK(list_of(remote.baggage) == "user=alice|");
}

TEST_CASE("a producer who is not trusted has its trace continued, and nothing else believed") {
  const Headers headers{
      {"traceparent", parent}, {"tracestate", "a=1,ot=th:8;x:y"}, {"baggage", "user=alice"}};
  const RemoteContext remote = extract_context(headers, false);
  REQUIRE(remote.parent);
  CHECK(remote.parent->flags == TraceContext::random);
  CHECK(remote.ot.empty());
  CHECK(list_of(remote.baggage).empty());
  Record record({});
  CHECK(record.inject({span, {}}, remote).complete);
  CHECK(record.seen() == Headers{{"traceparent", span_text}, {"tracestate", "a=1"}});
}

TEST_CASE("a record without headers, and one with others, say nothing") {
  for (const Headers& headers : {Headers{}, Headers{{"id", "7"}, {"", ""}, {"trace", std::nullopt}},
                                 Headers{{"Traceparent", parent}, {"TRACEPARENT", parent}}}) {
    const RemoteContext remote = extract_context(headers, true);
    CHECK_FALSE(remote.parent);
    CHECK(remote.ot.empty());
    CHECK(list_of(remote.tracestate).empty());
    CHECK(list_of(remote.baggage).empty());
  }
}

TEST_CASE("a traceparent that is malformed, null or one of several is none, and tracestate ends") {
  for (const Headers& parents :
       {Headers{{"traceparent", parent}, {"traceparent", parent}},
        Headers{{"traceparent", parent}, {"traceparent", std::nullopt}},
        Headers{{"traceparent", std::nullopt}}, Headers{{"traceparent", ""}},
        Headers{{"traceparent", "00-4bf92f"}},
        Headers{{"traceparent", std::string_view("\0\xff\r\n", 4)}},
        Headers{{"traceparent", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03"}}}) {
    Headers headers = parents;
    headers.push_back({"tracestate", "a=1,ot=th:8"});
    headers.push_back({"baggage", "user=alice"});
    const RemoteContext remote = extract_context(headers, true);
    CHECK_FALSE(remote.parent);
    CHECK(remote.ot.empty());
    CHECK(list_of(remote.tracestate).empty());
    CHECK(list_of(remote.baggage) == "user=alice|");
  }
  const Headers spaced{
      {"traceparent", " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03\t"}};
  CHECK(extract_context(spaced, false).parent);
}

TEST_CASE("several tracestate and baggage headers go on as one list each, in their order") {
  const Headers headers{{"tracestate", "a=1, b=2"},  {"baggage", "x=1"},
                        {"traceparent", parent},     {"tracestate", std::nullopt},
                        {"baggage", std::nullopt},   {"tracestate", "ot=th:8;x:y,c=3"},
                        {"baggage", "=broken , x=2"}};
  Record record({});
  const Injected injected =
      record.inject({span, {.threshold = uint64_t{0xc} << 52}}, extract_context(headers, true));
  CHECK(injected.complete);
  CHECK(injected.baggage_left_out == 1);
  CHECK(record.seen() == Headers{{"traceparent", span_text},
                                 {"tracestate", "ot=th:c;x:y,a=1,b=2,c=3"},
                                 {"baggage", "x=1,x=2"}});
}

TEST_CASE("a malformed tracestate ends here whole, and its trace goes on") {
  const Headers headers{
      {"traceparent", parent}, {"tracestate", "a=1,ot=th:8"}, {"tracestate", "a=2"}};
  const RemoteContext remote = extract_context(headers, true);
  CHECK(remote.parent);
  CHECK(remote.ot.empty());
  Record record({});
  CHECK(record.inject({span, {}}, remote).complete);
  CHECK(record.seen() == Headers{{"traceparent", span_text}});
}

TEST_CASE("of what is too large no more than the limits goes on") {
  Headers headers{{"traceparent", parent}};
  std::vector<std::string> members;
  for (int i = 0; i < 100; ++i)
    members.push_back("k" + std::to_string(i) + "=" + std::string(100, 'v'));
  for (const std::string& member : members) {
    headers.push_back({"tracestate", member});
    headers.push_back({"baggage", member});
  }
  const std::string huge = "huge=" + std::string(1 << 20, 'v');
  headers.push_back({"baggage", huge});
  Record record({});
  const Injected injected = record.inject({span, {}}, extract_context(headers, true));
  CHECK(injected.complete);
  CHECK(injected.baggage_left_out == 101 - baggage_members_max);
  const Headers seen = record.seen();
  REQUIRE(seen.size() == 2);
  CHECK(seen[1].key == "baggage");
  CHECK(seen[1].value.value().size() <= baggage_bytes_max);
}

TEST_CASE("what a record says is read back as it was put in") {
  const Headers came{
      {"traceparent", parent}, {"tracestate", "a=1,ot=q:r"}, {"baggage", "user=alice;p"}};
  const OtState sampling{uint64_t{0xfd70a} << 36, 0x00112233445566};
  Record record({});
  CHECK(record.inject({span, sampling}, extract_context(came, true)).complete);
  const RemoteContext read = extract_context(record.headers.view(), true);
  REQUIRE(read.parent);
  CHECK(read.parent->trace == span.trace);
  CHECK(read.parent->span == span.span);
  CHECK(read.parent->flags == span.flags);
  CHECK(parse_ot_state(read.ot) == sampling);
  CHECK(read.ot.ends_with(";q:r"));
  CHECK(list_of(read.tracestate).ends_with(",a=1|"));
  CHECK(list_of(read.baggage) == "user=alice;p|");
}

TEST_CASE("a record that is sent on has its context replaced, and its other headers kept") {
  Record record({{"traceparent", parent},
                 {"id", "7"},
                 {"baggage", "x=1"},
                 {"traceparent", parent},
                 {"Traceparent", "of somebody else"},
                 {"tracestate", "a=1"},
                 {"tracestate", std::nullopt},
                 {"none", std::nullopt}});
  // Without room to spare, and from its own headers.
  CHECK(record.inject({span, {}}, extract_context(record.headers.view(), true)).complete);
  const Headers once{{"id", "7"},
                     {"Traceparent", "of somebody else"},
                     {"none", std::nullopt},
                     {"traceparent", span_text},
                     {"baggage", "x=1"}};
  CHECK(record.seen() == once);
  Buffer other;
  CHECK(inject_context(record.headers, other, {span, {}},
                       extract_context(record.headers.view(), true))
            .complete);
  CHECK(record.seen() == once);
}

TEST_CASE("where no trace is recorded and none came, nothing old is left to be believed") {
  Record record({{"traceparent", "broken"}, {"tracestate", "a=1"}, {"baggage", "x=1"}});
  CHECK(record.inject({}, extract_context(record.headers.view(), true)).complete);
  CHECK(record.seen() == Headers{{"baggage", "x=1"}});
}

TEST_CASE("where headers have no room for all, the first of them are there, and it is told") {
  const Headers came{{"traceparent", parent}, {"tracestate", "a=1"}, {"baggage", "x=1"}};
  for (size_t capacity = 1; capacity <= 4; ++capacity) {
    Record record({{"id", "7"}}, capacity);
    CHECK(record.inject({span, {}}, extract_context(came, true)).complete == (capacity == 4));
    Headers expected{
        {"id", "7"}, {"traceparent", span_text}, {"tracestate", "a=1"}, {"baggage", "x=1"}};
    expected.resize(capacity);
    CHECK(record.seen() == expected);
  }
}

TEST_CASE("fields of HTTP and headers of records say the same") {
  const std::vector<std::pair<std::string_view, std::string_view>> said{
      {"traceparent", parent},
      {"tracestate", "a=1,ot=th:8"},
      {"baggage", "x=1"},
      {"tracestate", "b=2"},
      {"baggage", "broken,y=2"}};
  std::array<Field, 8> storage;
  Fields fields(storage);
  Headers headers;
  for (const auto& [name, value] : said) {
    fields.push(name, value);
    headers.push_back({name, value});
  }
  for (const bool trusted : {false, true}) {
    Record of_fields({}), of_headers({});
    const Injected one = of_fields.inject({span, {}}, extract_context(fields, trusted));
    const Injected other = of_headers.inject({span, {}}, extract_context(headers, trusted));
    CHECK(one.baggage_left_out == other.baggage_left_out);
    CHECK(of_fields.seen() == of_headers.seen());
  }
}

}  // namespace weir::wire
