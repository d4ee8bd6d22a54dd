#pragma once
// TlsListeners: the certificates of a process's listeners, and the ticket keys that all of them
// share. Reads the files at the start and with every reload; the shards get what it made. One a
// process, made before its shards.

#include <atomic>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "admin/admin_settings.h"
#include "edge/edge_settings.h"
#include "net/server_settings.h"
#include "net/tls_server_context.h"
#include "telemetry/registry.h"

namespace weir::cli {

class TlsListeners {
 public:
  // Null for a listener without TLS.
  struct Contexts {
    std::shared_ptr<const net::TlsServerContext> edge;
    std::shared_ptr<const net::TlsServerContext> admin;
  };

  TlsListeners(telemetry::Registry& registry, MonoTime now);

  // The error says which setting's file is wrong, and how.
  std::expected<Contexts, std::string> read(const edge::EdgeSettings& edge,
                                            const admin::AdminSettings& admin,
                                            const net::HttpServerSettings& http);
  // These are in force now.
  void publish(const Contexts& contexts);
  // Now and then, by one thread.
  void tick(MonoTime now) { tickets_.tick(now); }

 private:
  net::TlsTicketKeys tickets_;
  // Seconds since 1970; 0: no certificate.
  std::atomic<int64_t> edge_expires_{0};
  std::atomic<int64_t> admin_expires_{0};
  std::vector<telemetry::Observation> observations_;
};

}  // namespace weir::cli
