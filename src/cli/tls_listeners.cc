#include "cli/tls_listeners.h"

#include "net/tls_metrics.h"

namespace weir::cli {
namespace {

using Context = std::shared_ptr<const net::TlsServerContext>;

int64_t expiry_of(const Context& context) {
  return context ? nanos(context->expires()) / 1'000'000'000 : 0;
}

}  // namespace

TlsListeners::TlsListeners(telemetry::Registry& registry, MonoTime now) : tickets_(now) {
  const auto observe = [&](const char* listener, const std::atomic<int64_t>& expires) {
    observations_.push_back(registry.observe(net::tls_certificate_expires, {listener}, [&expires] {
      return static_cast<double>(expires.load());
    }));
  };
  observe("edge", edge_expires_);
  observe("admin", admin_expires_);
}

std::expected<TlsListeners::Contexts, std::string> TlsListeners::read(
    const edge::EdgeSettings& edge, const admin::AdminSettings& admin,
    const net::HttpServerSettings& http) {
  Contexts contexts;
  const auto protocols = [](bool http2) -> std::vector<std::string> {
    return http2 ? std::vector<std::string>{"h2", "http/1.1"}
                 : std::vector<std::string>{"http/1.1"};
  };
  if (edge.tls.enabled()) {
    auto made = net::TlsServerContext::make(
        edge.tls, {.listener = "edge", .protocols = protocols(http.http2.enabled)}, tickets_);
    if (!made) return std::unexpected("edge.tls." + made.error());
    contexts.edge = *std::move(made);
  }
  if (admin.tls.enabled()) {
    auto made = net::TlsServerContext::make(
        admin.tls, {.listener = "admin", .protocols = protocols(admin.http2)}, tickets_);
    if (!made) return std::unexpected("admin.tls." + made.error());
    contexts.admin = *std::move(made);
  }
  return contexts;
}

void TlsListeners::publish(const Contexts& contexts) {
  edge_expires_.store(expiry_of(contexts.edge));
  admin_expires_.store(expiry_of(contexts.admin));
}

}  // namespace weir::cli
