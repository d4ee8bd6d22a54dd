// Recording allocates nothing. This program's operator new counts, on the thread that asks; under a
// sanitizer, which has one of its own, there is nothing to see.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WEIR_FOREIGN_NEW 1
#endif
#endif
#ifndef WEIR_FOREIGN_NEW
#include <doctest/doctest.h>

#include "base/counting_new.h"
#include "base/units.h"
#include "settings/load.h"
#include "telemetry/trace.h"

namespace weir::telemetry {

namespace {

constexpr SpanDecl request{"edge.request", SpanKind::server};
constexpr CounterDecl by_path{
    .name = "path_total", .unit = "1", .help = "By path.", .labels = {"path"}};
constexpr HistogramDecl duration{.name = "duration_seconds", .unit = "s", .help = "Time."};

void serve(Tracer& tracer, int64_t number) {
  Trace trace(tracer);
  trace.route("/a");
  const SpanRef root = trace.start(request, MonoTime(Duration(number * 1'000'000)));
  trace.set(root, AttributeKey::url_path, "/api/v1/items/42");
  trace.set(root, AttributeKey::http_response_status_code, 200);
  if (number % 7 == 0) trace.status(root, SpanStatus::error, "failed");
  trace.end(root, MonoTime(Duration(number * 1'000'000 + 500)));
}

}  // namespace

TEST_CASE("this test sees allocations") {
  const uint64_t before = allocations_of_thread;
  const std::string text(1000, 'x');
  CHECK(allocations_of_thread == before + 1);
  CHECK(text.size() == 1000);
}

TEST_CASE("spans, counters and histograms are recorded without an allocation") {
  TelemetrySettings settings = settings::defaults(telemetry_settings());
  settings.sampling.rate = 0.5;
  settings.sampling.routes = {{.path = "/a", .critical = true}};
  settings.flight_recorder_bytes = 64 * KiB;
  settings.queue_spans_max = 100;
  Tracing tracing(1, settings, 7);
  Registry registry(1);
  Recorder& recorder = registry.recorder(0);
  auto paths = recorder.family(by_path);
  Histogram histogram = recorder.bind(duration);
  const auto everything = [&](int64_t number) {
    serve(tracing.tracer(0), number);
    paths.at({"/a"}).add();
    histogram.record(static_cast<uint64_t>(number) % 1000 + 1000);
  };
  // The first values of a range and the first use of a label make room for all that follow.
  for (int64_t number = 1; number <= 1000; ++number)
    everything(number);
  const uint64_t before = allocations_of_thread;
  for (int64_t number = 1; number <= 10'000; ++number)
    everything(number);
  CHECK(allocations_of_thread == before);
}

}  // namespace weir::telemetry
#endif
