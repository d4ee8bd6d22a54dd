#include "telemetry/governor.h"

#include <vector>

#include <doctest/doctest.h>

namespace weir::telemetry {

namespace {

ShedStep run(Governor& governor, uint32_t seconds, double used) {
  for (uint32_t second = 0; second < seconds; ++second)
    (void)governor.tick(used);
  return governor.step();
}

}  // namespace

TEST_CASE("above the budget one more is shed each second, in the order that is promised") {
  Governor governor;
  std::vector<ShedStep> steps;
  for (int second = 0; second < 7; ++second)
    steps.push_back(governor.tick(1.01));
  CHECK(steps == std::vector{ShedStep::log_events, ShedStep::exemplars, ShedStep::attributes,
                             ShedStep::child_spans, ShedStep::sampled_traces,
                             ShedStep::sampled_traces, ShedStep::sampled_traces});
}

TEST_CASE("within the budget nothing is shed, and nothing comes back until it is calm") {
  Governor governor;
  CHECK(run(governor, 1000, 1.0) == ShedStep::none);
  (void)run(governor, 2, 1.5);
  CHECK(run(governor, 1000, 0.71) == ShedStep::exemplars);
}

TEST_CASE("after a calm time one step comes back at a time") {
  Governor governor;
  (void)run(governor, 3, 2);
  CHECK(run(governor, Governor::calm_seconds_min - 1, 0.5) == ShedStep::attributes);
  (void)governor.tick(0.9);
  CHECK(run(governor, Governor::calm_seconds_min - 1, 0.5) == ShedStep::attributes);
  CHECK(governor.tick(0.5) == ShedStep::exemplars);
  CHECK(run(governor, 2 * Governor::calm_seconds_min, 0) == ShedStep::none);
}

TEST_CASE("a load at the edge of the budget makes it swing ever more slowly, to a bound") {
  Governor governor;
  // Too much without shedding, little with it.
  std::vector<uint32_t> changes;
  ShedStep before = ShedStep::none;
  for (uint32_t second = 0; second < 3600; ++second) {
    const ShedStep now = governor.tick(before == ShedStep::none ? 1.1 : 0.5);
    if (now != before) changes.push_back(second);
    before = now;
  }
  CHECK(changes.size() < 35);
  const uint32_t last_wait = changes.back() - changes[changes.size() - 2];
  CHECK(last_wait <= Governor::calm_seconds_max);
  // And it is forgiven when it was calm for long.
  (void)run(governor, 2 * Governor::calm_seconds_max, 0.1);
  CHECK(governor.tick(2) == ShedStep::log_events);
  CHECK(run(governor, Governor::calm_seconds_min, 0.1) == ShedStep::none);
}

}  // namespace weir::telemetry
