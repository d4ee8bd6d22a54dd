#pragma once
// TlsServerContext: what the TLS connections of one listener have in common: certificates, chosen
// by the name that the client asks for; who clients must be; protocols, tickets, versions and
// ciphers. Immutable, shared by all shards; a reload makes a new one, and a handshake ends with the
// one that it began with.
//
// TLS 1.2 (with forward secrecy and AEAD only) and 1.3; no renegotiation, no compression, no early
// data. Where clients must show a certificate, they show it in every handshake: no session is
// resumed there, since it would outlive what the authorities say now.

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "net/tls_identity.h"
#include "net/tls_ticket_keys.h"

namespace weir::net {

class TlsServerContext {
 public:
  struct Traits {
    std::string listener;                // "edge"; its tickets open no other
    std::vector<std::string> protocols;  // by ALPN, the best first: "http/1.1"
  };
  // `tickets` outlives every connection. The error names the setting and the file.
  static std::expected<std::shared_ptr<const TlsServerContext>, std::string> make(
      const TlsServerSettings& settings, const Traits& traits, TlsTicketKeys& tickets);

  // For a connection from a client.
  Result<SslPtr> connection() const { return context_.connection_from_client(); }
  const TlsServerSettings& settings() const { return settings_; }
  // When the first of its certificates expires.
  WallTime expires() const { return expires_; }

 private:
  TlsServerContext(const TlsServerSettings& settings, SSL_CTX* context)
      : settings_(settings), context_(context) {}

  TlsServerSettings settings_;
  TlsContext context_;
  WallTime expires_ = WallTime::max();
};

}  // namespace weir::net
