#pragma once
// AdminListener: the admin pages on a listener, and the thread that serves them. It has a shard and
// a reactor of its own, so that it answers while the other shards are busy or drain, and nothing
// that it does (rendering metrics, reading symbols) takes time from a request. Made and ended by
// the main thread.

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "admin/admin_handler.h"
#include "net/http_server.h"
#include "runtime/threads.h"

namespace weir::admin {

inline constexpr telemetry::CounterDecl admin_requests{
    .name = "admin.requests", .unit = "{request}", .help = "Requests to the admin listener."};
inline constexpr telemetry::CounterDecl admin_requests_refused{
    .name = "admin.requests.refused",
    .unit = "{request}",
    .help =
        "Requests to the admin listener without the token, or under a foreign name; if it "
        "grows, somebody is trying."};

inline constexpr telemetry::CounterDecl admin_handshakes_failed{
    .name = "admin.tls.handshakes.failed",
    .unit = "{handshake}",
    .help =
        "TLS handshakes with the admin listener that failed, by reason; no_certificate: without "
        "a certificate of admin.tls.client_ca.",
    .labels = {"reason"}};

class AdminListener {
 public:
  using TlsContextPtr = std::shared_ptr<const net::TlsServerContext>;

  // Few clients, small requests.
  static constexpr uint32_t connections_max = 64;
  static constexpr int backlog = 64;

  // Serves connections from `listen_fd`, which stays the caller's and outlives this, as do the
  // process and the registry. The error says why there is no thread or no reactor.
  static Result<std::unique_ptr<AdminListener>> start(int listen_fd, AdminProcess& process,
                                                      telemetry::Registry& registry,
                                                      AdminAccess access, TlsContextPtr tls);
  // For the connections that come from now on; null: no TLS. Any thread.
  void use_tls(TlsContextPtr context);
  // Ends at once what is under way.
  ~AdminListener();

 private:
  AdminListener(int listen_fd, AdminProcess& process, telemetry::Registry& registry,
                AdminAccess access, TlsContextPtr tls);
  runtime::Task<> serve(runtime::Shard& shard);

  int listen_fd_;
  net::HttpServerSettings settings_;
  AdminHandler handler_;
  net::HttpServerGroup group_{1};
  telemetry::Recorder recorder_;  // not the registry's: these are no client connections
  std::vector<telemetry::Observation> observations_;
  // Of the admin shard.
  TlsContextPtr tls_;
  net::HttpServer* server_ = nullptr;
  std::unique_ptr<runtime::Threads> threads_;
};

}  // namespace weir::admin
