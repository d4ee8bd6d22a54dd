// What strategies keep, through whole traces: Trace, Tracing, SamplingTable and KeepGate together.
#include <cmath>
#include <map>

#include <doctest/doctest.h>

#include "base/units.h"
#include "settings/load.h"
#include "telemetry/adaptive_rate.h"
#include "telemetry/trace.h"

namespace weir::telemetry {

namespace {

constexpr SpanDecl request_span{"edge.request", SpanKind::server};

TelemetrySettings settings_with(SamplingStrategy strategy, double rate) {
  TelemetrySettings settings = settings::defaults(telemetry_settings());
  settings.sampling.strategy = strategy;
  settings.sampling.rate = rate;
  settings.flight_recorder_bytes = 64 * KiB;
  settings.queue_spans_max = 100'000;
  return settings;
}

struct Request {
  std::string_view path = "/";
  Duration duration = milliseconds(1);
  bool error = false;
};

// A process that is asked, once a second ticks, and whose exporter takes what was kept.
class World {
 public:
  explicit World(const TelemetrySettings& settings, unsigned shards = 1, uint64_t seed = 7)
      : tracing(shards, settings, seed) {
    tracing.tick(now);
  }

  void ask(const Request& request, unsigned shard = 0) {
    Trace trace(tracing.tracer(shard));
    trace.route(request.path);
    const SpanRef root = trace.start(request_span, now);
    if (request.error) trace.status(root, SpanStatus::error);
    trace.end(root, now + request.duration);
  }
  // `count` requests within the next second, given to the shards by turns.
  void second(int count, const Request& request) {
    for (int i = 0; i < count; ++i) {
      ask(request, static_cast<unsigned>(i) % tracing.shards());
      now += Duration(seconds(1)) / count;
      if (i % 10'000 == 0) take();
    }
    now = MonoTime(std::chrono::ceil<seconds>(now.time_since_epoch()));
    tracing.tick(now);
  }
  // The kept ones so far, and their adjusted counts, by reason.
  void take() {
    for (unsigned shard = 0; shard < tracing.shards(); ++shard) {
      TraceQueue& queue = tracing.tracer(shard).queue();
      TraceQueue::Batch batch;
      queue.peek(UINT64_MAX, UINT64_MAX, batch);
      for (const TraceView& trace : batch.traces) {
        kept[trace.header().reason] += 1;
        counts[trace.header().reason] += adjusted_count(trace.header().threshold);
      }
      queue.exported(batch);
    }
  }

  Tracing tracing;
  MonoTime now{seconds(1000)};
  std::map<KeepReason, double> kept;
  std::map<KeepReason, double> counts;
};

}  // namespace

TEST_CASE("fixed keeps the rate and nothing else") {
  World world(settings_with(SamplingStrategy::fixed, 0));
  world.ask({.error = true});
  world.ask({.duration = seconds(100)});
  world.take();
  CHECK(world.kept.empty());
}

TEST_CASE("adaptive keeps errors for certain, tail also what was slow or is critical") {
  for (const auto strategy : {SamplingStrategy::adaptive, SamplingStrategy::tail}) {
    TelemetrySettings settings = settings_with(strategy, 0);
    settings.sampling.slow = milliseconds(500);
    settings.sampling.routes = {{.path = "/pay/*", .critical = true}};
    World world(settings);
    world.ask({.error = true});
    world.ask({.duration = milliseconds(500)});
    world.ask({.duration = milliseconds(499)});
    world.ask({.path = "/pay/now"});
    world.ask({.path = "/pay"});
    world.take();
    const bool tail = strategy == SamplingStrategy::tail;
    CHECK(world.kept[KeepReason::error] == 1);
    CHECK(world.counts[KeepReason::error] == 1);
    CHECK(world.kept[KeepReason::slow] == (tail ? 1 : 0));
    CHECK(world.kept[KeepReason::critical] == (tail ? 1 : 0));
  }
}

TEST_CASE("three times the route's p99 is slow, once enough was seen") {
  TelemetrySettings settings = settings_with(SamplingStrategy::tail, 0);
  settings.sampling.routes = {{.path = "/report"}};
  World world(settings);
  world.second(999, {});
  world.ask({.duration = seconds(50)});
  world.second(2000, {});
  world.take();
  CHECK(world.kept.empty());
  world.ask({.duration = microseconds(2950)});
  world.ask({.duration = microseconds(3050)});
  world.ask({.path = "/report", .duration = seconds(50)});
  world.take();
  CHECK(world.kept == std::map<KeepReason, double>{{KeepReason::slow, 1}});
  CHECK(world.tracing.table()->slow_ns(1) == INT64_MAX);
}

TEST_CASE("what is slow follows the last minute") {
  World world(settings_with(SamplingStrategy::tail, 0));
  for (int i = 0; i < 61; ++i)
    world.second(100, {.duration = milliseconds(1)});
  CHECK(world.tracing.table()->slow_ns(0) == doctest::Approx(3e6).epsilon(0.01));
  for (int i = 0; i < 61; ++i)
    world.second(100, {.duration = milliseconds(20)});
  CHECK(world.tracing.table()->slow_ns(0) == doctest::Approx(60e6).epsilon(0.01));
}

TEST_CASE("what is slow is not looked for where nothing goes by it") {
  World world(settings_with(SamplingStrategy::adaptive, 0));
  for (int i = 0; i < 61; ++i)
    world.second(100, {.duration = milliseconds(1)});
  CHECK(world.tracing.table()->slow_ns(0) == INT64_MAX);
}

TEST_CASE("after the tail decision the adjusted counts still add up, above the ceiling too") {
  TelemetrySettings settings = settings_with(SamplingStrategy::tail, 0.01);
  settings.sampling.slow = milliseconds(100);
  settings.sampling.certain_per_second_max = 50;
  double errors = 0, slow = 0, rate = 0;
  constexpr int seeds = 40, seconds_long = 5;
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    World world(settings, 2, seed);
    for (int i = 0; i < seconds_long; ++i) {
      world.second(2000, {.error = true});
      world.second(2000, {});
      world.second(20, {.duration = milliseconds(200)});
    }
    world.take();
    // The ceiling, and what the rate keeps of 2000 besides.
    CHECK(world.kept[KeepReason::error] < seconds_long * (50 + 30));
    errors += world.counts[KeepReason::error];
    slow += world.counts[KeepReason::slow];
    rate += world.counts[KeepReason::rate];
  }
  constexpr double runs = seeds * seconds_long;
  CHECK(slow == runs * 20);
  // 4 sigma: of the rate exactly; of errors with what some 35 kept a second give.
  CHECK(std::abs(rate - runs * 2000) < 4 * std::sqrt(runs * 2000 * 99));
  CHECK(std::abs(errors - runs * 2000) < 4 * 2000 * std::sqrt(runs / 35) * 2);
}

TEST_CASE("a rate is ten times the base above one per cent of errors, within the budget") {
  std::array routes{RouteTraffic{0.01, 100, 0.02, false, 0}, RouteTraffic{0.01, 100, 0, false, 0},
                    RouteTraffic{0.5, 1, 1, false, 0}};
  adapt(routes, 1000);
  CHECK(routes[0].rate == 0.1);
  CHECK(routes[1].rate == 0.01);
  CHECK(routes[2].rate == 1);
  adapt(routes, 6);
  CHECK(routes[0].rate == doctest::Approx(0.05));
  CHECK(routes[1].rate == doctest::Approx(0.005));
  std::array busy{RouteTraffic{0.01, 1e9, 0, false, 0}, RouteTraffic{0.01, 0.1, 0, true, 0}};
  adapt(busy, 1);
  CHECK(busy[0].rate == adaptive_rate_min);
  CHECK(busy[1].rate == 1);
}

TEST_CASE("adaptive holds its budget through a burst from nothing to 100,000 a second") {
  TelemetrySettings settings = settings_with(SamplingStrategy::adaptive, 0.01);
  settings.sampling.traces_per_second_max = 100;
  World world(settings, 2);
  double total = 0, asked = 0, before = 0;
  for (int second = 0; second < 8; ++second) {
    const int count = std::min(100'000, second * 33'000);
    if (count > 0) world.second(count, {});
    asked += count;
    world.take();
    total = world.kept[KeepReason::rate];
    CHECK(total - before <= 100);
    before = total;
  }
  CHECK(total > 250);
  CHECK(world.counts[KeepReason::rate] == doctest::Approx(asked).epsilon(0.3));
}

TEST_CASE("adaptive shows every route at least once a minute") {
  TelemetrySettings settings = settings_with(SamplingStrategy::adaptive, 0.0001);
  settings.sampling.routes = {{.path = "/rare"}};
  World world(settings);
  for (int second = 0; second < 200; ++second)
    world.second(1, {.path = "/rare"});
  world.take();
  CHECK(world.kept[KeepReason::rate] >= 3);
  CHECK(world.kept[KeepReason::rate] < 20);
}

TEST_CASE("a route has its own strategy and rate; of several that fit the first counts") {
  TelemetrySettings settings = settings_with(SamplingStrategy::tail, 0);
  settings.sampling.routes = {
      {.path = "/api/v1/*", .rate = 1},
      {.path = "/api/*", .strategy = RouteStrategy::fixed},
  };
  World world(settings);
  const SamplingTable& table = *world.tracing.table();
  CHECK(table.route_of("/api/v1/items") == 1);
  CHECK(table.route_of("/api/v2/items") == 2);
  CHECK(table.route_of("/other") == 0);
  world.ask({.path = "/api/v1/items"});
  world.ask({.path = "/api/v2/items", .error = true});
  world.take();
  CHECK(world.kept == std::map<KeepReason, double>{{KeepReason::rate, 1}});
}

TEST_CASE("new settings are in force for the next trace; one under way ends by them") {
  TelemetrySettings settings = settings_with(SamplingStrategy::fixed, 0);
  settings.sampling.routes = {{.path = "/a", .rate = 1}};
  World world(settings);
  Tracer& tracer = world.tracing.tracer(0);
  CHECK(world.tracing.resample(settings.sampling) == world.tracing.table());
  Trace trace(tracer);
  trace.route("/a");
  trace.end(trace.start(request_span, world.now), world.now);
  settings.sampling = settings_with(SamplingStrategy::fixed, 1).sampling;
  tracer.use(world.tracing.resample(settings.sampling));
  trace.finish();
  world.ask({});
  world.take();
  CHECK(world.kept[KeepReason::rate] == 2);
}

TEST_CASE("the busy shard of two gets most of a ceiling, and both together no more than it") {
  TelemetrySettings settings = settings_with(SamplingStrategy::tail, 0);
  settings.sampling.certain_per_second_max = 40;
  World world(settings, 2);
  for (int second = 0; second < 10; ++second) {
    for (int i = 0; i < 5000; ++i)
      world.ask({.error = true}, i == 0 ? 1 : 0);
    world.now += seconds(1);
    world.tracing.tick(world.now);
  }
  world.take();
  CHECK(world.kept[KeepReason::error] <= 10 * 40);
  CHECK(world.kept[KeepReason::error] > 10 * 14);
}

}  // namespace weir::telemetry
