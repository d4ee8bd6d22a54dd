// Where spans are, seen while shards and exporter run, and what is left out to save CPU.
#include "telemetry/span_account.h"

#include <thread>

#include <doctest/doctest.h>

#include "base/units.h"
#include "settings/load.h"
#include "telemetry/trace.h"

namespace weir::telemetry {

namespace {

constexpr SpanDecl request_span{"edge.request", SpanKind::server};
constexpr SpanDecl fetch_span{"origin.fetch", SpanKind::client};

TelemetrySettings settings_with(double rate) {
  TelemetrySettings settings = settings::defaults(telemetry_settings());
  settings.sampling.rate = rate;
  settings.flight_recorder_bytes = 64 * KiB;
  settings.queue_spans_max = 100;
  return settings;
}

void serve(Tracer& tracer, MonoTime now, bool error = false) {
  Trace trace(tracer);
  const SpanRef root = trace.start(request_span, now);
  trace.set(root, AttributeKey::url_path, "/a");
  trace.end(trace.start(fetch_span, now), now);
  if (error) trace.status(root, SpanStatus::error, "failed");
  trace.end(root, now);
}

// Takes what is queued: traces, and their spans and attributes.
struct Taken {
  size_t traces = 0, spans = 0, attributes = 0;
};
Taken take(Tracer& tracer) {
  TraceQueue::Batch batch;
  tracer.queue().peek(UINT64_MAX, UINT64_MAX, batch);
  Taken taken{batch.traces.size(), batch.spans, 0};
  for (const TraceView& trace : batch.traces)
    trace.each_entry([&](const Entry&) { ++taken.attributes; });
  tracer.queue().exported(batch);
  return taken;
}

// One shard whose telemetry has cost so much that every second one more detail is shed.
class Overloaded {
 public:
  Overloaded() : tracing(1, settings_with(1), 7) {
    (void)tracing.tick(now);
    tracing.count_cost(CostPart::scraping, seconds(20));
  }
  ShedStep shed_until(ShedStep step) {
    ShedStep reached = tracer().shedding();
    for (int second = 0; second < 10 && reached < step; ++second)
      if (const auto change = tracing.tick(now += seconds(1))) reached = change->now;
    return reached;
  }
  Tracer& tracer() { return tracing.tracer(0); }

  MonoTime now{seconds(1000)};
  Tracing tracing;
};

}  // namespace

TEST_CASE("spans are all accounted for at any moment, while shard and exporter work") {
  Tracing tracing(1, settings_with(0.5), 7);
  Tracer& tracer = tracing.tracer(0);
  std::atomic<bool> done{false};
  std::thread shard([&] {
    for (int64_t i = 0; !done; ++i)
      serve(tracer, MonoTime(Duration(i * 1000)));
  });
  std::thread exporter([&] {
    TraceQueue::Batch batch;
    for (uint64_t i = 0; !done; ++i) {
      tracer.queue().peek(50, UINT64_MAX, batch);
      if (i % 3 == 0)
        tracer.queue().failed(batch);
      else
        tracer.queue().exported(batch, batch.spans / 2);
    }
  });
  SpanAccount last;
  const auto patience = std::chrono::steady_clock::now() + seconds(30);
  for (int read = 0; read < 20'000 || last.created == 0; ++read) {
    REQUIRE(std::chrono::steady_clock::now() < patience);
    const SpanAccount account = tracing.account();
    REQUIRE(account.unaccounted() == 0);
    REQUIRE(account.open <= 2);
    REQUIRE(account.queued <= 100);
    REQUIRE(account.created >= last.created);
    REQUIRE(account.exported >= last.exported);
    last = account;
  }
  done = true;
  shard.join();
  exporter.join();
  CHECK(tracing.account().open == 0);
}

TEST_CASE("too costly: attributes, then child spans, then what only the rate keeps are left out") {
  Overloaded world;
  serve(world.tracer(), world.now);
  Taken taken = take(world.tracer());
  CHECK(taken.spans == 2);
  CHECK(taken.attributes == 1);
  REQUIRE(world.shed_until(ShedStep::attributes) == ShedStep::attributes);
  serve(world.tracer(), world.now);
  taken = take(world.tracer());
  CHECK(taken.spans == 2);
  CHECK(taken.attributes == 0);
  REQUIRE(world.shed_until(ShedStep::child_spans) == ShedStep::child_spans);
  serve(world.tracer(), world.now);
  CHECK(take(world.tracer()).spans == 1);
  REQUIRE(world.shed_until(ShedStep::sampled_traces) == ShedStep::sampled_traces);
  serve(world.tracer(), world.now);
  CHECK(take(world.tracer()).traces == 0);
  const SpanAccount account = world.tracing.account();
  CHECK(account.dropped[static_cast<size_t>(DropReason::shed)] == 1 + 2);
  CHECK(account.unaccounted() == 0);
}

TEST_CASE("errors are kept whatever is shed, and everything goes on being counted") {
  Overloaded world;
  REQUIRE(world.shed_until(ShedStep::sampled_traces) == ShedStep::sampled_traces);
  serve(world.tracer(), world.now, true);
  serve(world.tracer(), world.now);
  CHECK(take(world.tracer()).traces == 1);
  CHECK(world.tracer().kept(KeepReason::error) == 1);
  CHECK(world.tracing.account().created == 4);
}

TEST_CASE("exemplars are shed before attributes, and all comes back when it is calm") {
  Overloaded world;
  REQUIRE(world.shed_until(ShedStep::exemplars) == ShedStep::exemplars);
  serve(world.tracer(), world.now);
  CHECK(world.tracing.exemplars().empty());
  for (int second = 0; second < 200; ++second)
    (void)world.tracing.tick(world.now += seconds(1));
  CHECK(world.tracer().shedding() == ShedStep::none);
  serve(world.tracer(), world.now);
  CHECK(world.tracing.exemplars().size() == 1);
  CHECK(take(world.tracer()).attributes == 2);
}

TEST_CASE("what is shed, and what all costs, is shown") {
  Registry registry(1);
  Overloaded world;
  world.tracing.observe(registry);
  REQUIRE(world.shed_until(ShedStep::exemplars) == ShedStep::exemplars);
  const Snapshot shown = registry.collect();
  const auto value = [&](std::string_view name, std::string_view label) {
    for (const MetricPoint& point : shown.find(name)->points)
      if (label.empty() || point.values[0] == label) return std::get<double>(point.value);
    return -1.0;
  };
  CHECK(value("telemetry.shedding", "log_events") == 1);
  CHECK(value("telemetry.shedding", "exemplars") == 1);
  CHECK(value("telemetry.shedding", "attributes") == 0);
  CHECK(value("telemetry.shedding.changes", "") == 2);
  CHECK(value("telemetry.cpu.time", "scrape") == 20);
  CHECK(value("telemetry.cpu.share", "") > 0.02);
}

}  // namespace weir::telemetry
