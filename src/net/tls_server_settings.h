#pragma once
// TlsServerSettings: a listener's TLS: who we are, and whom we ask who they are. The table is in
// tls_server_settings.cc; whoever has a listener nests tls_server_settings() in a table of its own.

#include <string>
#include <vector>

#include "settings/field.h"

namespace weir::net {

struct TlsIdentitySettings {
  std::string certificate;  // PEM file: the certificate, then its chain
  std::string key;          // PEM file
};

struct TlsServerSettings {
  std::string certificate;  // empty: no TLS
  std::string key;
  std::vector<TlsIdentitySettings> more;  // chosen by the name that the client asks for
  std::string client_ca;                  // empty: clients need no certificate
  Duration handshake_timeout{};
  uint32_t handshakes_max = 0;

  bool enabled() const { return !certificate.empty(); }
};

const settings::Group<TlsServerSettings>& tls_server_settings();

}  // namespace weir::net
