#pragma once
// Governor: holds the budget of CPU that telemetry may take, by leaving out detail. Once a second
// it is told how much of the budget was used; above all of it one step more is shed, and after a
// calm time, below 70 % of it, one step less. A step that has to be taken again soon after it was
// left waits twice as long the next time, so that a load at the edge of the budget does not swing.
// What is counted is never shed, nor what is kept for certain. Pure; one thread.

#include <array>
#include <cstdint>
#include <string_view>

namespace weir::telemetry {

// What is shed, and all before it in this order.
enum class ShedStep : uint8_t {
  none,
  log_events,
  exemplars,
  attributes,
  child_spans,
  sampled_traces,  // that only the rate would keep
};
inline constexpr std::array<std::string_view, 6> shed_step_names{
    "none", "log_events", "exemplars", "attributes", "child_spans", "sampled_traces"};

class Governor {
 public:
  static constexpr double calm_below = 0.7;  // of the budget
  static constexpr uint32_t calm_seconds_min = 10;
  static constexpr uint32_t calm_seconds_max = 320;
  // A step that is taken again within so many seconds was left too early.
  static constexpr uint32_t soon_seconds = 60;

  // The second that ended used `used` of the budget, 1 being all of it.
  ShedStep tick(double used);
  ShedStep step() const { return static_cast<ShedStep>(step_); }

 private:
  size_t step_ = 0;
  uint32_t calm_ = 0;                       // seconds in a row
  uint32_t since_down_ = soon_seconds + 1;  // seconds
  uint32_t calm_wanted_ = calm_seconds_min;
};

}  // namespace weir::telemetry
