#pragma once
// What the edge measures. The names that dashboards and autoscalers rely on are declared here,
// once.

#include <array>
#include <memory>

#include "edge/cache_metrics.h"
#include "telemetry/instrument.h"
#include "telemetry/recorder.h"
#include "telemetry/sampling_table.h"
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
inline constexpr telemetry::HistogramDecl server_duration_decl{
    .name = "http.server.request.duration",
    .unit = "s",
    .help =
        "The same by OpenTelemetry's conventions: by method, scheme, status, version of the "
        "protocol, and route (telemetry.sampling.routes; without one for all other paths).",
    .labels = {"http.request.method", "url.scheme", "http.response.status_code", "http.route",
               "network.protocol.version", "error.type"}};
inline constexpr telemetry::CounterDecl baggage_left_out_decl{
    .name = "edge.baggage.left_out",
    .unit = "{member}",
    .help =
        "Members of a trusted peer's baggage that were malformed or too many, and not passed on."};
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

// What all statuses of a kind of request share.
struct RequestKind {
  static constexpr size_t methods = static_cast<size_t>(wire::RequestMethod::other) + 1;
  static constexpr size_t versions = 3;
  static constexpr size_t rows = telemetry::SamplingTable::routes_max * methods * versions * 2;

  wire::RequestMethod method;
  uint8_t version;  // 0: HTTP/1.0, 1: HTTP/1.1, 2: HTTP/2
  bool secure;
  uint8_t route;  // of sampling

  size_t row() const {
    return ((route * methods + static_cast<size_t>(method)) * versions + version) * 2 + secure;
  }
};

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
        baggage_left_out(recorder.bind(baggage_left_out_decl)),
        recorder_(recorder),
        requests_(recorder.family(requests_decl)),
        durations_(recorder.family(server_duration_decl)) {}

  // What requests of one kind are counted by.
  struct Answered {
    telemetry::Counter requests;
    telemetry::Histogram duration;
    bool bound = false;
  };
  // Of this kind and status, found by index once it was used; the first time, route_name() is asked
  // for the name of its route.
  template <class RouteName>
  Answered& answered(const RequestKind& kind, uint16_t status, RouteName route_name) {
    auto& row = rows_[kind.row()];
    if (!row) [[unlikely]]
      row = std::make_unique<Row>();
    Answered& found = (*row)[status % 1000];
    if (!found.bound) [[unlikely]]
      found = bind(kind, status, route_name());
    return found;
  }
  // Routes have other names from now on.
  void forget_routes() { rows_ = {}; }

  telemetry::Histogram duration;
  telemetry::Counter errors;
  telemetry::Counter bytes_out;
  telemetry::Counter bytes_in;
  CacheMetrics cache;
  telemetry::Counter client_aborts;
  telemetry::Counter baggage_left_out;
  telemetry::Recorder& recorder() { return recorder_; }

 private:
  static constexpr std::array<std::string_view, RequestKind::versions> versions{"1.0", "1.1", "2"};
  using Row = std::array<Answered, 1000>;

  Answered bind(const RequestKind& kind, uint16_t status, std::string_view route_name) {
    // Methods are anybody's to invent, so that those without a name share one.
    const std::string_view method =
        kind.method == wire::RequestMethod::other ? "_OTHER" : wire::to_string(kind.method);
    const std::array<char, 3> digits{static_cast<char>('0' + status / 100 % 10),
                                     static_cast<char>('0' + status / 10 % 10),
                                     static_cast<char>('0' + status % 10)};
    const std::string_view text(digits.data(), digits.size());
    return {requests_.at({method, text}),
            durations_.at({method, kind.secure ? "https" : "http", text, route_name,
                           versions[kind.version], status >= 500 ? text : ""}),
            true};
  }

  telemetry::Recorder& recorder_;
  telemetry::Family<telemetry::Counter> requests_;
  telemetry::Family<telemetry::Histogram> durations_;
  std::array<std::unique_ptr<Row>, RequestKind::rows> rows_;
};

}  // namespace weir::edge
