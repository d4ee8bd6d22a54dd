#include "telemetry/prometheus.h"

#include <doctest/doctest.h>

namespace weir::telemetry {

namespace {

constexpr CounterDecl requests{.name = "http_requests_total",
                               .unit = "1",
                               .help = "Requests answered, \"all\" of them.\nTwo lines, one \\.",
                               .labels = {"status", "method"},
                               .points_max = 1};
constexpr CounterDecl hits{
    .name = "edge.cache.hit_rate", .unit = "1", .help = "Look-ups.", .labels = {"hit"}};
constexpr GaugeDecl qps{.name = "edge.qps", .unit = "1/s", .help = "Requests a second."};
constexpr UpDownCounterDecl open{.name = "connections", .unit = "1", .help = "Open."};
constexpr double few_bounds[] = {.005, 1, 10};
constexpr HistogramDecl duration{.name = "http_request_duration_seconds",
                                 .unit = "s",
                                 .help = "Time to answer.",
                                 .labels = {"route"},
                                 .bounds = few_bounds};
constexpr double few_milliseconds[] = {5, 100};
constexpr HistogramDecl origin{.name = "edge.origin.latency",
                               .unit = "ms",
                               .help = "Time of the origin.",
                               .per_unit = 1e6,
                               .bounds = few_milliseconds};

void fill(Registry& registry) {
  Recorder& recorder = registry.recorder(0);
  recorder.bind_dynamic(requests, {"200", "GET"}).add(3);
  recorder.bind_dynamic(requests, {"500", "a\"b\\c\nd"}).add(2);
  recorder.bind(hits, {"true"}).add(8);
  recorder.bind(qps).set(12.5);
  recorder.bind(open).subtract(1);
  Histogram times = recorder.bind(duration, {"/"});
  times.record(milliseconds(5));
  times.record(milliseconds(250));
  times.record(seconds(20));
  recorder.bind(origin).record(milliseconds(7));
}

std::string written(ExpositionFormat format) {
  Registry registry(1);
  fill(registry);
  std::string out;
  write_exposition(registry.collect(), format, out);
  return out;
}

constexpr HistogramDecl plain_duration{
    .name = "plain_duration_seconds", .unit = "s", .help = "Time."};

}  // namespace

TEST_CASE("the text format is written as Prometheus reads it") {
  CHECK(written(ExpositionFormat::text) ==
        R"(# HELP connections Open.
# TYPE connections gauge
connections -1
# HELP edge_cache_hit_rate_total Look-ups.
# TYPE edge_cache_hit_rate_total counter
edge_cache_hit_rate_total{hit="true"} 8
# HELP edge_origin_latency Time of the origin.
# TYPE edge_origin_latency histogram
edge_origin_latency_bucket{le="5"} 0
edge_origin_latency_bucket{le="100"} 1
edge_origin_latency_bucket{le="+Inf"} 1
edge_origin_latency_sum 7
edge_origin_latency_count 1
# HELP edge_qps Requests a second.
# TYPE edge_qps gauge
edge_qps 12.5
# HELP http_request_duration_seconds Time to answer.
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{route="/",le="0.005"} 1
http_request_duration_seconds_bucket{route="/",le="1"} 2
http_request_duration_seconds_bucket{route="/",le="10"} 2
http_request_duration_seconds_bucket{route="/",le="+Inf"} 3
http_request_duration_seconds_sum{route="/"} 20.255
http_request_duration_seconds_count{route="/"} 3
# HELP http_requests_total Requests answered, "all" of them.\nTwo lines, one \\.
# TYPE http_requests_total counter
http_requests_total{status="200",method="GET"} 3
http_requests_total{otel_metric_overflow="true"} 2
)");
}

TEST_CASE("OpenMetrics names families without _total, gives units and ends with EOF") {
  const std::string out = written(ExpositionFormat::open_metrics);
  CHECK(out.find("# TYPE http_requests counter\n") != std::string::npos);
  CHECK(out.find("# HELP http_requests Requests answered, \\\"all\\\" of them.\\n") !=
        std::string::npos);
  CHECK(out.find("\nhttp_requests_total{status=\"200\",method=\"GET\"} 3\n") != std::string::npos);
  CHECK(out.find("# UNIT http_request_duration_seconds seconds\n") != std::string::npos);
  CHECK(out.find("# UNIT edge_origin_latency") == std::string::npos);
  CHECK(out.find("le=\"1.0\"") != std::string::npos);
  CHECK(out.ends_with("\n# EOF\n"));
}

TEST_CASE("OpenMetrics buckets lead to a trace that took so long, the text format cannot") {
  Registry registry(1);
  registry.recorder(0).bind(plain_duration).record(milliseconds(30));
  const HistogramExamples examples{
      plain_duration.name, {{{0xab, 0xcd}, {0xef}, 30'000'000, 2'005'000'000}}, 10'000'000'000};
  std::string out;
  write_exposition(registry.collect(), ExpositionFormat::open_metrics, out, examples);
  CHECK(out.find("le=\"0.05\"} 1 # {trace_id=\"00000000000000ab00000000000000cd\","
                 "span_id=\"00000000000000ef\"} 0.03 12.005\n") != std::string::npos);
  CHECK(out.find("le=\"0.075\"} 1\n") != std::string::npos);
  out.clear();
  write_exposition(registry.collect(), ExpositionFormat::text, out, examples);
  CHECK(out.find("trace_id") == std::string::npos);
}

TEST_CASE("label values are escaped and empty ones left out") {
  Registry registry(1);
  registry.recorder(0).bind(requests, {"", "a\"b\\c\nd"}).add(1);
  std::string out;
  write_exposition(registry.collect(), ExpositionFormat::text, out);
  CHECK(out.find("http_requests_total{method=\"a\\\"b\\\\c\\nd\"} 1\n") != std::string::npos);
}

TEST_CASE("a scraper that accepts OpenMetrics gets it") {
  CHECK(exposition_format("application/openmetrics-text;version=1.0.0,text/plain;q=0.5") ==
        ExpositionFormat::open_metrics);
  CHECK(exposition_format("text/plain") == ExpositionFormat::text);
  CHECK(exposition_format("") == ExpositionFormat::text);
  CHECK(content_type(ExpositionFormat::text).starts_with("text/plain; version=0.0.4"));
}

}  // namespace weir::telemetry
