#pragma once
// TlsContext: what many TLS connections of one kind have in common (OpenSSL's SSL_CTX): versions,
// authorities, certificate, ALPN. Immutable once made, so that all shards share it. TLS 1.2 and
// 1.3, no renegotiation, no compression.

#include <memory>
#include <string>

#include <openssl/ssl.h>

#include "base/result.h"
#include "net/origin_settings.h"

namespace weir::net {

struct SslFree {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using SslPtr = std::unique_ptr<SSL, SslFree>;
using SslSessionPtr = std::unique_ptr<SSL_SESSION, SslFree>;

// The last session that a server gave, for the next connection to resume: one a shard and origin.
class TlsSessions {
 public:
  SSL_SESSION* last() const { return last_.get(); }
  void keep(SslSessionPtr session) { last_ = std::move(session); }

 private:
  SslSessionPtr last_;
};

class TlsContext {
 public:
  // For connections to an origin. Errors: tls, where the authorities cannot be read.
  static Result<std::unique_ptr<TlsContext>> client(const OriginTlsSettings& settings);
  // Takes over a context that is set up already, of either side.
  explicit TlsContext(SSL_CTX* context) : context_(context) {}

  // A connection to `server_name` (a host name or an IP address), which is asked for and, where the
  // context verifies, checked. `sessions`, if any, outlives it. The offer is made by ALPN.
  Result<SslPtr> connection_to(const std::string& server_name, TlsSessions* sessions,
                               HttpOffer offer = HttpOffer::http1) const;
  // The sessions of `ssl` go nowhere from now on: it leaves the shard that keeps them.
  static void keep_no_sessions(SSL* ssl);
  // A connection from a client.
  Result<SslPtr> connection_from_client() const;

 private:
  std::unique_ptr<SSL_CTX, SslFree> context_;
};

// What OpenSSL says went wrong last on this thread, as an Error with code tls; `otherwise` when it
// says nothing. Empties its queue.
Error last_tls_error(const char* otherwise);

}  // namespace weir::net
