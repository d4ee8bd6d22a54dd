#pragma once
// HttpServer: one shard's part of a listening HTTP server: accepts, places each connection where
// its packets arrive or on the shard that has the fewest, and serves those that were placed here.
// The parts of all shards know each other through HttpServerGroup.

#include <memory>
#include <vector>

#include "net/http2_metrics.h"
#include "net/http_connection.h"
#include "net/tls_acceptor.h"
#include "runtime/scope.h"

namespace weir::net {

class HttpServer;

// The parts of one server, by shard; filled by the shards as they start.
class HttpServerGroup {
 public:
  explicit HttpServerGroup(size_t shards)
      : servers_(shards), accepting_(static_cast<uint32_t>(shards)) {}
  std::atomic<HttpServer*>& at(size_t shard) { return servers_[shard]; }
  std::atomic<uint32_t>& connections() { return connections_; }
  // TLS handshakes under way.
  std::atomic<uint32_t>& handshakes() { return handshakes_; }
  // How many shards have not stopped accepting, and may place connections on others.
  std::atomic<uint32_t>& accepting() { return accepting_; }

 private:
  std::vector<std::atomic<HttpServer*>> servers_;
  std::atomic<uint32_t> connections_{0};
  std::atomic<uint32_t> handshakes_{0};
  std::atomic<uint32_t> accepting_;
};

// A connection on its way to the shard that is to serve it.
struct ArrivingConnection {
  int fd = -1;
  bool tls = false;     // it begins with a handshake
  bool served = false;  // by another shard until now; then `client` is who it is from
  Address client;
};

class HttpServer {
 public:
  HttpServer(runtime::Shard& shard, HttpServerGroup& group, HttpHandler& handler,
             const HttpServerSettings& settings, telemetry::Recorder& recorder);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // accept() and finish().
  runtime::Task<> run(int listen_fd, int tls_listen_fd = -1);
  // Accepts from `listen_fd` until the shard drains and nothing is queued there. From
  // `tls_listen_fd`, too: those connections speak TLS. Either may be -1 for none. Answers whether
  // this was the last shard of the group: none accepts any more.
  runtime::Task<bool> accept(int listen_fd, int tls_listen_fd);
  // Waits until every connection has ended.
  runtime::Task<> finish();
  // Serves a connection that is counted as one of this shard's.
  void adopt(const ArrivingConnection& arriving);
  // Gives a connection that we served to another shard, between two requests.
  void move(int fd, const Address& client, size_t target);
  // Live settings; running requests keep their deadlines.
  void apply(const HttpServerSettings& settings);
  // Certificates for the connections that come from now on; nullptr: `tls_listen_fd` speaks no TLS.
  void use_tls(std::shared_ptr<const TlsServerContext> context) { tls_.use(std::move(context)); }

  // --- for connections ---
  runtime::Shard& shard() { return shard_; }
  HttpHandler& handler() { return handler_; }
  const HttpServerSettings& settings() const { return settings_; }
  const wire::HeadLimits& head_limits() const { return head_limits_; }
  ServerMetrics& metrics() { return metrics_; }
  Http2Metrics& http2_metrics() { return http2_metrics_; }
  TlsAcceptor& tls() { return tls_; }
  bool expects_proxy_header(const Address& peer) const;
  HttpExchange& take_exchange();
  void give_back(HttpExchange& exchange);

 private:
  runtime::Task<> accept_all(int listen_fd, bool tls);
  runtime::Task<> await_other_shards();
  runtime::Task<> serve(runtime::StreamPtr stream, ArrivingConnection arriving);
  runtime::Task<> turn_away(runtime::StreamPtr stream, bool tls);
  void hand_over(const ArrivingConnection& arriving, size_t target);

  runtime::Shard& shard_;
  HttpServerGroup& group_;
  HttpHandler& handler_;
  HttpServerSettings settings_;
  wire::HeadLimits head_limits_;
  std::vector<AddressRange> proxy_protocol_from_;
  ServerMetrics metrics_;
  Http2Metrics http2_metrics_;
  runtime::Scope connections_;
  TlsAcceptor tls_;
  std::vector<std::unique_ptr<HttpExchange>> spare_;
};

}  // namespace weir::net
