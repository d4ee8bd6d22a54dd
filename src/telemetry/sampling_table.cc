#include "telemetry/sampling_table.h"

#include "base/assert.h"
#include "telemetry/adaptive_rate.h"

namespace weir::telemetry {

namespace {

// p99 of fewer says nothing.
constexpr uint64_t durations_min = 1000;
constexpr int64_t slow_factor = 3;
constexpr Duration distribution_time = seconds(30);
constexpr Duration unseen_time = seconds(60);

SamplingStrategy strategy_of(RouteStrategy route, SamplingStrategy others) {
  switch (route) {
    case RouteStrategy::fixed:
      return SamplingStrategy::fixed;
    case RouteStrategy::adaptive:
      return SamplingStrategy::adaptive;
    case RouteStrategy::tail:
      return SamplingStrategy::tail;
    case RouteStrategy::as_others:
      break;
  }
  return others;
}

SamplingTable::Rule rule_of(const RouteSampling& route, const SamplingSettings& all) {
  SamplingTable::Rule rule;
  rule.name = rule.path = route.path;
  rule.prefix = rule.path.ends_with('*');
  if (rule.prefix) rule.path.pop_back();
  rule.strategy = strategy_of(route.strategy, all.strategy);
  rule.rate = route.rate.value_or(all.rate);
  const auto slow = route.slow ? route.slow : all.slow;
  if (slow) rule.slow_ns = slow->count();
  rule.critical = route.critical;
  return rule;
}

}  // namespace

SamplingTable::SamplingTable(const SamplingSettings& settings, unsigned shards)
    : settings_(settings), live_(settings.routes.size() + 1), parts_(shards) {
  WEIR_ASSERT(settings.routes.size() < routes_max);
  routes_.push_back({.rule = rule_of({}, settings)});
  for (const RouteSampling& route : settings.routes)
    routes_.push_back({.rule = rule_of(route, settings)});
  for (size_t i = 0; i < routes_.size(); ++i) {
    const Rule& rule = routes_[i].rule;
    live_[i].threshold.store(threshold_of(rule.rate), std::memory_order_relaxed);
    live_[i].strategy = rule.strategy;
    live_[i].critical = rule.critical;
    set_slow(i, rule.slow_ns);
  }
  for (Part& part : parts_) {
    for (size_t i = 0; i < routes_.size(); ++i)
      part.cells.push_back(part.arena.make<Cells>(part.arena));
    part.share.store(1.0 / shards, std::memory_order_relaxed);
    take_share(part);
  }
}

void SamplingTable::set_slow(size_t route, int64_t slow_ns) {
  Live& live = live_[route];
  const int64_t tail_ns = live.critical ? INT64_MIN : slow_ns;
  const bool tail = live.strategy == SamplingStrategy::tail;
  live.slow_ns.store(slow_ns, std::memory_order_relaxed);
  live.certain_ns.store(tail ? tail_ns : INT64_MAX, std::memory_order_relaxed);
}

uint8_t SamplingTable::find_route(std::string_view path) const {
  for (size_t i = 1; i < routes_.size(); ++i) {
    const Rule& rule = routes_[i].rule;
    if (rule.prefix ? path.starts_with(rule.path) : path == rule.path)
      return static_cast<uint8_t>(i);
  }
  return 0;
}

void SamplingTable::take_share(Part& part) const {
  const double share = part.share.load(std::memory_order_relaxed);
  part.certain.set_ceiling(settings_.certain_per_second_max * share);
  part.budget.set_ceiling(settings_.traces_per_second_max * share);
}

uint64_t SamplingTable::decide_within_budget(Part& part, uint64_t threshold, uint64_t randomness,
                                             MonoTime now) const {
  take_share(part);
  const uint64_t higher = part.budget.raise(threshold, now);
  if (randomness >= higher) part.budget.kept();
  return higher;
}

uint64_t SamplingTable::certain_threshold(Part& part, MonoTime now) const {
  take_share(part);
  return part.certain.raise(0, now);
}

SamplingTable::Totals SamplingTable::totals(size_t route) const {
  Totals sum;
  for (const Part& part : parts_) {
    const Cells& cells = *part.cells[route];
    sum.traces += cells.traces.load(std::memory_order_relaxed);
    sum.errors += cells.errors.load(std::memory_order_relaxed);
    sum.kept += cells.kept.load(std::memory_order_relaxed);
  }
  return sum;
}

void SamplingTable::tick(MonoTime now) {
  const double elapsed = std::chrono::duration<double>(now - ticked_).count();
  if (ticked_ == MonoTime()) {
    for (Route& route : routes_)
      route.kept_last = now;
    rotated_ = now;
  } else if (elapsed > 0) {
    share_ceilings();
    adapt_rates(now, elapsed);
  }
  ticked_ = now;
  const bool rotate = now - rotated_ >= distribution_time;
  if (rotate) rotated_ = now;
  for (size_t i = 0; i < routes_.size(); ++i)
    find_slow(i, rotate);
}

// Half of a ceiling is spread evenly, the other half by traffic, so that one busy shard is not held
// to the share of an idle one, and the sum stays what was set.
void SamplingTable::share_ceilings() {
  std::vector<double> traffic;
  double all = 0;
  for (Part& part : parts_) {
    uint64_t traces = 0;
    for (const Cells* cells : part.cells)
      traces += cells->traces.load(std::memory_order_relaxed);
    traffic.push_back(static_cast<double>(traces - part.traces_before));
    all += traffic.back();
    part.traces_before = traces;
  }
  const double even = 1.0 / static_cast<double>(parts_.size());
  for (size_t i = 0; i < parts_.size(); ++i) {
    const double own = all > 0 ? traffic[i] / all : even;
    parts_[i].share.store((even + own) / 2, std::memory_order_relaxed);
  }
}

void SamplingTable::adapt_rates(MonoTime now, double elapsed) {
  std::vector<RouteTraffic> traffic;
  std::vector<size_t> adaptive;
  for (size_t i = 0; i < routes_.size(); ++i) {
    Route& route = routes_[i];
    const Totals total = totals(i);
    const auto traces = static_cast<double>(total.traces - route.before.traces);
    const auto errors = static_cast<double>(total.errors - route.before.errors);
    if (total.kept != route.before.kept) route.kept_last = now;
    route.before = total;
    if (route.rule.strategy != SamplingStrategy::adaptive || route.rule.rate <= 0) continue;
    traffic.push_back({.rate_base = route.rule.rate,
                       .traces_per_second = traces / elapsed,
                       .error_share = traces > 0 ? errors / traces : 0,
                       .unseen = now - route.kept_last >= unseen_time,
                       .rate = 0});
    adaptive.push_back(i);
  }
  // The gates thin out above half of their ceiling, which is for bursts.
  adapt(traffic, settings_.traces_per_second_max / 2);
  for (size_t i = 0; i < traffic.size(); ++i)
    live_[adaptive[i]].threshold.store(threshold_of(traffic[i].rate), std::memory_order_relaxed);
}

// Of the last half to whole minute.
void SamplingTable::find_slow(size_t index, bool rotate) {
  Route& route = routes_[index];
  HistogramData now;
  for (const Part& part : parts_)
    part.cells[index]->durations.read(now);
  HistogramData recent = now;
  recent.subtract(route.older);
  int64_t slow_ns = route.rule.slow_ns;
  if (recent.count() >= durations_min)
    slow_ns = std::min(slow_ns, slow_factor * static_cast<int64_t>(recent.quantile(0.99)));
  set_slow(index, slow_ns);
  if (!rotate) return;
  route.older = std::move(route.newer);
  route.newer = std::move(now);
}

}  // namespace weir::telemetry
