#include "admin/admin_settings.h"

#include "base/address.h"

namespace weir::admin {
namespace {

bool is_listen_address(std::string_view text) {
  return text.empty() || Address::parse(text).has_value();
}

std::optional<std::string> check(const AdminSettings& s) {
  if (s.listen.empty() || !s.token_file.empty() || !s.tls.client_ca.empty()) return std::nullopt;
  if (Address::parse(s.listen)->is_loopback()) return std::nullopt;
  std::string text = "listen: " + s.listen +
                     " can be reached from outside, which needs a token or client certificates: "
                     "set admin.token_file, or admin.tls.client_ca";
  if (!s.tls.enabled()) text += " (with admin.tls.certificate and admin.tls.key)";
  return text + ", or listen on 127.0.0.1";
}

}  // namespace

const settings::Group<AdminSettings>& admin_settings() {
  using S = AdminSettings;
  using settings::field;
  static const settings::Group<S> group{
      "admin",
      "The listener for operators: metrics, health, configuration, profiles.",
      {field(&S::listen, "listen", "127.0.0.1:9080",
             "Where operators and scrapers connect; anything but loopback needs token_file or "
             "tls.client_ca. Empty turns it off.")
           .like(is_listen_address, "HOST:PORT with an IP address or localhost as HOST"),
       field(&S::token_file, "token_file", "",
             "File with the token that every page but health asks for, as Authorization: Bearer "
             "TOKEN; at least 16 bytes. With tls.client_ca both are asked for."),
       field(&S::tls, "tls", net::tls_server_settings(),
             "TLS for operators; without a certificate the listener is not encrypted."),
       field(&S::grpc, "grpc", true,
             "Whether the listener answers gRPC, too: health, for probes and balancers, and "
             "reflection, for tools. Needs http2."),
       field(&S::http2, "http2", true,
             "Whether operators may speak HTTP/2 on the listener; that of clients is "
             "http.server.http2.enabled.")},
      check};
  return group;
}

}  // namespace weir::admin
