#pragma once
// EdgeRequest: everything the steps of one request tell each other. Lives in the coroutine that
// serves the request; views are of the exchange's head.

#include <array>
#include <string_view>

#include "edge/cache_use.h"
#include "edge/site.h"
#include "net/http_exchange.h"
#include "telemetry/trace.h"

namespace weir::edge {

class EdgeShard;
struct ShardGeneration;

struct EdgeRequest {
  EdgeRequest(EdgeShard& edge_shard, ShardGeneration& shard_generation, net::HttpExchange& http,
              telemetry::Tracer& tracer, const telemetry::RemoteParent& parent)
      : edge(edge_shard), generation(shard_generation), exchange(http), trace(tracer, parent) {}

  const wire::RequestHead& head() const { return exchange.head; }
  Buffer& out() { return exchange.out(); }
  bool answered() const { return status != 0; }
  std::string_view client() const { return {client_text.data(), client_size}; }
  std::string_view id() const { return {id_text.data(), id_size}; }

  EdgeShard& edge;
  ShardGeneration& generation;
  net::HttpExchange& exchange;
  telemetry::Trace trace;
  telemetry::SpanRef root;
  const Site* site = nullptr;
  size_t site_index = 0;

  bool trusted = false;  // the peer is a proxy of ours: what it says of the client is believed
  uint8_t client_size = 0;
  uint8_t id_size = 0;
  std::array<char, 46> client_text;  // the client's address
  std::array<char, 128> id_text;     // the request id: a trusted peer's, or the trace id
  Buffer rewritten;                  // the target that the origin gets, where a rule changed it

  CacheUse cache;
  uint16_t status = 0;          // of the answer; 0 until there is one
  const char* error = nullptr;  // what went wrong, for the log; static
  std::string_view origin;      // who was asked
  Duration origin_time{};       // from sending to the head of the answer
  uint8_t attempts = 0;
};

}  // namespace weir::edge
