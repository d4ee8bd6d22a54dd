// What is kept of very many traces, with the ids and decisions of real ones. A million traces for
// each case, or as many as WEIR_STATISTICS_TRACES says: the nightly run takes ten million.
#include <array>
#include <cmath>
#include <cstdlib>
#include <deque>

#include <doctest/doctest.h>

#include "settings/load.h"
#include "telemetry/trace.h"

namespace weir::telemetry {

namespace {

constexpr SpanDecl request{"edge.request", SpanKind::server};
constexpr std::array rates{0.0001, 0.001, 0.01, 0.1, 0.5, 1.0};
constexpr int64_t apart_ns = 10'000;  // 100,000 a second

int64_t traces() {
  const char* asked = std::getenv("WEIR_STATISTICS_TRACES");
  return asked ? std::atoll(asked) : 1'000'000;
}

TelemetrySettings settings_with(SamplingStrategy strategy, double rate) {
  TelemetrySettings settings = settings::defaults(telemetry_settings());
  settings.sampling.strategy = strategy;
  settings.sampling.rate = rate;
  settings.queue_spans_max = 100'000;
  settings.flight_recorder_bytes = 64 * 1024;
  return settings;
}

// What was kept, and for how many it stands.
struct Kept {
  int64_t traces = 0;
  double sum = 0;
  double variance = 0;  // of that sum: each stands for `count` with a probability of 1 / count

  void add(uint64_t threshold) {
    const double count = adjusted_count(threshold);
    ++traces;
    sum += count;
    variance += count * (count - 1);
  }
  double sigma() const { return std::sqrt(variance); }
};

// Takes all that is in the queue.
template <class Visit>
void take(Tracer& tracer, Visit visit) {
  TraceQueue::Batch batch;
  tracer.queue().peek(UINT64_MAX, UINT64_MAX, batch);
  for (const TraceView& trace : batch.traces)
    visit(trace);
  tracer.queue().exported(batch);
}

// Whether the trace was kept.
bool serve(Tracer& tracer, int64_t number, bool error) {
  Trace trace(tracer);
  const SpanRef root = trace.start(request, MonoTime(Duration(number * apart_ns)));
  if (error) trace.status(root, SpanStatus::error);
  trace.end(root, MonoTime(Duration(number * apart_ns + 1000)));
  const uint64_t before = tracer.queue().spans_pushed();
  trace.finish();
  return tracer.queue().spans_pushed() != before;
}

}  // namespace

TEST_CASE("each rate keeps its share of real traces, and all of those that a lower one keeps") {
  const int64_t all = traces();
  std::array<Kept, rates.size()> kept;
  std::deque<Tracing> tracings;  // of one seed, so that they give the same ids
  for (const double rate : rates)
    tracings.emplace_back(1, settings_with(SamplingStrategy::fixed, rate), 11);
  int64_t inconsistent = 0;
  for (int64_t number = 1; number <= all; ++number) {
    bool lower = false;
    for (Tracing& tracing : tracings) {
      const bool here = serve(tracing.tracer(0), number, false);
      inconsistent += lower && !here ? 1 : 0;
      lower = here;
    }
    if (number % 10'000 != 0 && number != all) continue;
    for (size_t i = 0; i < rates.size(); ++i)
      take(tracings[i].tracer(0),
           [&](const TraceView& trace) { kept[i].add(trace.header().threshold); });
  }
  CHECK(inconsistent == 0);
  for (size_t i = 0; i < rates.size(); ++i) {
    CAPTURE(rates[i]);
    const double expected = static_cast<double>(all) * rates[i];
    const double sigma = std::sqrt(expected * (1 - rates[i]));
    CHECK(std::abs(static_cast<double>(kept[i].traces) - expected) <= 4 * sigma);
    CHECK(std::abs(kept[i].sum - static_cast<double>(all)) <= 4 * sigma / rates[i] + 1e-6);
  }
}

TEST_CASE("after the tail decision errors and all others still add up, far above the ceiling too") {
  const int64_t all = traces();
  for (const double rate : rates) {
    CAPTURE(rate);
    TelemetrySettings settings = settings_with(SamplingStrategy::tail, rate);
    settings.sampling.certain_per_second_max = 100;
    Tracing tracing(1, settings, 13);
    Tracer& tracer = tracing.tracer(0);
    Random random(17);
    int64_t errors = 0;
    Kept failed, others;
    const auto count = [&](const TraceView& trace) {
      const bool is_error = trace.header().reason == KeepReason::error;
      (is_error ? failed : others).add(trace.header().threshold);
    };
    for (int64_t number = 1; number <= all; ++number) {
      const bool error = random.below(50) == 0;  // 2,000 a second
      errors += error ? 1 : 0;
      serve(tracer, number, error);
      if (number % 10'000 == 0 || number == all) take(tracer, count);
    }
    CHECK(tracer.dropped(DropReason::queue_full) == 0);
    CHECK(std::abs(failed.sum - static_cast<double>(errors)) <= 4 * failed.sigma() + 1e-6);
    CHECK(std::abs(others.sum - static_cast<double>(all - errors)) <= 4 * others.sigma() + 1e-6);
  }
}

}  // namespace weir::telemetry
