#include "telemetry/served_request.h"

#include <map>
#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "telemetry/trace_test_kit.h"

namespace weir::telemetry {

namespace {

// One shard, of which more or less is shed.
class Shard {
 public:
  explicit Shard(double rate) : tracer_(table(rate), settings(rate), shed, {0, 1}, 7) {}
  Tracer& tracer() { return tracer_; }
  uint64_t dropped(DropReason reason) const {
    return tracer_.account().dropped[static_cast<size_t>(reason)];
  }

  std::atomic<ShedStep> shed{ShedStep::none};

 private:
  static TelemetrySettings settings(double rate) {
    TelemetrySettings settings = settings_with(rate);
    settings.sampling.strategy = SamplingStrategy::fixed;
    return settings;
  }
  static std::shared_ptr<SamplingTable> table(double rate) {
    return std::make_shared<SamplingTable>(settings(rate).sampling, 1);
  }

  Tracer tracer_;
};

constexpr ServedRequest a_hit{200, 0, RequestRecord::hit, "/a", {"10.0.0.1", 8}, {"shop\0\0\0", 4}};

constexpr std::array shed_steps{ShedStep::none,        ShedStep::log_events,
                                ShedStep::exemplars,   ShedStep::attributes,
                                ShedStep::child_spans, ShedStep::sampled_traces};
static_assert(shed_steps.size() == shed_step_names.size());

std::string said_of(const TraceView& trace) {
  std::string said;
  trace.each_entry([&](const Entry& entry) { said.append(name_of(entry.header.key)).append(" "); });
  return said;
}

constexpr std::string_view all_of_a_hit =
    "http.request.method url.scheme url.path client.address edge.site http.response.status_code "
    "cache.hit ";

}  // namespace

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

TEST_CASE("hits of one step have their short records whatever is shed meanwhile, and all count") {
  Shard shard(0);
  Tracer& tracer = shard.tracer();
  constexpr uint64_t each = 10;
  for (const ShedStep step : shed_steps) {
    shard.shed = step;
    for (uint64_t i = 0; i < each; ++i) {
      Trace trace(tracer);
      trace.start(edge_request, at(1));
      CHECK(trace.finish_with_step(a_hit));
    }
  }
  CHECK(balanced(tracer));
  tracer.end_step(at(1), at(9));
  uint64_t records = 0;
  tracer.ring().each_since(at(0), [&](const TraceView& trace) {
    ++records;
    CHECK(trace.header().ended_ns == 9);
    CHECK(trace.header().dropped_attributes == 0);
    CHECK(said_of(trace) == all_of_a_hit);
  });
  CHECK(records == each * shed_steps.size());
  CHECK(tracer.created() == records);
  CHECK(shard.dropped(DropReason::not_sampled) == records);
  CHECK(tracer.account().open == 0);
  CHECK(tracer.queue().spans_held() == 0);
  CHECK(balanced(tracer));
}

TEST_CASE("of a hit that the rate keeps, what is shed is absent and counted") {
  for (const ShedStep step : shed_steps) {
    CAPTURE(shed_step_names[static_cast<size_t>(step)]);
    Shard shard(1);
    Tracer& tracer = shard.tracer();
    shard.shed = step;
    {
      Trace trace(tracer);
      const SpanRef root = trace.start(edge_request, at(1));
      trace.set(root, AttributeKey::allowed, true);
      trace.end(trace.start(origin_fetch, at(2)), at(3));
      CHECK_FALSE(trace.finish_with_step(a_hit));
      trace.finish(at(4), a_hit);
    }
    const bool kept = step < ShedStep::sampled_traces;
    const bool with_attributes = step < ShedStep::attributes;
    const uint64_t spans = step < ShedStep::child_spans ? 2 : 1;
    uint64_t records = 0;
    const auto check = [&](const TraceView& trace) {
      ++records;
      CHECK(trace.header().dropped_attributes == (with_attributes ? 0 : 8));
      CHECK(trace.span_count() == spans);
      CHECK(said_of(trace) == (with_attributes ? "allowed " + std::string(all_of_a_hit) : ""));
    };
    tracer.ring().each_since(at(0), check);
    const TraceQueue::Batch batch = peek_all(tracer);
    for (const TraceView& trace : batch.traces)
      check(trace);
    CHECK(records == (kept ? 2 : 1));
    CHECK(batch.spans == (kept ? spans : 0));
    CHECK(tracer.created() == 2);
    CHECK(tracer.kept(KeepReason::rate) == (kept ? 1 : 0));
    CHECK(shard.dropped(DropReason::shed) == 2 - batch.spans);
    const size_t bucket = Exemplars::bucket_of(3);
    CHECK(tracer.exemplars().at(bucket).has_value() == (step < ShedStep::exemplars));
    CHECK(balanced(tracer));
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
