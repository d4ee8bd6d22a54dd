#pragma once
// SamplingSettings: which traces an operator wants kept. The table with prose and bounds is in
// sampling_settings.cc; all of it may change while the program runs.

#include <optional>
#include <string>
#include <vector>

#include "settings/field.h"

namespace weir::telemetry {

enum class SamplingStrategy : uint8_t {
  fixed,     // the rate, and nothing else
  adaptive,  // a rate that follows errors and traffic; errors are kept for certain
  tail,      // the rate; errors, slow requests and critical routes are kept for certain
};

enum class RouteStrategy : uint8_t { fixed, adaptive, tail, as_others };

// What is different for some paths; what is not given is as for all others.
struct RouteSampling {
  std::string path;  // a whole path, or the beginning of one and '*'
  RouteStrategy strategy = RouteStrategy::as_others;
  std::optional<double> rate;
  std::optional<Duration> slow;
  bool critical = false;

  bool operator==(const RouteSampling&) const = default;
};

struct SamplingSettings {
  SamplingStrategy strategy = SamplingStrategy::tail;
  double rate = 0;                    // share of traces, 0 to 1
  double traces_per_second_max = 0;   // adaptive's budget, all shards together
  double certain_per_second_max = 0;  // of what is kept for certain, all shards together
  std::optional<Duration> slow;       // auto: by the route's p99 alone
  std::vector<RouteSampling> routes;

  bool operator==(const SamplingSettings&) const = default;
};

const settings::Group<SamplingSettings>& sampling_settings();

}  // namespace weir::telemetry
