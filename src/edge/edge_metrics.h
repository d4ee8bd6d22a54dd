#pragma once
// What the edge measures. The names that dashboards and autoscalers rely on are declared here,
// once.

#include <array>
#include <memory>
#include <optional>

#include "edge/cache_metrics.h"
#include "telemetry/instrument.h"
#include "telemetry/recorder.h"
#include "wire/http1_request.h"

namespace weir::edge {

inline constexpr telemetry::CounterDecl requests_decl{
    .name = "http_requests_total",
    .unit = "{request}",
    .help =
        "Requests answered, by method and status; compare rates of 5xx with all for the error "
        "rate.",
    .labels = {"method", "status"}};
inline constexpr telemetry::HistogramDecl duration_decl{
    .name = "http_request_duration_seconds",
    .unit = "s",
    .help = "From the first byte of a request to the end of its answer."};
inline constexpr telemetry::CounterDecl errors_decl{
    .name = "edge.errors", .unit = "{request}", .help = "Requests answered with 5xx."};
inline constexpr telemetry::CounterDecl bytes_out_decl{
    .name = "edge.bytes_out", .unit = "By", .help = "Bytes of answers sent to clients."};
inline constexpr telemetry::CounterDecl bytes_in_decl{
    .name = "edge.bytes_in",
    .unit = "By",
    .help = "Bytes of request bodies received from clients."};
inline constexpr telemetry::CounterDecl client_aborts_decl{
    .name = "edge.client_aborts",
    .unit = "{request}",
    .help = "Requests whose client left before there was an answer; slow origins make it grow."};
inline constexpr telemetry::HistogramDecl origin_latency_decl{
    .name = "edge.origin.latency",
    .unit = "ms",
    .help = "From sending a request to an origin to the head of its answer.",
    .labels = {"origin"},
    .per_unit = 1e6,
    .bounds = telemetry::milliseconds_bounds};
inline constexpr telemetry::GaugeDecl requests_per_second_decl{
    .name = "http_requests_per_second",
    .unit = "{request}/s",
    .help = "Requests a second over the last 10 s; the autoscaler's measure."};
inline constexpr telemetry::GaugeDecl qps_decl{
    .name = "edge.qps", .unit = "{request}/s", .help = "Requests a second over the last 10 s."};
inline constexpr telemetry::GaugeDecl error_rate_decl{
    .name = "edge.error_rate",
    .unit = "1",
    .help = "Share of requests answered with 5xx over the last 10 s."};
inline constexpr telemetry::GaugeDecl bandwidth_decl{
    .name = "edge.bandwidth",
    .unit = "By/s",
    .help = "Bytes a second sent to clients over the last 10 s."};
// One shard's handles.
class EdgeMetrics {
 public:
  explicit EdgeMetrics(telemetry::Recorder& recorder)
      : duration(recorder.bind(duration_decl)),
        errors(recorder.bind(errors_decl)),
        bytes_out(recorder.bind(bytes_out_decl)),
        bytes_in(recorder.bind(bytes_in_decl)),
        cache(recorder),
        client_aborts(recorder.bind(client_aborts_decl)),
        recorder_(recorder),
        requests_(recorder.family(requests_decl)) {}

  // The counter of this method and status, found by index once it was used.
  telemetry::Counter& requests(wire::RequestMethod method, uint16_t status) {
    auto& row = rows_[static_cast<size_t>(method)];
    if (!row) [[unlikely]]
      row = std::make_unique<Row>();
    std::optional<telemetry::Counter>& counter = (*row)[status % 1000];
    if (!counter) [[unlikely]]
      counter = bind(method, status);
    return *counter;
  }

  telemetry::Histogram duration;
  telemetry::Counter errors;
  telemetry::Counter bytes_out;
  telemetry::Counter bytes_in;
  CacheMetrics cache;
  telemetry::Counter client_aborts;
  telemetry::Recorder& recorder() { return recorder_; }

 private:
  using Row = std::array<std::optional<telemetry::Counter>, 1000>;

  telemetry::Counter bind(wire::RequestMethod method, uint16_t status) {
    // Methods are anybody's to invent, so that those without a name share one.
    const std::string_view name =
        method == wire::RequestMethod::other ? "_OTHER" : wire::to_string(method);
    const std::array<char, 3> digits{static_cast<char>('0' + status / 100 % 10),
                                     static_cast<char>('0' + status / 10 % 10),
                                     static_cast<char>('0' + status % 10)};
    return requests_.at({name, std::string_view(digits.data(), digits.size())});
  }

  telemetry::Recorder& recorder_;
  telemetry::Family<telemetry::Counter> requests_;
  std::array<std::unique_ptr<Row>, static_cast<size_t>(wire::RequestMethod::other) + 1> rows_;
};

}  // namespace weir::edge
