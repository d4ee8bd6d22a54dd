#include "admin/admin_listener.h"

#include <pthread.h>

#include "base/units.h"
#include "settings/load.h"

namespace weir::admin {
namespace {

net::HttpServerSettings server_settings(const AdminAccess& access) {
  net::HttpServerSettings settings = settings::defaults(net::http_server_settings());
  settings.connections_max = AdminListener::connections_max;
  settings.request_timeout = minutes(5);
  settings.http2.enabled = access.http2;
  return settings;
}

}  // namespace

AdminListener::AdminListener(int listen_fd, AdminProcess& process, telemetry::Registry& registry,
                             AdminAccess access, TlsContextPtr tls)
    : listen_fd_(listen_fd),
      settings_(server_settings(access)),
      handler_(process, registry, std::move(access)),
      tls_(std::move(tls)) {
  observations_.push_back(registry.observe(
      admin_requests, {}, [this] { return static_cast<double>(handler_.requests()); }));
  observations_.push_back(registry.observe(
      admin_requests_refused, {}, [this] { return static_cast<double>(handler_.refused()); }));
  for (const char* reason : {"failed", "no_certificate", "timed_out", "over_limit"}) {
    const telemetry::Counter count = recorder_.bind(net::tls_handshakes, {reason});
    observations_.push_back(registry.observe(
        admin_handshakes_failed, {reason}, [count] { return static_cast<double>(count.value()); }));
  }
}

Result<std::unique_ptr<AdminListener>> AdminListener::start(int listen_fd, AdminProcess& process,
                                                            telemetry::Registry& registry,
                                                            AdminAccess access, TlsContextPtr tls) {
  std::unique_ptr<AdminListener> listener(
      new AdminListener(listen_fd, process, registry, std::move(access), std::move(tls)));
  // epoll works everywhere, and needs little memory for a handful of connections.
  runtime::ThreadOptions options{
      .cores = {0},
      .pin = false,
      .reactor = {
          .kind = runtime::ReactorKind::epoll, .recv_buffers = 16, .recv_buffer_bytes = 16 * KiB}};
  auto threads = runtime::Threads::start(
      options, [&self = *listener](runtime::Shard& shard) { return self.serve(shard); });
  if (!threads) return std::unexpected(threads.error());
  listener->threads_ = *std::move(threads);
  return listener;
}

AdminListener::~AdminListener() {
  if (threads_) threads_->close();
}

runtime::Task<> AdminListener::serve(runtime::Shard& shard) {
  pthread_setname_np(pthread_self(), "weir/admin");
  net::HttpServer server(shard, group_, handler_, settings_, recorder_);
  server.use_tls(tls_);
  server_ = &server;
  co_await server.run(-1, listen_fd_);
  server_ = nullptr;
}

void AdminListener::use_tls(TlsContextPtr context) {
  threads_->shards().post(0, [this, context = std::move(context)] {
    tls_ = context;
    if (server_) server_->use_tls(context);
  });
}

}  // namespace weir::admin
