#include "telemetry/registry.h"

#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "base/random.h"

namespace weir::telemetry {

namespace {

constexpr CounterDecl requests{.name = "http_requests_total",
                               .unit = "1",
                               .help = "Requests answered.",
                               .labels = {"status", "method"}};
constexpr CounterDecl paths{.name = "path.requests",
                            .unit = "1",
                            .help = "Requests by path.",
                            .labels = {"path"},
                            .points_max = 10};
constexpr UpDownCounterDecl open{.name = "connections", .unit = "1", .help = "Open now."};
constexpr GaugeDecl load{.name = "load", .unit = "1", .help = "Sum of loads."};
constexpr GaugeDecl age{.name = "age", .unit = "s", .help = "Oldest.", .merge = GaugeMerge::max};
constexpr HistogramDecl latency{
    .name = "latency", .unit = "s", .help = "Time to answer.", .labels = {"path"}, .points_max = 4};

uint64_t count_of(const Metric& metric, const std::vector<std::string>& values) {
  for (const MetricPoint& point : metric.points)
    if (!point.overflow && point.values == values) return std::get<uint64_t>(point.value);
  return 0;
}

}  // namespace

TEST_CASE("a counter is summed over shards, point by point") {
  Registry registry(3);
  for (unsigned shard = 0; shard < 3; ++shard) {
    Counter ok = registry.recorder(shard).bind(requests, {"200", "GET"});
    ok.add(shard + 1);
    registry.recorder(shard).bind(requests, {"200", "GET"}).add();
  }
  registry.recorder(1).bind(requests, {"503", "GET"}).add(7);
  const Snapshot snapshot = registry.collect();
  const Metric* metric = snapshot.find("http_requests_total");
  REQUIRE(metric);
  CHECK(metric->points.size() == 2);
  CHECK(count_of(*metric, {"200", "GET"}) == 9);
  CHECK(count_of(*metric, {"503", "GET"}) == 7);
  CHECK(registry.total(requests) == 16);
}

TEST_CASE("a distribution may be the sum of another one's points, from the first moment on") {
  constexpr HistogramDecl all{.name = "all", .unit = "s", .help = "Of all paths."};
  Registry registry(2);
  const Observation observation = registry.observe_sum(all, latency);
  const auto read = [&] {
    const Snapshot snapshot = registry.collect();
    const Metric* metric = snapshot.find("all");
    REQUIRE(metric);
    REQUIRE(metric->points.size() == 1);
    CHECK(metric->points[0].values.empty());
    CHECK_FALSE(metric->points[0].overflow);
    return std::get<HistogramData>(metric->points[0].value);
  };
  CHECK(read().count() == 0);
  // With more paths than have points of their own.
  for (uint64_t i = 1; i <= 10; ++i)
    registry.recorder(i % 2).bind_dynamic(latency, {"/" + std::to_string(i)}).record(i);
  CHECK(read().count() == 10);
  CHECK(read().sum == 55);
  CHECK(read().min == 1);
  CHECK(read().max == 10);
}

TEST_CASE("up-down counters are added, gauges merged as declared") {
  Registry registry(2);
  registry.recorder(0).bind(open).add(5);
  registry.recorder(1).bind(open).subtract(2);
  registry.recorder(0).bind(load).set(1.5);
  registry.recorder(1).bind(load).set(2);
  registry.recorder(0).bind(age).set(9);
  registry.recorder(1).bind(age).set(4);
  const Snapshot snapshot = registry.collect();
  CHECK(std::get<int64_t>(snapshot.find("connections")->points[0].value) == 3);
  CHECK(std::get<double>(snapshot.find("load")->points[0].value) == 3.5);
  CHECK(std::get<double>(snapshot.find("age")->points[0].value) == 9);
}

TEST_CASE("callbacks are read at collection and end with their observation") {
  Registry registry(1);
  double value = 4;
  {
    const Observation observation = registry.observe(load, {}, [&] { return value; });
    value = 6;
    CHECK(std::get<double>(registry.collect().find("load")->points[0].value) == 6);
  }
  CHECK(registry.collect().find("load") == nullptr);
}

TEST_CASE("label sets beyond the limit are counted exactly in one overflow point") {
  Registry registry(1);
  Recorder& recorder = registry.recorder(0);
  auto family = recorder.family(paths);
  for (int round = 0; round < 3; ++round)
    for (int i = 0; i < 25; ++i)
      family.at({"/" + std::to_string(i)}).add();
  const Snapshot snapshot = registry.collect();
  const Metric& metric = *snapshot.find("path.requests");
  REQUIRE(metric.points.size() == 11);
  CHECK(metric.points.back().overflow);
  CHECK(std::get<uint64_t>(metric.points.back().value) == 15 * 3);
  uint64_t total = 0;
  for (const MetricPoint& point : metric.points)
    total += std::get<uint64_t>(point.value);
  CHECK(total == 75);
}

TEST_CASE("what is bound ahead of time is never sent to overflow") {
  Registry registry(1);
  Recorder& recorder = registry.recorder(0);
  for (int i = 0; i < 25; ++i)
    recorder.bind_dynamic(paths, {std::to_string(i)}).add();
  recorder.bind(paths, {"/fixed"}).add(2);
  const Snapshot snapshot = registry.collect();
  CHECK(count_of(*snapshot.find("path.requests"), {"/fixed"}) == 2);
}

TEST_CASE("histograms by label keep their values apart and overflow together") {
  Registry registry(2);
  for (unsigned shard = 0; shard < 2; ++shard)
    for (int i = 0; i < 6; ++i)
      registry.recorder(shard)
          .bind_dynamic(latency, {"/" + std::to_string(i)})
          .record(milliseconds(i + 1));
  const Snapshot snapshot = registry.collect();
  const Metric& metric = *snapshot.find("latency");
  REQUIRE(metric.points.size() == 5);
  const auto& first = std::get<HistogramData>(metric.points[0].value);
  CHECK(first.count() == 2);
  CHECK(first.sum == 2'000'000);
  CHECK(std::get<HistogramData>(metric.points[4].value).sum == 2 * 11'000'000);
}

TEST_CASE("label values are cut and made valid before they are compared") {
  Registry registry(1);
  Recorder& recorder = registry.recorder(0);
  const std::string longer(300, 'a'), longest(400, 'a');
  recorder.bind_dynamic(paths, {longer}).add();
  recorder.bind_dynamic(paths, {longest}).add();
  recorder.bind_dynamic(paths, {"/\xff"}).add();
  recorder.bind_dynamic(paths, {"/\xc0"}).add();
  recorder.bind_dynamic(paths, {"/?"}).add();
  recorder.bind_dynamic(paths, {"/你好"}).add();
  const Snapshot snapshot = registry.collect();
  const Metric& metric = *snapshot.find("path.requests");
  CHECK(metric.points.size() == 3);
  CHECK(count_of(metric, {std::string(256, 'a')}) == 2);
  CHECK(count_of(metric, {"/?"}) == 3);
  CHECK(count_of(metric, {"/你好"}) == 1);
}

TEST_CASE("shards record while another thread collects, and the end is exact") {
  constexpr int records = 50'000;
  Registry registry(2);
  std::atomic<int> running{2};
  auto shard = [&](unsigned index) {
    Random random(index + 1);
    auto family = registry.recorder(index).family(paths);
    Histogram times = registry.recorder(index).bind(latency, {"/"});
    for (int i = 0; i < records; ++i) {
      family.at({std::to_string(random.below(40))}).add();
      times.record(random.below(1'000'000'000));
    }
    --running;
  };
  std::thread first(shard, 0), second(shard, 1);
  uint64_t last = 0;
  while (running > 0) {
    const uint64_t total = registry.total(paths);
    REQUIRE(total >= last);
    last = total;
    registry.collect();
  }
  first.join();
  second.join();
  CHECK(registry.total(paths) == 2 * records);
  CHECK(std::get<HistogramData>(registry.collect().find("latency")->points[0].value).count() ==
        2 * records);
}

}  // namespace weir::telemetry
