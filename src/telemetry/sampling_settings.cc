#include "telemetry/sampling_settings.h"

#include "telemetry/sampling_table.h"

namespace weir::telemetry {

namespace {

using settings::field;

bool is_path_pattern(std::string_view text) {
  return text.starts_with('/') && text.find('*') >= text.size() - 1;
}

const settings::Group<RouteSampling>& route_settings() {
  using S = RouteSampling;
  static const settings::Group<S> group{
      "",
      "Paths that are sampled in their own way; of several that fit, the first counts.",
      {field(&S::path, "path", settings::required,
             "A path, such as /cart, or the beginning of one, such as /api/*.")
           .like(is_path_pattern, "/PATH or /PATH*"),
       field(&S::strategy, "strategy", RouteStrategy::as_others,
             {{"as_others", RouteStrategy::as_others},
              {"fixed", RouteStrategy::fixed},
              {"adaptive", RouteStrategy::adaptive},
              {"tail", RouteStrategy::tail}},
             "How these are sampled."),
       field(&S::rate, "rate", settings::automatic,
             "Share of these to keep; auto is as all others.")
           .between(0.0, 1.0),
       field(&S::slow, "slow", settings::automatic,
             "What takes longer than this is slow here; auto is as all others.")
           .between(microseconds(1), hours(1)),
       field(&S::critical, "critical", false,
             "Keeps every one of these, up to certain_per_second_max; for what must never fail "
             "unseen (strategy tail).")}};
  return group;
}

std::optional<std::string> check(const SamplingSettings& s) {
  if (s.routes.size() > SamplingTable::routes_max - 1)
    return "routes: at most " + std::to_string(SamplingTable::routes_max - 1);
  return std::nullopt;
}

}  // namespace

const settings::Group<SamplingSettings>& sampling_settings() {
  using S = SamplingSettings;
  static const settings::Group<S> group{
      "",
      "Which traces are kept.",
      {field(&S::strategy, "strategy", SamplingStrategy::tail,
             {{"fixed", SamplingStrategy::fixed},
              {"adaptive", SamplingStrategy::adaptive},
              {"tail", SamplingStrategy::tail}},
             "fixed keeps the rate; adaptive ten times the rate when errors exceed 1 %, within a "
             "budget, and errors for certain; tail the rate, and for certain what failed, was slow "
             "or is critical.")
           .live(),
       field(&S::rate, "rate", 0.01,
             "Share of traces to keep: 0.01 is 1 %; raise it to see more, at the receiver's cost.")
           .between(0.0, 1.0)
           .live(),
       field(&S::traces_per_second_max, "traces_per_second_max", 100.0,
             "Budget of strategy adaptive, besides what is kept for certain; lower it if the "
             "receiver is overrun.")
           .between(0.0, 1e6)
           .unit("traces/s")
           .live(),
       field(&S::certain_per_second_max, "certain_per_second_max", 100.0,
             "Ceiling of failed, slow and critical requests kept a second; above it they are "
             "sampled, and their counts stay right. Lower it if an error storm floods the "
             "receiver.")
           .between(0.0, 1e6)
           .unit("traces/s")
           .live(),
       field(&S::slow, "slow", settings::automatic,
             "What takes longer than this is slow; auto goes by three times the route's p99 alone, "
             "which counts in any case.")
           .between(microseconds(1), hours(1))
           .live(),
       field(&S::routes, "routes", route_settings(),
             "Paths that are sampled in their own way; of several that fit, the first counts.")
           .live()},
      check};
  return group;
}

}  // namespace weir::telemetry
