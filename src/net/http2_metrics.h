#pragma once
// What the HTTP server counts of HTTP/2.

#include <array>

#include "telemetry/instrument.h"
#include "telemetry/recorder.h"
#include "wire/http2_server_session.h"

namespace weir::net {

inline constexpr telemetry::CounterDecl http2_connections{
    .name = "http.server.http2.connections",
    .unit = "{connection}",
    .help = "Client connections that speak HTTP/2, by how they began: tls or clear.",
    .labels = {"by"}};
inline constexpr telemetry::UpDownCounterDecl http2_requests_active{
    .name = "http.server.http2.active_requests",
    .unit = "{request}",
    .help = "Requests over HTTP/2 that are being worked on, those among them that were cancelled."};
inline constexpr telemetry::CounterDecl http2_streams_refused{
    .name = "http.server.http2.streams.refused",
    .unit = "{stream}",
    .help =
        "Requests over HTTP/2 refused because their connection had http.server.http2."
        "requests_max under way."};
inline constexpr telemetry::CounterDecl http2_resets{
    .name = "http.server.http2.resets",
    .unit = "{stream}",
    .help = "Streams reset, by whom: received from clients, sent to them.",
    .labels = {"direction"}};
inline constexpr telemetry::CounterDecl http2_connections_ended{
    .name = "http.server.http2.connections.ended",
    .unit = "{connection}",
    .help =
        "HTTP/2 connections that we ended because of what the client did. no_http2, protocol: it "
        "broke the rules; resets, faults, control, continuations: it exceeded that limit of "
        "http.server.http2; stalled: it began a head and did not end it within "
        "http.server.head_timeout; silent: it gave no sign of life while answers were under way.",
    .labels = {"reason"}};
inline constexpr telemetry::CounterDecl http2_streams_stalled{
    .name = "http.server.http2.streams.stalled",
    .unit = "{stream}",
    .help = "Answers that the client let wait for longer than http.server.write_timeout."};

struct Http2Metrics {
  explicit Http2Metrics(telemetry::Recorder& recorder)
      : over_tls(recorder.bind(http2_connections, {"tls"})),
        in_clear(recorder.bind(http2_connections, {"clear"})),
        active(recorder.bind(http2_requests_active)),
        refused(recorder.bind(http2_streams_refused)),
        resets_received(recorder.bind(http2_resets, {"received"})),
        resets_sent(recorder.bind(http2_resets, {"sent"})),
        stalled_head(recorder.bind(http2_connections_ended, {"stalled"})),
        silent(recorder.bind(http2_connections_ended, {"silent"})),
        stalled_answer(recorder.bind(http2_streams_stalled)) {
    for (size_t i = 1; i < ended_.size(); ++i)
      ended_[i] =
          recorder.bind(http2_connections_ended, {wire::to_string(static_cast<wire::Http2End>(i))});
  }
  void count(wire::Http2End end) {
    if (end != wire::Http2End::none) ended_[static_cast<size_t>(end)].add();
  }

  telemetry::Counter over_tls;
  telemetry::Counter in_clear;
  telemetry::UpDownCounter active;
  telemetry::Counter refused;
  telemetry::Counter resets_received;
  telemetry::Counter resets_sent;
  telemetry::Counter stalled_head;
  telemetry::Counter silent;
  telemetry::Counter stalled_answer;

 private:
  std::array<telemetry::Counter, wire::http2_end_count> ended_;
};

}  // namespace weir::net
