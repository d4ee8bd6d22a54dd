#pragma once
// HttpServer: one shard's part of a listening HTTP/1.1 server: accepts, places each connection on
// the shard that has the fewest, and serves those that were placed here. The parts of all shards
// know each other through HttpServerGroup.

#include <memory>
#include <vector>

#include "net/http_connection.h"
#include "runtime/scope.h"

namespace weir::net {

class HttpServer;

// The parts of one server, by shard; filled by the shards as they start.
class HttpServerGroup {
 public:
  explicit HttpServerGroup(size_t shards) : servers_(shards) {}
  std::atomic<HttpServer*>& at(size_t shard) { return servers_[shard]; }
  std::atomic<uint32_t>& connections() { return connections_; }
  // How many shards still accept, and so may place connections on others.
  std::atomic<uint32_t>& accepting() { return accepting_; }

 private:
  std::vector<std::atomic<HttpServer*>> servers_;
  std::atomic<uint32_t> connections_{0};
  std::atomic<uint32_t> accepting_{0};
};

class HttpServer {
 public:
  HttpServer(runtime::Shard& shard, HttpServerGroup& group, HttpHandler& handler,
             const HttpServerSettings& settings, telemetry::Recorder& recorder);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Accepts from `listen_fd` until the shard drains, then waits until every connection has ended.
  runtime::Task<> run(int listen_fd);
  // Serves a connection that was accepted elsewhere.
  void adopt(int fd);
  // Live settings; running requests keep their deadlines.
  void apply(const HttpServerSettings& settings);

  // --- for connections ---
  runtime::Shard& shard() { return shard_; }
  HttpHandler& handler() { return handler_; }
  const HttpServerSettings& settings() const { return settings_; }
  const wire::HeadLimits& head_limits() const { return head_limits_; }
  ServerMetrics& metrics() { return metrics_; }
  bool expects_proxy_header(const Address& peer) const;
  HttpExchange& take_exchange();
  void give_back(HttpExchange& exchange);

 private:
  runtime::Task<> accept_loop(runtime::Listener& listener);
  runtime::Task<> await_other_shards();
  runtime::Task<> serve(runtime::StreamPtr stream);
  runtime::Task<> turn_away(runtime::StreamPtr stream);
  void place(int fd);

  runtime::Shard& shard_;
  HttpServerGroup& group_;
  HttpHandler& handler_;
  HttpServerSettings settings_;
  wire::HeadLimits head_limits_;
  std::vector<AddressRange> proxy_protocol_from_;
  ServerMetrics metrics_;
  runtime::Scope connections_;
  std::vector<std::unique_ptr<HttpExchange>> spare_;
};

}  // namespace weir::net
