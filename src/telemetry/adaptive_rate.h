#pragma once
// What adaptive sampling does once a second: a rate for each route from what the last second
// showed. Pure.

#include <algorithm>
#include <cstdint>
#include <span>

namespace weir::telemetry {

inline constexpr double adaptive_rate_min = 0.0001;
// Above this share of errors a route is looked at ten times closer.
inline constexpr double error_share_high = 0.01;

// One route in the last second.
struct RouteTraffic {
  double rate_base;
  double traces_per_second;
  double error_share;
  bool unseen;  // nothing of it was kept for a minute
  double rate;  // the answer
};

// Fills in every `rate`, 0.01 % to 100 %: the base, times ten above 1 % errors, all of them scaled
// down together when they would exceed `budget` traces a second; everything of a route that was not
// seen for a minute, until one trace of it is kept.
inline void adapt(std::span<RouteTraffic> routes, double budget) {
  double wanted = 0;
  for (RouteTraffic& route : routes) {
    const double factor = route.error_share > error_share_high ? 10 : 1;
    route.rate = std::clamp(route.rate_base * factor, adaptive_rate_min, 1.0);
    wanted += route.rate * route.traces_per_second;
  }
  const double scale = wanted > budget ? budget / wanted : 1;
  for (RouteTraffic& route : routes)
    route.rate = route.unseen ? 1 : std::max(route.rate * scale, adaptive_rate_min);
}

}  // namespace weir::telemetry
