#include "otlp/metric_encoder.h"

#include "otlp/otlp_test_kit.h"

namespace weir::otlp::test {

namespace {

constexpr telemetry::CounterDecl hits{.name = "edge.cache.hit_rate",
                                      .unit = "1",
                                      .help = "Look-ups.",
                                      .labels = {"hit", "site"},
                                      .points_max = 2};
constexpr telemetry::UpDownCounterDecl open{.name = "connections", .unit = "1", .help = "Open."};
constexpr telemetry::GaugeDecl rate{.name = "edge.qps", .unit = "1/s", .help = "Rate."};
constexpr telemetry::HistogramDecl latency{
    .name = "edge.origin.latency", .unit = "ms", .help = "Time.", .per_unit = 1e6};
constexpr telemetry::HistogramDecl exact{
    .name = "sizes", .unit = "By", .help = "Sizes.", .per_unit = 1};

constexpr MetricTimes times{WallTime(Duration(1000)), WallTime(Duration(2000))};

std::vector<MetricRequest> encode(const telemetry::Registry& registry, size_t bytes_max = 1 << 20,
                                  uint64_t* left_out = nullptr) {
  MetricEncoder encoder({.attributes = {{"service.name", "edge-service"}}, .program_version = "1"});
  uint64_t ignored = 0;
  return encoder.encode(registry.collect(), times, bytes_max, left_out ? *left_out : ignored);
}

// Metrics of a request by name.
std::map<std::string, Fields> metrics_of(const MetricRequest& request) {
  const Fields resource_metrics = decode(one(decode(request.body), 1));
  CHECK(attributes(decode(one(resource_metrics, 1)), 1) ==
        std::vector<std::string>{"service.name=text:edge-service"});
  std::map<std::string, Fields> metrics;
  for (const std::string& metric : each(decode(one(resource_metrics, 2)), 2)) {
    const Fields fields = decode(metric);
    metrics[one(fields, 1)] = fields;
  }
  return metrics;
}

double double_of(const std::string& bytes) {
  return std::bit_cast<double>(number_of(bytes));
}

int64_t unzigzag(const std::string& bytes) {
  const uint64_t value = number_of(bytes);
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

std::vector<uint64_t> packed(const std::string& bytes) {
  std::vector<uint64_t> numbers;
  uint64_t number = 0;
  int shift = 0;
  for (const char c : bytes) {
    number |= uint64_t{static_cast<uint8_t>(c) & 127u} << shift;
    shift += 7;
    if ((c & 0x80) != 0) continue;
    numbers.push_back(number);
    number = 0;
    shift = 0;
  }
  return numbers;
}

}  // namespace

TEST_CASE("a status code is a number, as the conventions want it") {
  constexpr telemetry::CounterDecl answers{
      .name = "answers", .unit = "1", .help = "", .labels = {"http.response.status_code"}};
  telemetry::Registry registry(1);
  registry.recorder(0).bind(answers, {"404"}).add();
  const Fields sum = decode(one(metrics_of(encode(registry)[0])["answers"], 7));
  CHECK(attributes(decode(each(sum, 1)[0]), 7) ==
        std::vector<std::string>{"http.response.status_code=int:404"});
}

TEST_CASE("a counter is a monotonic cumulative sum; hit is a boolean, overflow has a point") {
  telemetry::Registry registry(1);
  auto& recorder = registry.recorder(0);
  recorder.bind_dynamic(hits, {"false", ""}).add(2);
  recorder.bind_dynamic(hits, {"true", "main"}).add(5);
  recorder.bind_dynamic(hits, {"true", "third"}).add(7);
  const auto requests = encode(registry);
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].points == 3);
  const Fields metric = metrics_of(requests[0])["edge.cache.hit_rate"];
  CHECK(one(metric, 2) == "Look-ups.");
  CHECK(one(metric, 3) == "1");
  const Fields sum = decode(one(metric, 7));
  CHECK(number_of(one(sum, 2)) == 2);
  CHECK(number_of(one(sum, 3)) == 1);
  const auto points = each(sum, 1);
  REQUIRE(points.size() == 3);
  CHECK(attributes(decode(points[0]), 7) == std::vector<std::string>{"hit=bool:0"});
  CHECK(attributes(decode(points[1]), 7) ==
        std::vector<std::string>{"hit=bool:1", "site=text:main"});
  CHECK(attributes(decode(points[2]), 7) ==
        std::vector<std::string>{"otel.metric.overflow=bool:1"});
  CHECK(number_of(one(decode(points[1]), 6)) == 5);
  CHECK(number_of(one(decode(points[1]), 2)) == 1000);
  CHECK(number_of(one(decode(points[1]), 3)) == 2000);
}

TEST_CASE("an up-down counter is a sum that is not monotonic, a gauge has no temporality") {
  telemetry::Registry registry(1);
  registry.recorder(0).bind(open).subtract(3);
  registry.recorder(0).bind(rate).set(0);
  auto metrics = metrics_of(encode(registry).at(0));
  const Fields sum = decode(one(metrics["connections"], 7));
  CHECK(sum.count(3) == 0);
  CHECK(static_cast<int64_t>(number_of(one(decode(one(sum, 1)), 6))) == -3);
  const Fields gauge = decode(one(metrics["edge.qps"], 5));
  CHECK(gauge.size() == 1);
  CHECK(double_of(one(decode(one(gauge, 1)), 4)) == 0);
}

TEST_CASE("a histogram is exponential, with exact count, sum, min and max in its unit") {
  telemetry::Registry registry(1);
  auto histogram = registry.recorder(0).bind(latency);
  for (int i = 1; i <= 1000; ++i)
    histogram.record(microseconds(i * 10));
  histogram.record(uint64_t{0});
  const Fields data = decode(one(metrics_of(encode(registry).at(0))["edge.origin.latency"], 10));
  CHECK(number_of(one(data, 2)) == 2);
  const Fields point = decode(one(data, 1));
  CHECK(number_of(one(point, 4)) == 1001);
  CHECK(double_of(one(point, 5)) == doctest::Approx(5005));
  CHECK(number_of(one(point, 7)) == 1);
  CHECK(double_of(one(point, 12)) == 0);
  CHECK(double_of(one(point, 13)) == 10);
  uint64_t total = 0;
  const auto counts = packed(one(decode(one(point, 8)), 2));
  for (const uint64_t count : counts)
    total += count;
  CHECK(total == 1000);
  CHECK(counts.size() <= 160);
}

TEST_CASE("what is zero or empty is left out, but for what is optional or one of several") {
  constexpr telemetry::CounterDecl bare{.name = "bare", .unit = "", .help = ""};
  telemetry::Registry registry(1);
  (void)registry.recorder(0).bind(latency);
  (void)registry.recorder(0).bind(bare);
  auto metrics = metrics_of(encode(registry).at(0));
  const Fields empty = decode(one(decode(one(metrics["edge.origin.latency"], 10)), 1));
  CHECK(empty.count(4) == 0);
  CHECK(double_of(one(empty, 5)) == 0);
  for (const int field : {6, 7, 8, 12, 13})
    CHECK(empty.count(field) == 0);
  CHECK(metrics["bare"].count(2) == 0);
  CHECK(metrics["bare"].count(3) == 0);
  CHECK(number_of(one(decode(one(decode(one(metrics["bare"], 7)), 1)), 6)) == 0);
}

TEST_CASE("a power of two is the upper end of its bucket, on both sides of one") {
  for (const uint64_t value : {uint64_t{1}, uint64_t{8}, uint64_t{1024}}) {
    telemetry::Registry registry(1);
    registry.recorder(0).bind(exact).record(value);
    const Fields data = decode(one(metrics_of(encode(registry).at(0))["sizes"], 10));
    const Fields point = decode(one(data, 1));
    const Fields buckets = decode(one(point, 8));
    const int64_t scale = unzigzag(one(point, 6));
    const int64_t index = static_cast<int64_t>(std::bit_width(value)) - 1;
    CHECK(unzigzag(one(buckets, 1)) == (index << scale) - 1);
    CHECK(packed(one(buckets, 2)) == std::vector<uint64_t>{1});
  }
}

TEST_CASE("exemplars go with the histogram that they name, by trace and span") {
  telemetry::Registry registry(1);
  registry.recorder(0).bind(latency).record(milliseconds(5));
  registry.recorder(0).bind(exact).record(uint64_t{5});
  MetricEncoder encoder({.attributes = {{"service.name", "edge-service"}}, .program_version = "1"});
  encoder.use_examples(
      {.metric = latency.name,
       .exemplars = {{.trace = {1, 2}, .span = {3}, .value_ns = 5'000'000, .time_ns = 40}},
       .wall_offset_ns = 1000});
  uint64_t left_out = 0;
  auto metrics = metrics_of(encoder.encode(registry.collect(), times, 1 << 20, left_out).at(0));
  const auto point = [&](const char* name) {
    return decode(one(decode(one(metrics[name], 10)), 1));
  };
  const Fields exemplar = decode(one(point("edge.origin.latency"), 11));
  CHECK(number_of(one(exemplar, 2)) == 1040);
  CHECK(double_of(one(exemplar, 3)) == 5);
  CHECK(one(exemplar, 4) == std::string("\0\0\0\0\0\0\0\3", 8));
  CHECK(one(exemplar, 5).size() == 16);
  CHECK(point("sizes").count(11) == 0);
}

TEST_CASE("what exceeds a request's bytes goes into another, or is counted") {
  telemetry::Registry registry(1);
  registry.recorder(0).bind(open).add();
  registry.recorder(0).bind(rate).set(1);
  registry.recorder(0).bind_dynamic(hits, {"true", std::string(250, 's')}).add();
  uint64_t left_out = 0;
  const auto requests = encode(registry, 160, &left_out);
  CHECK(requests.size() == 2);
  CHECK(left_out == 1);
  for (const MetricRequest& request : requests)
    CHECK(request.body.size() <= 160);
}

TEST_CASE("nothing is sent where nothing was recorded") {
  const telemetry::Registry registry(1);
  CHECK(encode(registry).empty());
}

}  // namespace weir::otlp::test
