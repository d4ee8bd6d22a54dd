#pragma once
// What the HTTP client counts, for each origin, and what the resolver does.

#include <array>

#include "base/result.h"
#include "telemetry/instrument.h"
#include "telemetry/recorder.h"

namespace weir::net {

inline constexpr telemetry::CounterDecl origin_connections_opened{
    .name = "origin.connections.opened",
    .unit = "{connection}",
    .help = "Connections made to the origin.",
    .labels = {"origin"}};
inline constexpr telemetry::CounterDecl origin_connections_reused{
    .name = "origin.connections.reused",
    .unit = "{request}",
    .help = "Requests that went over a connection which had carried one before.",
    .labels = {"origin"}};
inline constexpr telemetry::CounterDecl origin_connections_handed_over{
    .name = "origin.connections.handed_over",
    .unit = "{connection}",
    .help = "Idle connections that another shard gave to the one that needed it.",
    .labels = {"origin"}};
inline constexpr telemetry::CounterDecl origin_connections_lost{
    .name = "origin.connections.lost",
    .unit = "{connection}",
    .help = "Idle connections that the origin closed; set idle_timeout below the origin's own.",
    .labels = {"origin"}};
inline constexpr telemetry::UpDownCounterDecl origin_connections_open{
    .name = "origin.connections.open",
    .unit = "{connection}",
    .help = "Connections to the origin, in use or idle; the bound is connections_max.",
    .labels = {"origin"}};
inline constexpr telemetry::UpDownCounterDecl origin_connections_idle{
    .name = "origin.connections.idle",
    .unit = "{connection}",
    .help = "Connections that wait for a request.",
    .labels = {"origin"}};
inline constexpr telemetry::UpDownCounterDecl origin_waiting{
    .name = "origin.waiting",
    .unit = "{request}",
    .help = "Requests that wait for a connection; raise connections_max when it is often above 0.",
    .labels = {"origin"}};
inline constexpr telemetry::CounterDecl origin_waiting_refused{
    .name = "origin.waiting.refused",
    .unit = "{request}",
    .help = "Requests that found no connection: the queue was full, or they waited too long.",
    .labels = {"origin"}};
inline constexpr telemetry::CounterDecl origin_connect_failures{
    .name = "origin.connect.failures",
    .unit = "{connection}",
    .help = "Connections that could not be made, by reason.",
    .labels = {"origin", "reason"}};
inline constexpr telemetry::GaugeDecl origin_breaker_state{
    .name = "origin.breaker.state",
    .unit = "1",
    .help =
        "0: requests pass; 1: open_time is over, and one probe at a time passes until enough "
        "succeed; 2: the origin is left alone. Of the whole process, at most a second late; the "
        "highest where several sites have the origin. Receivers of telemetry have none.",
    .labels = {"origin"},
    .merge = telemetry::GaugeMerge::max};
inline constexpr telemetry::CounterDecl origin_breaker_refused{
    .name = "origin.breaker.refused",
    .unit = "{request}",
    .help = "Requests that the breaker kept from the origin.",
    .labels = {"origin"}};
inline constexpr telemetry::CounterDecl origin_retries{.name = "origin.retries",
                                                       .unit = "{request}",
                                                       .help = "Second attempts.",
                                                       .labels = {"origin"}};
inline constexpr telemetry::CounterDecl origin_retries_refused{
    .name = "origin.retries.refused",
    .unit = "{request}",
    .help = "Safe retries that the budget forbade: the origin is failing widely.",
    .labels = {"origin"}};

inline constexpr telemetry::UpDownCounterDecl origin_http2_streams{
    .name = "origin.http2.streams",
    .unit = "{request}",
    .help = "Requests under way on HTTP/2 connections to the origin.",
    .labels = {"origin"}};
inline constexpr telemetry::CounterDecl origin_http2_refused{
    .name = "origin.http2.refused",
    .unit = "{request}",
    .help =
        "Requests that the origin sent back unseen (REFUSED_STREAM, or overtaken by its "
        "GOAWAY); lower http2.streams_max when they come without an end of connections.",
    .labels = {"origin"}};
inline constexpr telemetry::CounterDecl origin_http2_silent{
    .name = "origin.http2.silent",
    .unit = "{connection}",
    .help =
        "HTTP/2 connections that were given up, with all their requests, since the origin gave no "
        "sign of life within http2.ping_timeout: it hangs, or the network to it is broken.",
    .labels = {"origin"}};
inline constexpr telemetry::CounterDecl origin_http2_unwanted{
    .name = "origin.http2.unwanted",
    .unit = "{request}",
    .help =
        "Requests to which the origin answered that it requires HTTP/1.1 (HTTP_1_1_REQUIRED); set "
        "http2.use of it to off.",
    .labels = {"origin"}};

// Handles of one origin, of one shard.
struct ClientMetrics {
  ClientMetrics(telemetry::Recorder& recorder, std::string_view origin)
      : opened(recorder.bind(origin_connections_opened, {origin})),
        reused(recorder.bind(origin_connections_reused, {origin})),
        handed_over(recorder.bind(origin_connections_handed_over, {origin})),
        lost(recorder.bind(origin_connections_lost, {origin})),
        open(recorder.bind(origin_connections_open, {origin})),
        idle(recorder.bind(origin_connections_idle, {origin})),
        waiting(recorder.bind(origin_waiting, {origin})),
        waiting_refused(recorder.bind(origin_waiting_refused, {origin})),
        breaker_refused(recorder.bind(origin_breaker_refused, {origin})),
        retries(recorder.bind(origin_retries, {origin})),
        retries_refused(recorder.bind(origin_retries_refused, {origin})),
        http2_streams(recorder.bind(origin_http2_streams, {origin})),
        http2_refused(recorder.bind(origin_http2_refused, {origin})),
        http2_silent(recorder.bind(origin_http2_silent, {origin})),
        http2_unwanted(recorder.bind(origin_http2_unwanted, {origin})) {
    for (size_t i = 0; i < connect_failures_.size(); ++i) {
      const auto why = static_cast<ErrorCode>(i);
      // What a breaker refuses does not connect.
      if (why == ErrorCode::breaker_open) continue;
      connect_failures_[i] = recorder.bind(origin_connect_failures, {origin, to_string(why)});
    }
  }

  // `why` is not `breaker_open`.
  telemetry::Counter& connect_failed(ErrorCode why) {
    return connect_failures_[static_cast<size_t>(why)];
  }

  telemetry::Counter opened;
  telemetry::Counter reused;
  telemetry::Counter handed_over;
  telemetry::Counter lost;
  telemetry::UpDownCounter open;
  telemetry::UpDownCounter idle;
  telemetry::UpDownCounter waiting;
  telemetry::Counter waiting_refused;
  telemetry::Counter breaker_refused;
  telemetry::Counter retries;
  telemetry::Counter retries_refused;
  telemetry::UpDownCounter http2_streams;
  telemetry::Counter http2_refused;
  telemetry::Counter http2_silent;
  telemetry::Counter http2_unwanted;

 private:
  std::array<telemetry::Counter, static_cast<size_t>(ErrorCode::io) + 1> connect_failures_;
};

inline constexpr telemetry::CounterDecl dns_lookups{
    .name = "dns.lookups",
    .unit = "{lookup}",
    .help = "Names asked for, by how they were answered.",
    .labels = {"result"}};

struct ResolverMetrics {
  explicit ResolverMetrics(telemetry::Recorder& recorder)
      : cached(recorder.bind(dns_lookups, {"cached"})),
        resolved(recorder.bind(dns_lookups, {"resolved"})),
        stale(recorder.bind(dns_lookups, {"stale"})),
        failed(recorder.bind(dns_lookups, {"failed"})) {}

  telemetry::Counter cached;
  telemetry::Counter resolved;
  telemetry::Counter stale;
  telemetry::Counter failed;
};

}  // namespace weir::net
