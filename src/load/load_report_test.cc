#include "load/load_report.h"

#include <doctest/doctest.h>

namespace weir::load {
namespace {

LoadOptions some_options() {
  LoadOptions options;
  options.url = "http://127.0.0.1:1/";
  options.rate = RateProfile{.from = 1000, .to = 1000, .level_time = seconds(1), .ramp_time = {}};
  options.connections = 10;
  options.queue = 7;
  options.cores = {0, 1};
  return options;
}

// 1000 requests of 1 ms, nine failures of three kinds, one missed.
LoadReport some_report() {
  LoadCounts counts;
  counts.requests.add(1010);
  counts.requests_total.add(1110);
  counts.answered_total.add(1100);
  counts.answered_in_time.add(999);
  counts.by_class[2].add(990);
  counts.by_class[5].add(10);
  counts.failures[static_cast<size_t>(Failure::timed_out)].add(6);
  counts.failures[static_cast<size_t>(Failure::reset)].add(2);
  counts.failures[static_cast<size_t>(Failure::connect)].add(1);
  counts.missed.add(1);
  for (int i = 0; i < 1000; ++i)
    counts.latency.record(1'000'000);
  for (int i = 0; i < 1010; ++i)
    counts.lag.record(i < 990 ? 20'000 : 1'500'000);
  LoadReport report;
  report.totals.add(counts);
  report.measured = seconds(2);
  report.cpu_seconds = 0.5;
  report.reactor = "epoll";
  return report;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

}  // namespace

TEST_CASE("the sums of a report agree") {
  const LoadReport report = some_report();
  CHECK(report.totals.answered() == 1000);
  CHECK(report.totals.ok() == 990);
  CHECK(report.totals.failed() == 9);
  CHECK(report.totals.errors() == 20);
  CHECK(report.requests_per_s() == doctest::Approx(499.5));
  CHECK(report.cpu_cores() == doctest::Approx(0.25));
  CHECK(report.ceiling_per_s(2) == doctest::Approx(3996));
}

TEST_CASE("the JSON report has what programs read") {
  const std::string json = json_report(some_options(), some_report());
  for (const std::string_view part :
       {"{\"url\":\"http://127.0.0.1:1/\"", "\"mode\":\"open_loop\"", "\"requests\":1010",
        "\"answered\":1000", "\"answered_total\":1100", "\"requests_per_s\":499.5", "\"errors\":20",
        "\"timed_out\":6", "\"missed\":1", "\"status_5xx\":10", "\"2xx\":990",
        ("\"latency_us\":{\"mean\":1000,\"p50\":1000,\"p90\":1000,\"p99\":1000,\"p99.9\":1000,"
         "\"p99.99\":1000,\"max\":1000}"),
        "\"client_cpu\":0.25", "\"bottleneck\":false"})
    CHECK_MESSAGE(contains(json, part), part << " in " << json);
  CHECK(json.ends_with("}\n"));
}

TEST_CASE("a report of nothing is still one") {
  LoadReport empty;
  CHECK(contains(json_report(some_options(), empty), "\"requests_per_s\":0"));
  CHECK(contains(text_report(some_options(), empty), "0 due, 0 answered"));
}

TEST_CASE("people read counts by kind, percentiles, and what the generator could do") {
  const std::string text = text_report(some_options(), some_report());
  for (const std::string_view part :
       {"1010 due, 1000 answered", "2xx 990 5xx 10", "connect 1, timed_out 6, reset 2, missed 1",
        "p99.99    1.00 ms", "ceiling is 3996/s", "the generator kept up"})
    CHECK_MESSAGE(contains(text, part), part << " in " << text);
}

TEST_CASE("a generator that was late, or out of CPU, says that it was the limit") {
  const LoadOptions options = some_options();
  LoadReport late = some_report();
  late.totals.late = 11;
  CHECK(verdict_on_generator(options, late).bottleneck);
  late.totals.late = 10;
  CHECK(!verdict_on_generator(options, late).bottleneck);
  late.totals.late = 500;
  late.totals.lag = {};  // late, but by nothing that shows in the latencies
  CHECK(!verdict_on_generator(options, late).bottleneck);

  LoadReport busy = some_report();
  busy.cpu_seconds = 3.8;
  CHECK(!verdict_on_generator(options, busy).bottleneck);  // nothing waited for it
  busy.totals.waited = 1;
  CHECK(verdict_on_generator(options, busy).bottleneck);
  LoadOptions closed = options;
  closed.rate.reset();
  busy.totals.waited = 0;
  CHECK(verdict_on_generator(closed, busy).bottleneck);
}

TEST_CASE("a progress line tells of the last second only") {
  LoadTotals before, now;
  LoadCounts counts;
  counts.answered_total.add(100);
  counts.latency.record(5'000'000);
  before.add(counts);
  counts.answered_total.add(50);
  counts.latency.record(1'000'000);
  now.add(counts);
  const std::string line = progress_line(before, now, seconds(3));
  CHECK(contains(line, "3 s  50 answered"));
  CHECK(contains(line, "p50 1.00 ms"));
}

}  // namespace weir::load
