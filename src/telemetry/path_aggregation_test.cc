#include "telemetry/path_aggregation.h"

#include <cmath>
#include <map>
#include <thread>

#include <doctest/doctest.h>

namespace weir::telemetry {

namespace {

// What a turn of all shards gives, made in this thread.
Snapshot turn(PathAggregation& paths, unsigned shards) {
  CHECK(paths.begin_turn());
  for (unsigned shard = 0; shard < shards; ++shard)
    paths.turn(shard);
  REQUIRE(paths.turned());
  return paths.take();
}

const HistogramData& data(const MetricPoint& point) {
  return std::get<HistogramData>(point.value);
}

uint64_t total(const Snapshot& snapshot) {
  uint64_t count = 0;
  for (const MetricPoint& point : snapshot.metrics[0].points)
    count += data(point).count();
  return count;
}

}  // namespace

TEST_CASE("paths are aggregated over all shards, the busiest first, with quantiles") {
  PathAggregation paths(2, 10, 7);
  for (uint64_t i = 1; i <= 100; ++i)
    paths.record(i % 2, "/a", i * 1'000'000);
  paths.record(1, "/b", 5'000);
  const Snapshot snapshot = turn(paths, 2);
  const auto& points = snapshot.metrics[0].points;
  REQUIRE(points.size() == 2);
  CHECK(points[0].values == std::vector<std::string>{"/a"});
  CHECK(data(points[0]).count() == 100);
  CHECK(data(points[0]).sum == 5'050'000'000);
  CHECK(data(points[0]).min == 1'000'000);
  CHECK(data(points[0]).max == 100'000'000);
  CHECK(data(points[1]).count() == 1);
  const auto& quantiles = snapshot.metrics[1].points;
  REQUIRE(quantiles.size() == 6);
  CHECK(quantiles[2].values == std::vector<std::string>{"/a", "0.99"});
  CHECK(std::get<double>(quantiles[2].value) == doctest::Approx(0.099).epsilon(0.005));
}

TEST_CASE("what is noted is recorded when its duration is known, in the interval of then") {
  PathAggregation paths(1, 10, 7);
  for (int i = 0; i < 3; ++i)
    paths.recording(0)->note("/a");
  paths.recording(0)->note("/b");
  CHECK(turn(paths, 1).metrics[0].points.empty());
  paths.recording(0)->note("/a");
  paths.recording(0)->settle(7000);
  paths.recording(0)->settle(9000);
  const Snapshot snapshot = turn(paths, 1);
  const auto& points = snapshot.metrics[0].points;
  REQUIRE(points.size() == 2);
  CHECK(points[0].values == std::vector<std::string>{"/a"});
  CHECK(data(points[0]).count() == 4);
  CHECK(data(points[0]).sum == 28'000);
  CHECK(data(points[1]).count() == 1);
}

TEST_CASE("what is noted for a path that loses its place is counted with the others") {
  PathAggregation paths(1, 1, 7);
  for (int i = 0; i < 10'000; ++i)
    paths.recording(0)->note("/" + std::to_string(i));
  paths.recording(0)->settle(7000);
  const Snapshot snapshot = turn(paths, 1);
  CHECK(total(snapshot) == 10'000);
}

TEST_CASE("an interval begins with nothing") {
  PathAggregation paths(1, 10, 7);
  paths.record(0, "/a", 1000);
  CHECK(total(turn(paths, 1)) == 1);
  CHECK(total(turn(paths, 1)) == 0);
  paths.record(0, "/a", 9000);
  const Snapshot snapshot = turn(paths, 1);
  CHECK(total(snapshot) == 1);
  CHECK(data(snapshot.metrics[0].points[0]).sum == 9000);
  CHECK(data(snapshot.metrics[0].points[0]).max == 9000);
}

TEST_CASE("a turn that is under way is not begun again") {
  PathAggregation paths(2, 10, 7);
  CHECK(paths.begin_turn());
  paths.turn(0);
  CHECK_FALSE(paths.turned());
  CHECK_FALSE(paths.begin_turn());
  paths.turn(1);
  CHECK(paths.turned());
  (void)paths.take();
  CHECK(paths.begin_turn());
}

TEST_CASE("the busiest get in and stay while a million addresses are scanned; nothing is lost") {
  constexpr uint32_t hot = 100;
  PathAggregation paths(1, hot, 7);
  Random random(3);
  uint64_t asked = 0;
  for (uint64_t i = 0; i < 1'000'000; ++i) {
    paths.record(0, "/scan/" + std::to_string(i), 1000);
    ++asked;
    // They come after the scan has filled the table.
    if (i < 5'000) continue;
    paths.record(0, "/hot/" + std::to_string(random.below(hot)), 2000);
    ++asked;
  }
  const Snapshot snapshot = turn(paths, 1);
  const auto& points = snapshot.metrics[0].points;
  REQUIRE(points.size() == hot + 1);
  uint64_t in_hot = 0, named_hot = 0;
  for (const MetricPoint& point : points) {
    if (point.overflow || !point.values[0].starts_with("/hot/")) continue;
    ++named_hot;
    in_hot += data(point).count();
  }
  CHECK(total(snapshot) == asked);
  CHECK(named_hot == hot);
  CHECK(in_hot > 995'000 * 0.97);
  CHECK(points.back().overflow);
  uint64_t sum = 0;
  for (const MetricPoint& point : points)
    sum += data(point).sum;
  CHECK(sum == 1'000'000ull * 1000 + 995'000ull * 2000);
}

TEST_CASE("more paths than are wanted share the last point") {
  PathAggregation paths(1, 2, 7);
  for (int i = 0; i < 3; ++i)
    for (int n = 0; n <= i; ++n)
      paths.record(0, "/" + std::to_string(i), 1000);
  const Snapshot snapshot = turn(paths, 1);
  const auto& points = snapshot.metrics[0].points;
  REQUIRE(points.size() == 3);
  CHECK(points[0].values[0] == "/2");
  CHECK(points[1].values[0] == "/1");
  CHECK(points[2].overflow);
  CHECK(data(points[2]).count() == 1);
}

TEST_CASE("shards go on recording while a turn is taken, and every request is in one interval") {
  PathAggregation paths(1, 10, 7);
  std::atomic<bool> done{false}, wanted{false};
  constexpr uint64_t requests = 300'000;
  std::thread shard([&] {
    for (uint64_t i = 0; i < requests; ++i) {
      paths.record(0, i % 3 == 0 ? "/a" : "/b", 1000);
      if (wanted.exchange(false)) paths.turn(0);
    }
    done = true;
  });
  uint64_t seen = 0;
  bool pending = false;
  while (!done) {
    if (!pending) {
      pending = paths.begin_turn();
      wanted = true;
    }
    if (!paths.turned()) {
      std::this_thread::yield();
      continue;
    }
    seen += total(paths.take());
    pending = false;
  }
  shard.join();
  if (pending) {
    if (!paths.turned()) paths.turn(0);
    seen += total(paths.take());
  }
  seen += total(turn(paths, 1));
  CHECK(seen == requests);
}

}  // namespace weir::telemetry
