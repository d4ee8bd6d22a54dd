#include "telemetry/tracing.h"

#include <limits>
#include <thread>

#include "telemetry/processor_metrics.h"

namespace weir::telemetry {

namespace {

// What strategies may take of a node.
constexpr double share_max_of(SamplingStrategy strategy) {
  switch (strategy) {
    case SamplingStrategy::fixed:
      return 0.005;
    case SamplingStrategy::adaptive:
      return 0.01;
    case SamplingStrategy::tail:
      break;
  }
  return 0.02;
}

// Of a new second's share in the mean.
constexpr double newest_weight = 0.2;

// A shard that changes its account is done within nanoseconds, unless it is taken from its core.
constexpr int patient_reads = 100;

}  // namespace

Tracer::Tracer(std::shared_ptr<SamplingTable> table, const TelemetrySettings& settings,
               const std::atomic<ShedStep>& shedding, Place place, uint64_t seed)
    : recording_(settings.record),
      shard_(place.shard),
      shedding_(shedding),
      wants_exemplars_(settings.exemplars),
      random_(seed),
      meter_(random_()),
      ring_(settings.flight_recorder_bytes),
      queue_((settings.queue_spans_max + place.shards - 1) / place.shards),
      logs_(settings.logs_ring_bytes, (settings.queue_logs_max + place.shards - 1) / place.shards,
            shedding) {
  use(std::move(table));
}

uint64_t Tracer::dropped(DropReason reason) const {
  if (reason == DropReason::export_failed) return queue_.spans_failed();
  const uint64_t apart =
      reason == DropReason::not_sampled ? unsampled_.load(std::memory_order_relaxed) : 0;
  return apart + dropped_[static_cast<size_t>(reason)].load(std::memory_order_relaxed);
}

SpanAccount Tracer::account() const {
  for (int reads = 1;; ++reads) {
    SpanAccount account;
    const uint64_t changes = changes_.load(std::memory_order_acquire);
    // The exporter's side first, so that it never has more than the shard gave.
    const TraceQueue::Account removed = queue_.removed();
    for (size_t i = 0; i < account.dropped.size(); ++i)
      account.dropped[i] = dropped_[i].load(std::memory_order_relaxed);
    const uint64_t left = left_.load(std::memory_order_relaxed);
    const uint64_t pushed = queue_.spans_pushed();
    const uint64_t unsampled = unsampled_.load(std::memory_order_acquire);
    account.created = created_.load(std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_acquire);
    // What came and went between two of these would look as if it were open, or queued.
    if (changes % 2 == 0 && changes_.load(std::memory_order_relaxed) == changes &&
        unsampled_.load(std::memory_order_relaxed) == unsampled && queue_.removed() == removed) {
      account.dropped[static_cast<size_t>(DropReason::not_sampled)] += unsampled;
      account.exported = removed.exported;
      account.dropped[static_cast<size_t>(DropReason::export_failed)] = removed.failed;
      account.open = account.created - left - unsampled;
      account.queued = pushed - removed.exported - removed.failed;
      return account;
    }
    if (reads % patient_reads == 0) std::this_thread::yield();
  }
}

Duration Tracer::ring_duration() const {
  return ring_.duration();
}

Tracing::Tracing(unsigned shards, const TelemetrySettings& settings, uint64_t seed)
    : table_(std::make_shared<SamplingTable>(settings.sampling, shards)),
      share_max_(settings.cpu_share_max),
      lines_(settings.queue_logs_max) {
  Random seeds(seed);
  for (unsigned shard = 0; shard < shards; ++shard)
    tracers_.emplace_back(table_, settings, shedding_, Tracer::Place{shard, shards}, seeds());
}

std::shared_ptr<SamplingTable> Tracing::resample(const SamplingSettings& settings) {
  const std::lock_guard lock(mutex_);
  if (settings != table_->settings()) {
    table_ = std::make_shared<SamplingTable>(settings, shards());
    observe_routes(table_);
  }
  return table_;
}

std::shared_ptr<const SamplingTable> Tracing::table() const {
  const std::lock_guard lock(mutex_);
  return table_;
}

std::optional<ShedChange> Tracing::tick(MonoTime now) {
  std::shared_ptr<SamplingTable> table;
  {
    const std::lock_guard lock(mutex_);
    table = table_;
  }
  table->tick(now);
  return govern(now, table->settings().strategy);
}

uint64_t Tracing::recording_ns() const {
  uint64_t spent_ns = 0;
  for (const Tracer& tracer : tracers_)
    spent_ns += tracer.meter().spent_ns();
  return spent_ns;
}

uint64_t Tracing::spent_ns() const {
  uint64_t spent_ns = recording_ns();
  for (const std::atomic<uint64_t>& cost : costs_ns_)
    spent_ns += cost.load(std::memory_order_relaxed);
  return spent_ns;
}

std::optional<ShedChange> Tracing::govern(MonoTime now, SamplingStrategy strategy) {
  const uint64_t spent_ns = this->spent_ns();
  const auto available_ns = static_cast<double>((now - governed_).count()) * shards();
  const auto used_ns = static_cast<double>(spent_ns - spent_before_ns_);
  const bool first = governed_ == MonoTime();
  if (!first && now <= governed_) return std::nullopt;
  governed_ = now;
  spent_before_ns_ = spent_ns;
  if (first) return std::nullopt;
  const double mean = share_.load(std::memory_order_relaxed);
  const double share = mean + newest_weight * (used_ns / available_ns - mean);
  share_.store(share, std::memory_order_relaxed);
  const ShedStep before = governor_.step();
  const double share_max = share_max_.value_or(share_max_of(strategy));
  const ShedStep step = governor_.tick(share / share_max);
  if (step == before) return std::nullopt;
  shedding_.store(step, std::memory_order_relaxed);
  shed_changes_.fetch_add(1, std::memory_order_relaxed);
  return ShedChange{before, step, share, share_max};
}

SpanAccount Tracing::account() const {
  SpanAccount sum;
  for (const Tracer& tracer : tracers_)
    sum += tracer.account();
  return sum;
}

std::vector<Exemplar> Tracing::exemplars() const {
  std::vector<Exemplar> newest;
  for (size_t bucket = 0; bucket < Exemplars::count; ++bucket) {
    std::optional<Exemplar> best;
    for (const Tracer& tracer : tracers_) {
      const std::optional<Exemplar> one = tracer.exemplars().at(bucket);
      if (one && (!best || one->time_ns > best->time_ns)) best = one;
    }
    if (best) newest.push_back(*best);
  }
  return newest;
}

void Tracing::observe_routes(const std::shared_ptr<SamplingTable>& table) {
  if (!registry_) return;
  route_observations_.clear();
  for (size_t route = 0; route < table->routes(); ++route) {
    const SamplingTable::Rule& rule = table->rule(route);
    const std::string_view name = route == 0 ? "*" : std::string_view(rule.name);
    route_observations_.push_back(registry_->observe(sampling_probability, {name}, [table, route] {
      return probability_of(table->threshold(route));
    }));
    route_observations_.push_back(registry_->observe(slow_threshold, {name}, [table, route] {
      const int64_t ns = table->slow_ns(route);
      return ns == INT64_MAX ? std::numeric_limits<double>::infinity()
                             : static_cast<double>(ns) * 1e-9;
    }));
  }
}

template <class Read>
Registry::Callback Tracing::sum(Read read) {
  return [this, read] {
    uint64_t total = 0;
    for (const Tracer& tracer : tracers_)
      total += read(tracer);
    return static_cast<double>(total);
  };
}

template <class Read>
Registry::Callback Tracing::of_account(Read read) {
  return [this, read] { return static_cast<double>(read(account_)); };
}

// Callbacks are asked in the order of their observation: the first one takes the account for all,
// so that what one collection shows adds up.
void Tracing::observe_account() {
  const auto add = [&](const auto& decl, LabelValues values, auto read) {
    observations_.push_back(registry_->observe(decl, values, of_account(read)));
  };
  observations_.push_back(registry_->observe(spans_started, {}, [this] {
    account_ = account();
    return static_cast<double>(account_.created);
  }));
  add(spans_live, {}, [](const SpanAccount& a) { return a.open; });
  add(span_queue_size, {}, [](const SpanAccount& a) { return a.queued; });
  add(spans_exported, {}, [](const SpanAccount& a) { return a.exported; });
  for (size_t i = 0; i < drop_reason_names.size(); ++i)
    add(spans_dropped, {drop_reason_names[i]}, [i](const SpanAccount& a) { return a.dropped[i]; });
  add(spans_unaccounted, {}, [](const SpanAccount& a) { return a.unaccounted(); });
}

void Tracing::observe_cost() {
  const auto add = [&](const auto& decl, LabelValues values, auto read) {
    observations_.push_back(registry_->observe(decl, values, read));
  };
  add(cpu_time, {"recording"}, [this] { return static_cast<double>(recording_ns()) * 1e-9; });
  for (size_t i = 0; i < cost_part_names.size(); ++i)
    add(cpu_time, {cost_part_names[i]}, [this, i] {
      return static_cast<double>(costs_ns_[i].load(std::memory_order_relaxed)) * 1e-9;
    });
  add(cpu_share, {}, [this] { return share_.load(std::memory_order_relaxed); });
  add(shed_changes, {},
      [this] { return static_cast<double>(shed_changes_.load(std::memory_order_relaxed)); });
  for (size_t i = 1; i < shed_step_names.size(); ++i)
    add(details_shed, {shed_step_names[i]}, [this, i] {
      return static_cast<size_t>(shedding_.load(std::memory_order_relaxed)) >= i ? 1.0 : 0.0;
    });
}

void Tracing::observe_queues() {
  const auto add = [&](const auto& decl, LabelValues values, auto read) {
    observations_.push_back(registry_->observe(decl, values, sum(read)));
  };
  add(spans_processed, {""}, [](const Tracer& t) {
    const TraceQueue::Account removed = t.queue().removed();
    return removed.exported + removed.failed;
  });
  add(spans_processed, {"queue_full"},
      [](const Tracer& t) { return t.dropped(DropReason::queue_full); });
  const auto add_logs = [&](const auto& decl, LabelValues values, auto of_events, auto of_lines) {
    observations_.push_back(registry_->observe(decl, values, [this, of_events, of_lines] {
      uint64_t total = of_lines(lines_);
      for (const Tracer& tracer : tracers_)
        total += of_events(tracer.logs());
      return static_cast<double>(total);
    }));
  };
  const auto left = [](const auto& logs) { return logs.exported() + logs.failed(); };
  const auto held = [](const auto& logs) { return logs.held(); };
  const auto surplus = [](const LogEvents& logs) { return logs.surplus(); };
  const auto dropped = [](const EventOutbox& lines) { return lines.dropped(); };
  const auto all_dropped = [](const LogEvents& logs) { return logs.surplus() + logs.dropped(); };
  add_logs(logs_processed, {""}, left, left);
  add_logs(logs_processed, {"queue_full"}, all_dropped, dropped);
  add_logs(log_queue_size, {}, held, held);
  add_logs(log_events_dropped, {"queue_full"}, surplus, dropped);
  const auto exported = [](const auto& logs) { return logs.exported(); };
  const auto failed = [](const auto& logs) { return logs.failed(); };
  add_logs(log_events_exported, {}, exported, exported);
  add_logs(log_events_dropped, {"export_failed"}, failed, failed);
  add(log_events_dropped, {"ring_full"}, [](const Tracer& t) { return t.logs().dropped(); });
  add(log_events_dropped, {"shed"}, [](const Tracer& t) { return t.logs().shed(); });
  add(log_queue_capacity, {}, [](const Tracer& t) { return t.logs().events_max(); });
}

void Tracing::observe(Registry& registry) {
  const auto add = [&](const auto& decl, auto read) {
    observations_.push_back(registry.observe(decl, {}, sum(read)));
  };
  registry_ = &registry;
  observe_account();
  observe_cost();
  add(span_queue_capacity, [](const Tracer& t) { return t.queue().spans_max(); });
  for (size_t i = 1; i < keep_reason_names.size(); ++i) {
    const auto reason = static_cast<KeepReason>(i);
    observations_.push_back(
        registry.observe(traces_kept, {keep_reason_names[i]},
                         sum([reason](const Tracer& t) { return t.kept(reason); })));
  }
  observe_queues();
  observe_routes(table_);
  observations_.push_back(registry.observe(recorder_seconds, {}, [this] {
    Duration least = Duration::max();
    for (const Tracer& tracer : tracers_)
      least = std::min(least, tracer.ring_duration());
    return std::chrono::duration<double>(least).count();
  }));
}

}  // namespace weir::telemetry
