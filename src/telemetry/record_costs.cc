#include "telemetry/record_costs.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <time.h>

#include "settings/load.h"
#include "telemetry/trace.h"

namespace weir::telemetry {

namespace {

constexpr CounterDecl requests{.name = "requests_total", .unit = "1", .help = "Requests."};
constexpr CounterDecl by_path{
    .name = "path_total", .unit = "1", .help = "By path.", .labels = {"path", "status"}};
constexpr CounterDecl by_three{.name = "three_total",
                               .unit = "1",
                               .help = "By three.",
                               .labels = {"method", "path", "status"}};
constexpr HistogramDecl time_by_three{.name = "three_seconds",
                                      .unit = "s",
                                      .help = "Time by three.",
                                      .labels = {"method", "path", "status"}};
constexpr HistogramDecl duration_decl{.name = "duration_seconds", .unit = "s", .help = "Time."};
constexpr HistogramDecl by_route{
    .name = "route_seconds", .unit = "s", .help = "Time by route.", .labels = {"route"}};
constexpr SpanDecl request{"edge.request", SpanKind::server};

constexpr LogEventDecl request_failed{"request.failed", LogLevel::error, "a request failed"};

constexpr int runs = 7;
constexpr double span_goal_ns = 25, full_span_goal_ns = 40, instrument_goal_ns = 5,
                 log_goal_ns = 60;

double thread_cpu_ns() {
  timespec spent{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) * 1e9 + static_cast<double>(spent.tv_nsec);
}

// CPU per operation over `threads` threads that start together.
template <class Body>
double measure_once(unsigned threads, uint64_t operations, const Body& body) {
  std::atomic<unsigned> ready{0};
  std::vector<double> spent(threads);
  std::vector<std::thread> crew;
  for (unsigned shard = 0; shard < threads; ++shard)
    crew.emplace_back([&, shard] {
      ++ready;
      while (ready < threads) {
      }
      const double start = thread_cpu_ns();
      body(shard, operations);
      spent[shard] = thread_cpu_ns() - start;
    });
  double total = 0;
  for (unsigned shard = 0; shard < threads; ++shard) {
    crew[shard].join();
    total += spent[shard];
  }
  return total / static_cast<double>(operations * threads);
}

template <class Body>
double median_of(unsigned threads, uint64_t operations, const Body& body) {
  std::vector<double> results;
  for (int run = 0; run < runs; ++run)
    results.push_back(measure_once(threads, operations, body));
  std::sort(results.begin(), results.end());
  return results[runs / 2];
}

// Measures every operation, or does a single one.
class Measurement {
 public:
  Measurement(void (*report)(const RecordCost&, void*), void* context)
      : report_(report), context_(context) {}
  Measurement(std::string_view only, uint64_t count) : only_(only), count_(count) {}

  template <class Body>
  void measure(std::string_view operation, double goal_ns, uint64_t operations, Body body) {
    if (report_) {
      report_({operation, median_of(1, operations, body), median_of(2, operations, body), goal_ns,
               uint64_t{runs} * 3 * operations},
              context_);
    } else if (operation == only_) {
      found_ = true;
      body(0, count_);
    }
  }
  bool found() const { return found_; }

 private:
  void (*report_)(const RecordCost&, void*) = nullptr;
  void* context_ = nullptr;
  std::string_view only_;
  uint64_t count_ = 0;
  bool found_ = false;
};

uint64_t scattered(uint64_t i) {
  return (i * 2'654'435'761u) & 0xfffff;
}

MonoTime time_of(uint64_t i) {
  return MonoTime(Duration(static_cast<int64_t>(i) * 1000));
}

void measure_instruments(Measurement& all) {
  constexpr uint64_t operations = 5'000'000;
  Registry registry(2);
  all.measure("counter", instrument_goal_ns, operations, [&](unsigned shard, uint64_t n) {
    Counter counter = registry.recorder(shard).bind(requests);
    for (uint64_t i = 0; i < n; ++i) {
      counter.add();
      asm volatile("" ::: "memory");
    }
  });
  all.measure("counter, two labels looked up", 0, operations, [&](unsigned shard, uint64_t n) {
    auto family = registry.recorder(shard).family(by_path);
    for (uint64_t i = 0; i < n; ++i)
      family.at({"/api/v1/items", "200"}).add();
  });
  all.measure("counter, three labels looked up", 0, operations, [&](unsigned shard, uint64_t n) {
    auto family = registry.recorder(shard).family(by_three);
    for (uint64_t i = 0; i < n; ++i)
      family.at({"GET", "/api/v1/items", "200"}).add();
  });
  all.measure("histogram, three labels looked up", 0, operations, [&](unsigned shard, uint64_t n) {
    auto family = registry.recorder(shard).family(time_by_three);
    for (uint64_t i = 0; i < n; ++i)
      family.at({"GET", "/api/v1/items", "200"}).record(scattered(i));
  });
  all.measure("histogram", instrument_goal_ns, operations, [&](unsigned shard, uint64_t n) {
    Histogram histogram = registry.recorder(shard).bind(duration_decl);
    for (uint64_t i = 0; i < n; ++i)
      histogram.record(scattered(i));
  });
  std::vector<std::vector<Histogram>> routes(2);
  for (unsigned shard = 0; shard < 2; ++shard)
    for (int i = 0; i < 1000; ++i)
      routes[shard].push_back(
          registry.recorder(shard).bind(by_route, {"/route/" + std::to_string(i)}));
  all.measure("histogram, one of 1000 routes", 0, operations, [&](unsigned shard, uint64_t n) {
    for (uint64_t i = 0; i < n; ++i)
      routes[shard][i * 7919 % 1000].record(scattered(i));
  });
}

// One trace of one span, with or without five attributes.
template <bool attributes>
void record_traces(Tracer& tracer, uint64_t n) {
  for (uint64_t i = 0; i < n; ++i) {
    Trace trace(tracer);
    const SpanRef root = trace.start(request, time_of(i));
    if constexpr (attributes) {
      trace.set(root, AttributeKey::http_request_method, "GET");
      trace.set(root, AttributeKey::url_path, "/api/v1/items/42");
      trace.set(root, AttributeKey::http_response_status_code, 200);
      trace.set(root, AttributeKey::client_address, "10.1.2.3");
      trace.set(root, AttributeKey::cache_hit, true);
    }
    trace.end(root, time_of(i + 1));
    trace.finish();
  }
}

void measure_spans(Measurement& all) {
  constexpr uint64_t operations = 1'000'000;
  TelemetrySettings settings = settings::defaults(telemetry_settings());
  settings.sampling.rate = 0.0001;
  Tracing rare(2, settings, 1);
  all.measure("span, not sampled", span_goal_ns, operations,
              [&](unsigned shard, uint64_t n) { record_traces<false>(rare.tracer(shard), n); });
  all.measure("span with 5 attributes, recorded, not kept", full_span_goal_ns, operations,
              [&](unsigned shard, uint64_t n) { record_traces<true>(rare.tracer(shard), n); });
  settings.sampling.rate = 1;
  Tracing always(2, settings, 1);
  all.measure("span with 5 attributes, kept and queued", 0, operations,
              [&](unsigned shard, uint64_t n) {
                Tracer& tracer = always.tracer(shard);
                TraceQueue::Batch batch;
                for (uint64_t done = 0; done < n; done += 1000) {
                  record_traces<true>(tracer, 1000);
                  tracer.queue().peek(UINT64_MAX, UINT64_MAX, batch);
                  tracer.queue().exported(batch);
                }
              });
}

void measure_logs(Measurement& all) {
  Tracing tracing(2, settings::defaults(telemetry_settings()), 1);
  const TraceContext context{{1, 2}, {3}, 1};
  for (unsigned shard = 0; shard < 2; ++shard)
    tracing.tracer(shard).logs().enable();
  all.measure("log event with 3 attributes, queued", log_goal_ns, 1'000'000,
              [&](unsigned shard, uint64_t n) {
                LogEvents& events = tracing.tracer(shard).logs();
                LogEvents::Batch batch;
                for (uint64_t done = 0; done < n; done += 500) {
                  for (uint64_t i = 0; i < 500; ++i)
                    LogEvent(events, request_failed, time_of(done + i), context)
                        .set(AttributeKey::url_path, "/api/v1/items/42")
                        .set(AttributeKey::http_response_status_code, 502)
                        .set(AttributeKey::cache_hit, false);
                  events.peek(500, batch);
                  events.settle(batch, batch.records.size(), 0);
                }
              });
}

// What the edge keeps of an answer beside its trace, and what it knows of the request. Texts whose
// length the compiler could know would cost less than a request's.
struct HitCells {
  explicit HitCells(Recorder& recorder)
      : duration(recorder.bind_dynamic(time_by_three, {"GET", "/api/v1/items", "200"})) {
    constexpr std::array<std::string_view, 6> names{"a", "b", "c", "d", "e", "f"};
    for (size_t i = 0; i < names.size(); ++i)
      counters[i] = recorder.bind_dynamic(by_path, {names[i], "200"});
  }
  Histogram duration;
  std::array<Counter, 6> counters;
  std::string path = "/api/v1/items/42";
  std::array<char, 16> texts{"10.1.2.3shop"};
  PaddedText client{texts.data(), 8};
  PaddedText site{texts.data() + 8, 4};
};

void record_hit(Tracer& tracer, HitCells& cells, uint64_t i) {
  Trace trace(tracer);
  {
    const Metered metered(tracer.meter());
    trace.route(cells.path);
    trace.start(request, time_of(i));
  }
  const Metered metered(tracer.meter());
  for (Counter& counter : cells.counters)
    counter.add();
  tracer.count_with_step(cells.duration, cells.path);
  trace.finish_with_step({.status = 200,
                          .method = 0,
                          .flags = RequestRecord::hit,
                          .path = cells.path,
                          .client = cells.client,
                          .site = cells.site});
}

// As many as a busy shard answers in a step.
constexpr uint64_t hits_a_step = 16;

void measure_hits(Measurement& all) {
  TelemetrySettings settings = settings::defaults(telemetry_settings());
  settings.sampling.strategy = SamplingStrategy::adaptive;
  settings.sampling.rate = 0.0001;
  Registry registry(2);
  Tracing tracing(2, settings, 1);
  PathAggregation paths(2, settings.paths_max, 1);
  for (unsigned shard = 0; shard < 2; ++shard)
    tracing.tracer(shard).aggregate(paths);
  all.measure("what a hit of the edge records, the clock apart", 0, 1'000'000,
              [&](unsigned shard, uint64_t n) {
                HitCells cells(registry.recorder(shard));
                Tracer& tracer = tracing.tracer(shard);
                for (uint64_t i = 0; i < n; ++i) {
                  record_hit(tracer, cells, i);
                  if (i % hits_a_step == hits_a_step - 1)
                    tracer.end_step(time_of(i), time_of(i + 1 + scattered(i) / 1000));
                }
              });
}

void measure_all(Measurement& all) {
  all.measure("the clock (CLOCK_MONOTONIC), for comparison", 0, 1'000'000,
              [](unsigned, uint64_t n) {
                timespec now{};
                for (uint64_t i = 0; i < n; ++i)
                  ::clock_gettime(CLOCK_MONOTONIC, &now);
              });
  measure_instruments(all);
  measure_spans(all);
  measure_logs(all);
  measure_hits(all);
}

}  // namespace

void measure_record_costs(void (*report)(const RecordCost&, void*), void* context) {
  Measurement all(report, context);
  measure_all(all);
}

bool do_record_operation(std::string_view operation, uint64_t count) {
  Measurement one(operation, count);
  measure_all(one);
  return one.found();
}

}  // namespace weir::telemetry
