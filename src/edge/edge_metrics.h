#pragma once
// What the edge measures. The names that dashboards and autoscalers rely on are declared here,
// once.

#include "edge/cache_metrics.h"
#include "telemetry/instrument.h"
#include "telemetry/recorder.h"
#include "wire/grpc.h"

namespace weir::edge {

inline constexpr telemetry::HistogramDecl duration_decl{
    .name = "http_request_duration_seconds",
    .unit = "s",
    .help = "From the first byte of a request to the end of its answer."};
inline constexpr telemetry::CounterDecl baggage_left_out_decl{
    .name = "edge.baggage.left_out",
    .unit = "{member}",
    .help =
        "Members of a trusted peer's baggage that were malformed or too many, and not passed on."};
inline constexpr telemetry::CounterDecl keep_hints_decl{
    .name = "edge.keep_hints",
    .unit = "{hint}",
    .help =
        "Answers of origins that asked for their trace to be kept (Trace-Keep); believed is true "
        "for origins that are set to be trusted, and nothing comes of the others.",
    .labels = {"believed"}};
inline constexpr telemetry::CounterDecl grpc_calls_decl{
    .name = "edge.grpc.calls",
    .unit = "{call}",
    .help =
        "Calls of gRPC by the status that they ended with (OK, UNAVAILABLE, ...), of which the "
        "HTTP status, 200, says nothing: alert on the share that is neither OK nor the fault of "
        "whoever asks.",
    .labels = {"status"}};
inline constexpr telemetry::CounterDecl test_calls_decl{
    .name = "edge.test.calls",
    .unit = "{request}",
    .help =
        "Calls made for POST /test; where it grows in production, turn telemetry.test_route off."};
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
      : errors(recorder.bind(errors_decl)),
        bytes_out(recorder.bind(bytes_out_decl)),
        bytes_in(recorder.bind(bytes_in_decl)),
        cache(recorder),
        client_aborts(recorder.bind(client_aborts_decl)),
        baggage_left_out(recorder.bind(baggage_left_out_decl)),
        test_calls(recorder.bind(test_calls_decl)),
        recorder_(recorder),
        keep_hints_(recorder.family(keep_hints_decl)),
        grpc_calls_(recorder.family(grpc_calls_decl)) {}

  void count_keep_hint(bool believed) { keep_hints_.at({believed ? "true" : "false"}).add(); }

  void count_call(wire::GrpcCode status) { grpc_calls_.at({wire::to_string(status)}).add(); }

  telemetry::Counter errors;
  telemetry::Counter bytes_out;
  telemetry::Counter bytes_in;
  CacheMetrics cache;
  telemetry::Counter client_aborts;
  telemetry::Counter baggage_left_out;
  telemetry::Counter test_calls;
  telemetry::Recorder& recorder() { return recorder_; }

 private:
  telemetry::Recorder& recorder_;
  telemetry::Family<telemetry::Counter> keep_hints_;
  telemetry::Family<telemetry::Counter> grpc_calls_;
};

}  // namespace weir::edge
