#pragma once
// EdgeRequest: everything the steps of one request tell each other. Lives while the request is
// served, in memory of its shard's EdgeRequests; views are of the exchange's head.

#include <array>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "edge/cache_use.h"
#include "edge/site.h"
#include "net/http_exchange.h"
#include "telemetry/trace.h"

namespace weir::wire {
enum class GrpcCode : uint8_t;
}

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

  bool grpc = false;       // a call of gRPC, whose outcome is told as gRPC does
  bool malformed = false;  // there is no head of it
  bool trusted = false;    // the peer is a proxy of ours: what it says of the client is believed
  uint8_t client_size = 0;
  uint8_t id_size = 0;
  // What is said of the client's address; padded to whole words.
  std::array<char, 48> client_text;
  std::array<char, 128> id_text;  // the request id: a trusted peer's, or the trace id
  Buffer rewritten;               // the target that the origin gets, where a rule changed it

  CacheUse cache;
  uint16_t status = 0;          // of the answer; 0 until there is one
  const char* error = nullptr;  // what went wrong, for the log; static
  std::string_view origin;      // who was asked
  Duration origin_time{};       // from sending to the head of the answer
  uint8_t attempts = 0;
  std::optional<wire::GrpcCode> grpc_status;  // how a call ended, where anybody said
};

// EdgeRequests: the memory of one shard's requests. What was given back last is used next, as it is
// in the cache; a few of what is not in use are kept.
class EdgeRequests {
 public:
  static constexpr size_t kept_max = 64;

  struct GiveBack {
    EdgeRequests* home;
    void operator()(EdgeRequest* request) const {
      request->~EdgeRequest();
      home->keep(request);
    }
  };
  using Ptr = std::unique_ptr<EdgeRequest, GiveBack>;

  EdgeRequests() { kept_.reserve(kept_max); }
  EdgeRequests(const EdgeRequests&) = delete;
  EdgeRequests& operator=(const EdgeRequests&) = delete;
  ~EdgeRequests() {
    for (void* memory : kept_)
      ::operator delete(memory);
  }

  template <class... Arguments>
  Ptr make(Arguments&&... arguments) {
    return Ptr(new (take()) EdgeRequest(std::forward<Arguments>(arguments)...), {this});
  }

 private:
  void* take() {
    if (kept_.empty()) [[unlikely]]
      return ::operator new(sizeof(EdgeRequest));
    void* memory = kept_.back();
    kept_.pop_back();
    return memory;
  }
  void keep(void* memory) {
    if (kept_.size() == kept_max) [[unlikely]]
      return ::operator delete(memory);
    kept_.push_back(memory);
  }

  std::vector<void*> kept_;
};

}  // namespace weir::edge
