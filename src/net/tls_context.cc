#include "net/tls_context.h"

#include <span>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/address.h"
#include "base/assert.h"

namespace weir::net {
namespace {

// Where an SSL keeps the TlsSessions that its sessions go to.
int sessions_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

int keep_session(SSL* ssl, SSL_SESSION* session) {
  auto* sessions = static_cast<TlsSessions*>(SSL_get_ex_data(ssl, sessions_index()));
  if (!sessions) return 0;
  sessions->keep(SslSessionPtr(session));
  return 1;  // the reference is ours now
}

// As ALPN writes a list of protocols.
std::span<const unsigned char> protocols_of(HttpOffer offer) {
  static constexpr unsigned char both[] = "\x02h2\x08http/1.1";
  const std::span<const unsigned char> all(both, sizeof both - 1);
  switch (offer) {
    case HttpOffer::http1:
      return all.subspan(3);
    case HttpOffer::http2:
      return all.first(3);
    case HttpOffer::either:
      break;
  }
  return all;
}

bool load_authorities(SSL_CTX* context, const std::string& ca_file) {
  if (ca_file.empty()) return SSL_CTX_set_default_verify_paths(context) == 1;
  return SSL_CTX_load_verify_file(context, ca_file.c_str()) == 1;
}

// Our own, to a server that asks for one.
Result<> show_certificate(SSL_CTX* context, const OriginTlsSettings& settings) {
  if (SSL_CTX_use_certificate_chain_file(context, settings.certificate.c_str()) != 1) {
    ERR_clear_error();
    return fail(ErrorCode::tls, "tls.certificate cannot be read as a certificate in PEM");
  }
  // A key with a passphrase would have OpenSSL ask for it on the terminal.
  SSL_CTX_set_default_passwd_cb(context, [](char*, int, int, void*) { return -1; });
  if (SSL_CTX_use_PrivateKey_file(context, settings.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    ERR_clear_error();
    return fail(ErrorCode::tls, "tls.key cannot be read as the certificate's private key in PEM");
  }
  return {};
}

bool expect_name(SSL* ssl, const std::string& name) {
  if (Address::parse_ip(name)) {
    // SNI carries names only (RFC 6066 3).
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str()) == 1;
  }
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set1_host(ssl, name.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, name.c_str()) == 1;
}

}  // namespace

Error last_tls_error(const char* otherwise) {
  const unsigned long code = ERR_peek_last_error();
  const char* text = code ? ERR_reason_error_string(code) : nullptr;
  ERR_clear_error();
  return {ErrorCode::tls, text ? text : otherwise};
}

Result<std::unique_ptr<TlsContext>> TlsContext::client(const OriginTlsSettings& settings) {
  auto made = std::make_unique<TlsContext>(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* context = made->context_.get();
  if (!context) return std::unexpected(last_tls_error("OpenSSL cannot be set up"));
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
  SSL_CTX_sess_set_new_cb(context, keep_session);
  if (!settings.certificate.empty()) WEIR_CHECK(show_certificate(context, settings));
  if (!settings.verify) return made;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  if (!load_authorities(context, settings.ca_file)) {
    ERR_clear_error();
    return fail(ErrorCode::tls, "tls.ca_file cannot be read as certificates in PEM");
  }
  return made;
}

Result<SslPtr> TlsContext::connection_to(const std::string& server_name, TlsSessions* sessions,
                                         HttpOffer offer) const {
  SslPtr ssl(SSL_new(context_.get()));
  if (!ssl || !expect_name(ssl.get(), server_name))
    return std::unexpected(last_tls_error("the server's name cannot be asked for"));
  const std::span<const unsigned char> offered = protocols_of(offer);
  if (SSL_set_alpn_protos(ssl.get(), offered.data(), static_cast<unsigned>(offered.size())) != 0)
    return std::unexpected(last_tls_error("ALPN cannot be set"));
  SSL_set_connect_state(ssl.get());
  if (sessions) {
    SSL_set_ex_data(ssl.get(), sessions_index(), sessions);
    if (sessions->last()) SSL_set_session(ssl.get(), sessions->last());
  }
  return ssl;
}

void TlsContext::keep_no_sessions(SSL* ssl) {
  SSL_set_ex_data(ssl, sessions_index(), nullptr);
}

Result<SslPtr> TlsContext::connection_from_client() const {
  SslPtr ssl(SSL_new(context_.get()));
  if (!ssl) return std::unexpected(last_tls_error("out of memory"));
  SSL_set_accept_state(ssl.get());
  return ssl;
}

}  // namespace weir::net
