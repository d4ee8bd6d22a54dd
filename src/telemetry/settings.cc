#include "telemetry/settings.h"

#include "base/units.h"

namespace weir::telemetry {

namespace {

const settings::Group<AccessLogSettings>& access_log_settings() {
  using S = AccessLogSettings;
  using settings::field;
  static const settings::Group<S> group{
      "",
      "One JSON line for each request.",
      {field(&S::path, "path", "-",
             "File to append to; \"-\" is stdout, \"stderr\" is stderr, empty is none; SIGUSR1 "
             "opens it anew."),
       field(&S::rate, "rate", 1.0, "Share of requests that get a line; lower it to save disk.")
           .between(0.0, 1.0)
           .live(),
       field(&S::ring_bytes, "ring_bytes", 4 * MiB,
             "Lines that wait for the disk, per shard; raise it when lines are dropped in bursts.")
           .in_bytes()
           .between(4 * KiB, 256 * MiB)}};
  return group;
}

}  // namespace

// NOLINTNEXTLINE(readability-function-size) allow(function-length): a table reads best as one
const settings::Group<TelemetrySettings>& telemetry_settings() {
  using S = TelemetrySettings;
  using settings::field;
  static const settings::Group<S> group{
      "telemetry",
      "What the process records about itself.",
      {field(&S::record, "record", Recording::everything,
             {{"nothing", Recording::nothing},
              {"metrics", Recording::metrics},
              {"everything", Recording::everything}},
             "What is recorded about requests. metrics: no spans and no log events, while a trace "
             "context that came with a request goes on as it came. nothing: no metrics of requests "
             "either, so that dashboards and alerts stand still. The access log is set by itself."),
       field(&S::sampling, "sampling", sampling_settings(), "Which traces are kept."),
       field(&S::access_log, "access_log", access_log_settings(), "One line for each request."),
       field(&S::flight_recorder_bytes, "flight_recorder_bytes", 8 * MiB,
             "Memory per shard for the spans of the last requests; raise it to look further back.")
           .in_bytes()
           .between(64 * KiB, 1 * GiB),
       field(&S::crash_dump, "crash_dump", seconds(10),
             "How much of the flight recorders a crash leaves in runtime.data, as "
             "crash-PID.traces.jsonl; 0 leaves nothing.")
           .between(seconds(0), hours(1)),
       field(
           &S::paths_max, "paths_max", 1000u,
           "Paths whose durations are sent by themselves every otlp.metrics_interval, the busiest "
           "ones; 0 is none. Takes up to 25 KiB for each and shard.")
           .between(0, 100'000)
           .unit("paths"),
       field(&S::queue_spans_max, "queue_spans_max", 10'000u,
             "Spans that wait for export; raise it when telemetry_spans_dropped_total grows with "
             "reason queue_full.")
           .between(100, 1'000'000)
           .unit("spans"),
       field(&S::queue_logs_max, "queue_logs_max", 10'000u,
             "Log events about requests that wait for export, and as many lines of the log; raise "
             "it when telemetry_logs_dropped_total grows with reason queue_full.")
           .between(100, 1'000'000)
           .unit("events"),
       field(&S::logs_ring_bytes, "logs_ring_bytes", 2 * MiB,
             "Memory per shard for those log events; raise it when telemetry_logs_dropped_total "
             "grows with reason ring_full.")
           .in_bytes()
           .between(4 * KiB, 256 * MiB),
       field(
           &S::cpu_share_max, "cpu_share_max", settings::automatic,
           "Share of the shards' CPU that telemetry may take; above it detail is left out, log "
           "events first. auto: 0.005 for strategy fixed, 0.01 for adaptive, 0.02 for tail. Raise "
           "it when telemetry_shedding is not 0 and you would rather have the detail.")
           .between(0.00001, 1.0),
       field(&S::span_detail, "span_detail", SpanDetail::basic,
             {{"basic", SpanDetail::basic}, {"full", SpanDetail::full}},
             "What spans say. basic: what OpenTelemetry's conventions require, but the query, and "
             "of origin.fetch the URL. full: also url.query, url.full, user_agent.original, "
             "server.address, server.port, network.peer.address and network.protocol.version; "
             "costs some 30 ns a request, and queries and user agents may be personal."),
       field(&S::client_address, "client_address", AddressDetail::kept,
             {{"kept", AddressDetail::kept},
              {"truncated", AddressDetail::truncated},
              {"hashed", AddressDetail::hashed},
              {"dropped", AddressDetail::dropped}},
             "What spans, log events and the access log say of a client's address. truncated: its "
             "network alone (IPv4 /24, IPv6 /48). hashed: 16 digits that are the same for one "
             "address until the process ends. Origins are told the address all the same."),
       field(&S::exemplars, "exemplars", true,
             "Name the newest kept trace beside each bucket of http_request_duration_seconds."),
       field(&S::test_route, "test_route", false,
             "Answer POST /test by making the calls that its body asks for, to loopback addresses, "
             "for conformance harnesses of W3C Trace Context. Never where strangers are served."),
       field(&S::log_level, "log_level", LogLevel::info,
             {{"debug", LogLevel::debug},
              {"info", LogLevel::info},
              {"warning", LogLevel::warning},
              {"error", LogLevel::error}},
             "Least severe message that is written to stderr.")
           .live()}};
  return group;
}

}  // namespace weir::telemetry
