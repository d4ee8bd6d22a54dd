#include "telemetry/served_request.h"

#include <map>

#include <doctest/doctest.h>

#include "telemetry/trace_test_kit.h"

namespace weir::telemetry {

TEST_CASE("what is said of a served request is read as attributes, cut and bounded like others") {
  Tracing tracing(1, settings_with(1), 7);
  Tracer& tracer = tracing.tracer(0);
  const std::string long_path(300, 'p'), long_name(256, 'n');
  const auto told = [&](const ServedRequest& request) {
    {
      Trace trace(tracer);
      const SpanRef root = trace.start(edge_request, at(1));
      // All the room that others may take.
      for (int i = 0; i < 200; ++i)
        trace.set(root, AttributeKey::allowed, true);
      trace.finish(at(2), request);
    }
    std::string seen;
    TraceQueue::Batch batch = peek_all(tracer);
    batch.traces.at(0).each_entry([&](const Entry& entry) {
      CHECK(entry.header.span == 0);
      if (entry.header.key == AttributeKey::allowed) return;
      seen.append(name_of(entry.header.key)).append("=");
      if (entry.type() == EntryType::text)
        seen.append(entry.text());
      else
        seen +=
            std::to_string(entry.type() == EntryType::boolean ? entry.boolean() : entry.integer());
      seen += " ";
    });
    CHECK(batch.traces[0].header().dropped_attributes == 200 - Trace::entry_bytes_max / 8);
    tracer.queue().exported(batch);
    return seen;
  };
  CHECK(told({200, 0, RequestRecord::hit, "/a", {"10.0.0.1", 8}, {"shop.example\0\0\0", 12}}) ==
        "http.request.method=GET url.scheme=http url.path=/a client.address=10.0.0.1 "
        "edge.site=shop.example http.response.status_code=200 cache.hit=1 ");
  CHECK(told({503, 9, RequestRecord::secure, "", {}, {}}) ==
        "http.request.method=_OTHER url.scheme=https url.path= http.response.status_code=503 "
        "cache.hit=0 ");
  CHECK(told({400, 0, RequestRecord::malformed, "", {"::1\0\0\0\0", 3}, {}}) ==
        "client.address=::1 http.response.status_code=400 cache.hit=0 ");
  CHECK(told({200, 1, 0, long_path, {long_name.data(), 255}, {long_name.data(), 255}}) ==
        "http.request.method=HEAD url.scheme=http url.path=" + long_path.substr(0, 256) +
            " client.address=" + long_name.substr(0, 255) + " edge.site=" +
            long_name.substr(0, 255) + " http.response.status_code=200 cache.hit=0 ");
}

TEST_CASE("the short record of a plain request says what a long one would") {
  Tracing tracing(1, settings_with(0), 7);
  Tracer& tracer = tracing.tracer(0);
  Random random(3);
  TraceContext sent;
  std::string path;
  // Short and long ones in turn, often around the ring's end.
  for (int number = 0; number < 5000; ++number) {
    const bool plain = random.below(3) != 0;
    path = "/" + std::string(random.below(40), 'p') + std::to_string(number);
    {
      Trace trace(tracer);
      const SpanRef root = trace.start(edge_request, at(number));
      sent = trace.context(root);
      if (!plain) trace.set(root, AttributeKey::allowed, true);
      trace.finish(at(number + 10), {200, 0, RequestRecord::hit, path, {"::1\0\0\0\0", 3}, {}});
    }
    if (number % 16 != 0) continue;
    std::string seen;
    TraceHeader header{};
    SpanRecord span{};
    int count = 0;
    tracer.ring().each_since(at(0), [&](const TraceView& trace) {
      ++count;
      header = trace.header();
      span = trace.span(0);
      seen.clear();
      trace.each_entry([&](const Entry& entry) {
        seen.append(name_of(entry.header.key)).append(" ");
        if (entry.type() == EntryType::text) seen.append(entry.text()).append(" ");
      });
    });
    CHECK(header.span_count == 1);
    CHECK(header.trace == sent.trace);
    CHECK(header.flags == TraceContext::random);
    CHECK(header.reason == KeepReason::none);
    CHECK(header.threshold == threshold_unknown);
    CHECK(header.ended_ns == number + 10);
    CHECK(header.dropped_attributes == 0);
    CHECK(span.decl == &edge_request);
    CHECK(span.id == sent.span.value);
    CHECK(span.parent == 0);
    CHECK(span.start_ns == number);
    CHECK(span.end_ns == number + 10);
    CHECK(span.status == SpanStatus::unset);
    CHECK_FALSE(span.unended);
    CHECK(seen == std::string(plain ? "" : "allowed ") +
                      "http.request.method GET url.scheme http " + "url.path " + path +
                      " client.address ::1 http.response.status_code " + "cache.hit ");
    if (number > 4000) CHECK(count > 300);
  }
}

TEST_CASE("a trace that finishes with its step is recorded as one that is told the time") {
  TelemetrySettings settings = settings_with(0);
  settings.sampling.strategy = SamplingStrategy::fixed;
  Tracing tracing(1, settings, 7);
  Tracer& tracer = tracing.tracer(0);
  const ServedRequest request{200, 0, 0, "/", {}, {}};
  const auto ended = [&] {
    std::vector<int64_t> ended;
    tracer.ring().each_since(
        at(0), [&](const TraceView& trace) { ended.push_back(trace.header().ended_ns); });
    return ended;
  };
  for (int i = 0; i < 3; ++i) {
    Trace trace(tracer);
    trace.start(edge_request, at(1));
    CHECK(trace.finish_with_step(request));
  }
  CHECK(ended().empty());
  CHECK(balanced(tracer));
  tracer.end_step(at(1), at(9));
  CHECK(ended() == std::vector<int64_t>{9, 9, 9});
  {
    Trace trace(tracer);
    const SpanRef root = trace.start(edge_request, at(10));
    trace.set(root, AttributeKey::allowed, true);
    CHECK_FALSE(trace.finish_with_step(request));
    trace.finish(at(12), request);
  }
  CHECK(ended().back() == 12);
}

TEST_CASE("a trace does not finish with its step where it may be kept") {
  const ServedRequest request{200, 0, 0, "/", {}, {}};
  for (const bool tail : {false, true}) {
    TelemetrySettings settings = settings_with(tail ? 0 : 1);
    settings.sampling.strategy = tail ? SamplingStrategy::tail : SamplingStrategy::fixed;
    Tracing tracing(1, settings, 7);
    Trace trace(tracing.tracer(0));
    trace.start(edge_request, at(1));
    CHECK_FALSE(trace.finish_with_step(request));
  }
}

TEST_CASE("durations that are the same are recorded together, each with its kind") {
  Registry registry(1);
  constexpr HistogramDecl decl{
      .name = "kinds", .unit = "s", .help = "By kind.", .labels = {"kind"}};
  const Histogram a = registry.recorder(0).bind(decl, {"a"}),
                  b = registry.recorder(0).bind(decl, {"b"});
  Tracing tracing(1, settings_with(0), 7);
  Tracer& tracer = tracing.tracer(0);
  CHECK_FALSE(tracer.has_step());
  for (const Histogram& kind : {a, b, a})
    tracer.count_with_step(kind, "/");
  CHECK(tracer.has_step());
  CHECK(tracer.step_requests() == 3);
  tracer.end_step(at(100), at(350));
  CHECK_FALSE(tracer.has_step());
  std::map<std::string, HistogramData> seen;
  for (const MetricPoint& point : registry.collect().metrics.at(0).points)
    seen[point.values.at(0)] = std::get<HistogramData>(point.value);
  CHECK(seen["a"].count() == 2);
  CHECK(seen["a"].sum == 500);
  CHECK(seen["b"].count() == 1);
  CHECK(seen["b"].sum == 250);
}

TEST_CASE("what is more than every request says makes the record a long one") {
  Tracing tracing(1, settings_with(0), 7);
  Tracer& tracer = tracing.tracer(0);
  const ServedRequest request{200, 0, 0, "/", {}, {}};
  const auto last = [&] {
    SpanRecord last{};
    TraceHeader header{};
    tracer.ring().each_since(at(0), [&](const TraceView& trace) {
      last = trace.span(0);
      header = trace.header();
    });
    return std::pair(header, last);
  };
  {
    Trace trace(tracer, {.context = {{1, 2}, {3}, TraceContext::random}, .trusted = true});
    trace.start(edge_request, at(1));
    trace.finish(at(2), request);
  }
  CHECK(last().first.remote_parent);
  CHECK(last().second.parent == 3);
  {
    Trace trace(tracer);
    const SpanRef root = trace.start(edge_request, at(1));
    trace.refused(root);
    trace.finish(at(2), request);
  }
  CHECK(last().second.status == SpanStatus::error);
  {
    Trace trace(tracer);
    trace.start(edge_request, at(1));
    trace.end(trace.start(origin_fetch, at(1)), at(2));
    trace.finish(at(2), request);
  }
  CHECK(last().first.span_count == 2);
  CHECK(balanced(tracer));
}

}  // namespace weir::telemetry
