#pragma once
// What the HTTP server counts.

#include "telemetry/instrument.h"
#include "telemetry/recorder.h"

namespace weir::net {

inline constexpr telemetry::CounterDecl connections_accepted{
    .name = "http.server.connections.accepted",
    .unit = "{connection}",
    .help = "Client connections accepted."};
inline constexpr telemetry::UpDownCounterDecl connections_active{
    .name = "http.server.active_connections",
    .unit = "{connection}",
    .help = "Client connections that are open."};
inline constexpr telemetry::CounterDecl connections_moved{
    .name = "http.server.connections.moved",
    .unit = "{connection}",
    .help =
        "Client connections that went on from one shard to the one on whose core their packets "
        "arrive."};
inline constexpr telemetry::CounterDecl connections_refused{
    .name = "http.server.connections.refused",
    .unit = "{connection}",
    .help =
        "Client connections turned away, by reason; over_limit: raise http.server.connections_max, "
        "descriptors: raise ulimit -n.",
    .labels = {"reason"}};
inline constexpr telemetry::CounterDecl connections_ended{
    .name = "http.server.connections.ended",
    .unit = "{connection}",
    .help = "Client connections that ended other than in order, by reason.",
    .labels = {"reason"}};

struct ServerMetrics {
  explicit ServerMetrics(telemetry::Recorder& recorder)
      : accepted(recorder.bind(connections_accepted)),
        active(recorder.bind(connections_active)),
        moved(recorder.bind(connections_moved)),
        over_limit(recorder.bind(connections_refused, {"over_limit"})),
        no_descriptors(recorder.bind(connections_refused, {"descriptors"})),
        head_timeout(recorder.bind(connections_ended, {"head_timeout"})),
        malformed(recorder.bind(connections_ended, {"malformed"})),
        aborted(recorder.bind(connections_ended, {"aborted"})),
        bad_proxy_header(recorder.bind(connections_ended, {"bad_proxy_header"})) {}

  telemetry::Counter accepted;
  telemetry::UpDownCounter active;
  telemetry::Counter moved;
  telemetry::Counter over_limit;
  telemetry::Counter no_descriptors;
  telemetry::Counter head_timeout;
  telemetry::Counter malformed;
  telemetry::Counter aborted;
  telemetry::Counter bad_proxy_header;
};

}  // namespace weir::net
