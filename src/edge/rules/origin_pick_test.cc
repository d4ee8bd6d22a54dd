#include "edge/rules/origin_pick.h"

#include <array>
#include <vector>

#include <doctest/doctest.h>

#include "base/random.h"

namespace weir::edge {
namespace {

const MonoTime start = MonoTime(seconds(100));

// How often each is chosen of a thousand times.
std::vector<int> chosen(std::span<const OriginFacts> origins) {
  Random random(7);
  std::vector<int> counts(origins.size());
  for (int i = 0; i < 1000; ++i)
    ++counts[pick_origin(origins, random())];
  return counts;
}

}  // namespace

TEST_CASE("equal origins get equal parts") {
  const std::array<OriginFacts, 4> origins{};
  for (const int count : chosen(origins)) {
    CHECK(count > 200);
    CHECK(count < 300);
  }
}

TEST_CASE("an origin that is not healthy or whose breaker is open gets nothing while others work") {
  const std::array<OriginFacts, 3> origins{
      {{.healthy = false}, {.breaker_open = true}, {.busy = 1000, .latency = seconds(9)}}};
  CHECK(chosen(origins) == std::vector{0, 0, 1000});
}

TEST_CASE("one whose breaker wants a probe gets the next request, unless it fails its checks") {
  const std::array<OriginFacts, 3> back{
      {{}, {.wants_probe = true, .busy = 5, .latency = seconds(1)}, {}}};
  CHECK(chosen(back) == std::vector{0, 1000, 0});
  const std::array<OriginFacts, 2> sick{{{}, {.healthy = false, .wants_probe = true}}};
  CHECK(chosen(sick) == std::vector{1000, 0});
}

TEST_CASE("with all of them down those are asked that may answer") {
  const std::array<OriginFacts, 3> breakers{
      {{.healthy = false}, {.breaker_open = true}, {.healthy = false, .breaker_open = true}}};
  CHECK(chosen(breakers) == std::vector{1000, 0, 0});
  const std::array<OriginFacts, 3> once_more{
      {{.breaker_open = true}, {.failed = true}, {.healthy = false}}};
  CHECK(chosen(once_more) == std::vector{0, 0, 1000});
  CHECK(chosen(std::span(once_more).first(2)) == std::vector{0, 1000});
  const std::array<OriginFacts, 2> none{{{.healthy = false}, {.healthy = false}}};
  for (const int count : chosen(none))
    CHECK(count > 400);
}

TEST_CASE("the one with fewer requests before it is taken, and the faster one") {
  const std::array<OriginFacts, 2> busy{{{.busy = 5}, {.busy = 2}}};
  CHECK(chosen(busy) == std::vector{0, 1000});
  const std::array<OriginFacts, 2> slow{
      {{.latency = milliseconds(5)}, {.latency = milliseconds(50)}}};
  CHECK(chosen(slow) == std::vector{1000, 0});
  // Ten times as fast is worth ten times the queue.
  const std::array<OriginFacts, 2> both{
      {{.busy = 20, .latency = milliseconds(5)}, {.busy = 0, .latency = milliseconds(50)}}};
  CHECK(chosen(both) == std::vector{0, 1000});
}

TEST_CASE("of many the dearest is never taken, and the others all are") {
  std::array<OriginFacts, 5> origins{};
  for (size_t i = 0; i < origins.size(); ++i)
    origins[i].busy = static_cast<uint32_t>(i);
  const std::vector<int> counts = chosen(origins);
  CHECK(counts[4] == 0);
  for (size_t i = 1; i + 1 < counts.size(); ++i) {
    CHECK(counts[i] > 0);
    CHECK(counts[i] < counts[i - 1]);
  }
}

TEST_CASE("a slower origin still gets a part, once the faster one is busy") {
  // Two origins, one three times as fast; requests come and go for a while.
  std::array<OriginFacts, 2> origins{
      {{.latency = milliseconds(10)}, {.latency = milliseconds(30)}}};
  Random random(3);
  std::array<int, 2> counts{};
  std::vector<std::pair<int, size_t>> under_way;  // until when, where
  for (int now = 0; now < 30'000; ++now) {
    std::erase_if(under_way, [&](const auto& each) {
      if (each.first > now) return false;
      --origins[each.second].busy;
      return true;
    });
    const size_t at = pick_origin(origins, random());
    ++counts[at];
    ++origins[at].busy;
    under_way.emplace_back(now + (at == 0 ? 10 : 30), at);
  }
  CHECK(counts[0] > 3 * counts[1]);
  CHECK(counts[1] > 30'000 / 20);
}

TEST_CASE("an estimate follows what was measured and forgets with time") {
  LatencyEstimate estimate;
  CHECK(estimate.at(start) == Duration{});
  estimate.record(milliseconds(8), start);
  CHECK(estimate.at(start) == milliseconds(8));
  for (int i = 0; i < 60; ++i)
    estimate.record(milliseconds(100), start);
  CHECK(estimate.at(start) > milliseconds(95));
  CHECK(estimate.at(start) <= milliseconds(100));
  CHECK(estimate.at(start + LatencyEstimate::half_life) < milliseconds(51));
  CHECK(estimate.at(start + 30 * LatencyEstimate::half_life) < microseconds(1));
  CHECK(estimate.at(start + hours(24 * 365)) == Duration{});
}

}  // namespace weir::edge
