// What does a record cost? Nanoseconds of CPU per operation on one thread and on two at once, each
// with a shard of its own; the median of seven runs. Times are taken ahead, as from an event loop;
// the clock's own cost stands beside them. "recorded" means written to the flight recorder and
// decided upon, "kept" also put into the export queue.

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <thread>
#include <time.h>

#include "settings/load.h"
#include "telemetry/trace.h"

namespace weir::telemetry {

namespace {

constexpr CounterDecl requests{.name = "requests_total", .unit = "1", .help = "Requests."};
constexpr CounterDecl by_path{
    .name = "path_total", .unit = "1", .help = "By path.", .labels = {"path", "status"}};
constexpr HistogramDecl duration{.name = "duration_seconds", .unit = "s", .help = "Time."};
constexpr HistogramDecl by_route{
    .name = "route_seconds", .unit = "s", .help = "Time by route.", .labels = {"route"}};
constexpr SpanDecl request{"edge.request", SpanKind::server};

constexpr int runs = 7;

double thread_cpu_ns() {
  timespec spent{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) * 1e9 + static_cast<double>(spent.tv_nsec);
}

// CPU per operation over `threads` threads that start together.
template <class Body>
double measure_once(unsigned threads, uint64_t operations, Body body) {
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
void measure(const char* name, uint64_t operations, Body body) {
  std::printf("%-52s", name);
  for (const unsigned threads : {1u, 2u}) {
    std::vector<double> results;
    for (int run = 0; run < runs; ++run)
      results.push_back(measure_once(threads, operations, body));
    std::sort(results.begin(), results.end());
    std::printf("  %7.2f", results[runs / 2]);
    std::fflush(stdout);
  }
  std::printf("\n");
}

uint64_t scattered(uint64_t i) {
  return (i * 2'654'435'761u) & 0xfffff;
}

MonoTime time_of(uint64_t i) {
  return MonoTime(Duration(static_cast<int64_t>(i) * 1000));
}

void measure_instruments() {
  constexpr uint64_t operations = 5'000'000;
  Registry registry(2);
  measure("clock_gettime(CLOCK_MONOTONIC)", operations / 5, [](unsigned, uint64_t n) {
    timespec now{};
    for (uint64_t i = 0; i < n; ++i)
      ::clock_gettime(CLOCK_MONOTONIC, &now);
  });
  measure("counter, bound", operations, [&](unsigned shard, uint64_t n) {
    Counter counter = registry.recorder(shard).bind(requests);
    for (uint64_t i = 0; i < n; ++i) {
      counter.add();
      asm volatile("" ::: "memory");
    }
  });
  measure("counter, two dynamic labels looked up", operations, [&](unsigned shard, uint64_t n) {
    auto family = registry.recorder(shard).family(by_path);
    for (uint64_t i = 0; i < n; ++i)
      family.at({"/api/v1/items", "200"}).add();
  });
  measure("histogram, bound", operations, [&](unsigned shard, uint64_t n) {
    Histogram histogram = registry.recorder(shard).bind(duration);
    for (uint64_t i = 0; i < n; ++i)
      histogram.record(scattered(i));
  });
  std::vector<std::vector<Histogram>> routes(2);
  for (unsigned shard = 0; shard < 2; ++shard)
    for (int i = 0; i < 1000; ++i)
      routes[shard].push_back(
          registry.recorder(shard).bind(by_route, {"/route/" + std::to_string(i)}));
  measure("histogram, one of 1000 routes", operations, [&](unsigned shard, uint64_t n) {
    for (uint64_t i = 0; i < n; ++i)
      routes[shard][i * 7919 % 1000].record(scattered(i));
  });
  std::printf("memory of 1000 routes over 13 octaves: %.1f MiB a shard\n",
              static_cast<double>(registry.recorder(0).memory_bytes()) / 0x1p20);
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

void measure_spans() {
  constexpr uint64_t operations = 1'000'000;
  TelemetrySettings settings = settings::defaults(telemetry_settings());
  settings.sampling.rate = 0.0001;
  Tracing rare(2, settings, 1);
  measure("span recorded, no attribute, 0.01 % kept", operations,
          [&](unsigned shard, uint64_t n) { record_traces<false>(rare.tracer(shard), n); });
  measure("span recorded, 5 attributes, 0.01 % kept", operations,
          [&](unsigned shard, uint64_t n) { record_traces<true>(rare.tracer(shard), n); });
  settings.sampling.rate = 1;
  Tracing always(2, settings, 1);
  measure("span recorded, 5 attributes, all kept and exported", operations,
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

}  // namespace

}  // namespace weir::telemetry

int main() {
  std::printf("%-52s  %7s  %7s\n", "ns of CPU per operation, threads:", "1", "2");
  weir::telemetry::measure_instruments();
  weir::telemetry::measure_spans();
}
