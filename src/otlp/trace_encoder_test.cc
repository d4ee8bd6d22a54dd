#include "otlp/trace_encoder.h"

#include "otlp/otlp_test_kit.h"

namespace weir::otlp::test {

using telemetry::AttributeKey;
using telemetry::SpanStatus;
using telemetry::Trace;
using telemetry::Tracer;
using telemetry::Tracing;
using Texts = std::vector<std::string>;

namespace {

constexpr telemetry::EventDecl retry_event{"retry"};
constexpr telemetry::EventDecl reset_event{"reset"};

Resource resource() {
  return {.attributes = {{"service.name", "edge-service"}, {"node.id", "n\xff"}},
          .program_version = "1.2.3"};
}

std::string encode(Tracing& tracing, size_t bytes_max = 1 << 20) {
  TraceEncoder encoder(resource(), tracing);
  encoder.begin(bytes_max);
  for (const auto& trace : peek_all(tracing.tracer(0)).traces)
    CHECK(encoder.add(trace));
  return std::string(encoder.end());
}

std::string id_bytes(uint64_t id) {
  std::string bytes(8, '\0');
  for (size_t i = 0; i < 8; ++i)
    bytes[i] = static_cast<char>(id >> (56 - 8 * i));
  return bytes;
}

}  // namespace

TEST_CASE("a request names resource and scope once, as valid text") {
  Tracing tracing(1, telemetry_with(1), 7);
  record_request(tracing.tracer(0));
  record_request(tracing.tracer(0));
  const std::string request = encode(tracing);
  const Fields resource_spans = decode(one(decode(request), 1));
  CHECK(attributes(decode(one(resource_spans, 1)), 1) ==
        Texts{"service.name=text:edge-service", "node.id=text:n?"});
  const Fields scope = decode(one(decode(one(resource_spans, 2)), 1));
  CHECK(one(scope, 1) == "weir");
  CHECK(one(scope, 2) == "1.2.3");
  CHECK(spans_of(request).size() == 4);
}

TEST_CASE("spans carry ids, parent, name, kind, times, attributes, flags and status") {
  Tracing tracing(1, telemetry_with(1), 7);
  tracing.set_clock(at(0), WallTime(Duration(1'700'000'000'000'000'000)));
  TraceId id;
  {
    Trace trace(tracing.tracer(0));
    id = trace.id();
    const auto root = trace.start(request_span, at(1000));
    trace.set(root, AttributeKey::url_path, "/\xc3\xa4\xff");
    trace.set(root, AttributeKey::cache_hit, false);
    const auto fetch = trace.start(fetch_span, at(1100));
    trace.set(fetch, AttributeKey::http_response_status_code, -503);
    trace.set(fetch, AttributeKey::quantity, 2.5);
    trace.set(root, AttributeKey::allowed, true);
    trace.status(fetch, SpanStatus::error, "503 from origin");
    trace.end(fetch, at(1200));
    trace.status(root, SpanStatus::ok);
    trace.end(root, at(1300));
  }
  const std::vector<Fields> spans = spans_of(encode(tracing));
  REQUIRE(spans.size() == 2);
  const Fields& root = spans[0];
  const Fields& fetch = spans[1];
  CHECK(one(root, 1) == id_bytes(id.high) + id_bytes(id.low));
  CHECK(one(fetch, 1) == one(root, 1));
  CHECK(one(root, 2).size() == 8);
  CHECK(root.count(4) == 0);
  CHECK(one(fetch, 4) == one(root, 2));
  CHECK(one(root, 5) == "edge.request");
  CHECK(one(fetch, 5) == "origin.fetch");
  CHECK(number_of(one(root, 6)) == 2);
  CHECK(number_of(one(fetch, 6)) == 3);
  CHECK(number_of(one(root, 7)) == 1'700'000'000'000'001'000);
  CHECK(number_of(one(root, 8)) == 1'700'000'000'000'001'300);
  CHECK(attributes(root, 9) ==
        Texts{"url.path=text:/\xc3\xa4?", "cache.hit=bool:0", "allowed=bool:1"});
  CHECK(attributes(fetch, 9) ==
        Texts{"http.response.status_code=int:-503", "quantity=double:2.500000"});
  const Fields failed = decode(one(fetch, 15));
  CHECK(one(failed, 2) == "503 from origin");
  CHECK(number_of(one(failed, 3)) == 2);
  CHECK(number_of(one(decode(one(root, 15)), 3)) == 1);
  // Sampled and random by W3C; whether the parent is remote is known: it is not.
  CHECK(number_of(one(root, 16)) == 0x103);
  CHECK(number_of(one(fetch, 16)) == 0x103);
  CHECK(one(root, 3) == "ot=th:0");
}

TEST_CASE("events keep their own attributes and links their ids") {
  Tracing tracing(1, telemetry_with(1), 7);
  {
    Trace trace(tracing.tracer(0));
    const auto root = trace.start(request_span, at(1000));
    const auto fetch = trace.start(fetch_span, at(1000));
    trace.event(fetch, retry_event, at(1050));
    trace.set(fetch, AttributeKey::allowed, true);
    trace.event(root, reset_event, at(1055));
    trace.set_on_event(fetch, AttributeKey::reason, "reset");
    trace.set_on_event(fetch, AttributeKey::quantity, int64_t{2});
    trace.event(fetch, reset_event, at(1060));
    trace.link(root, {{1, 2}, {3}, 1});
    trace.end(root, at(1100));
  }
  const std::vector<Fields> spans = spans_of(encode(tracing));
  REQUIRE(spans.size() == 2);
  const Texts events = each(spans[1], 11);
  REQUIRE(events.size() == 2);
  CHECK(number_of(one(decode(events[0]), 1)) == 1050);
  CHECK(one(decode(events[0]), 2) == "retry");
  CHECK(attributes(decode(events[0]), 3) == Texts{"reason=text:reset", "quantity=int:2"});
  CHECK(one(decode(events[1]), 2) == "reset");
  CHECK(decode(events[1]).count(3) == 0);
  CHECK(attributes(spans[1], 9) == Texts{"allowed=bool:1"});
  CHECK(each(spans[0], 11).size() == 1);
  const Fields link = decode(one(spans[0], 13));
  CHECK(one(link, 1) == id_bytes(1) + id_bytes(2));
  CHECK(one(link, 2) == id_bytes(3));
  CHECK(number_of(one(link, 6)) == 1);
}

TEST_CASE("the rate travels as the threshold, and what is kept for certain stands for one") {
  Tracing tracing(1, telemetry_with(0.01), 7);
  for (int i = 0; i < 1000; ++i)
    record_request(tracing.tracer(0));
  {
    Trace trace(tracing.tracer(0));
    trace.keep();
    trace.end(trace.start(request_span, at(1)), at(2));
  }
  const std::vector<Fields> spans = spans_of(encode(tracing));
  REQUIRE(spans.size() > 2);
  for (size_t i = 0; i + 1 < spans.size(); ++i)
    CHECK(one(spans[i], 3) == "ot=th:fd70a");
  CHECK(one(spans.back(), 3) == "ot=th:0");
}

TEST_CASE("a parent in another process is marked remote, on the local root only") {
  Tracing tracing(1, telemetry_with(0), 7);
  {
    const TraceContext parent{{1, 2}, {3}, TraceContext::sampled};
    Trace trace(tracing.tracer(0), {.context = parent, .trusted = true});
    const auto root = trace.start(request_span, at(1));
    trace.start(fetch_span, at(2));
    trace.end(root, at(3));
  }
  const std::vector<Fields> spans = spans_of(encode(tracing));
  REQUIRE(spans.size() == 2);
  CHECK(one(spans[0], 4) == id_bytes(3));
  CHECK(number_of(one(spans[0], 16)) == 0x301);
  CHECK(number_of(one(spans[1], 16)) == 0x101);
}

TEST_CASE("attributes without room are counted on the local root") {
  Tracing tracing(1, telemetry_with(1), 7);
  {
    Trace trace(tracing.tracer(0));
    const auto root = trace.start(request_span, at(1));
    for (int i = 0; i < 10; ++i)
      trace.set(root, AttributeKey::url_path, std::string(256, 'p'));
    trace.end(root, at(2));
  }
  const std::vector<Fields> spans = spans_of(encode(tracing));
  REQUIRE(spans.size() == 1);
  CHECK(each(spans[0], 9).size() + number_of(one(spans[0], 10)) == 10);
}

TEST_CASE("a request stays within its bytes, and a trace is in it whole or not at all") {
  Tracing tracing(1, telemetry_with(1), 7);
  for (int i = 0; i < 100; ++i)
    record_request(tracing.tracer(0), std::string(static_cast<size_t>(i) * 2, 'p'));
  const auto batch = peek_all(tracing.tracer(0));
  TraceEncoder encoder(resource(), tracing);
  for (size_t bytes_max = 1000; bytes_max < 40'000; bytes_max += 777) {
    encoder.begin(bytes_max);
    size_t fitting = 0;
    while (fitting < batch.traces.size() && encoder.add(batch.traces[fitting]))
      ++fitting;
    const std::string_view request = encoder.end();
    CHECK(request.size() <= bytes_max);
    CHECK(spans_of(request).size() == 2 * fitting);
  }
}

TEST_CASE("a stranger's trace tells the randomness that we drew for it") {
  Tracing tracing(1, telemetry_with(1), 7);
  Tracer& tracer = tracing.tracer(0);
  uint64_t randomness = 0;
  {
    Trace trace(tracer, {.context = {{1, 2}, {3}, 1}});
    trace.end(trace.start(request_span, at(1)), at(2));
    randomness = trace.randomness();
  }
  TraceEncoder encoder(resource(), tracing);
  encoder.begin(1 << 20);
  REQUIRE(encoder.add(peek_all(tracer).traces[0]));
  char expected[40];
  std::snprintf(expected, sizeof expected, "ot=th:0;rv:%014lx", randomness);
  CHECK(one(spans_of(encoder.end())[0], 3) == expected);
}

}  // namespace weir::otlp::test
