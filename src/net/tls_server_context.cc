#include "net/tls_server_context.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unistd.h>
#include <unordered_map>

#include <openssl/err.h>

namespace weir::net {
namespace {

using Step = std::expected<void, std::string>;

constexpr const char* groups = "X25519:P-256:P-384";
constexpr const char* tls12_ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* tls13_ciphers =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

// What the callbacks of a context look at. Owned by the SSL_CTX, which lives as long as any
// connection of it.
struct Shown {
  std::vector<TlsIdentity> identities;
  // By name, or by "*.NAME" for the hosts one label below it. Several where the keys differ in
  // kind.
  std::unordered_map<std::string, std::vector<const TlsIdentity*>> by_name;
  std::string protocols;  // as ALPN writes them: each behind its length

  const std::vector<const TlsIdentity*>* find(std::string name) const;
};

const std::vector<const TlsIdentity*>* Shown::find(std::string name) const {
  std::ranges::transform(name, name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (const auto exact = by_name.find(name); exact != by_name.end()) return &exact->second;
  const size_t dot = name.find('.');
  if (dot == name.npos) return nullptr;
  const auto wild = by_name.find("*" + name.substr(dot));
  return wild == by_name.end() ? nullptr : &wild->second;
}

// NOLINTNEXTLINE(readability-function-size): OpenSSL names the parameters.
void free_shown(void*, void* shown, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<Shown*>(shown);
}

int shown_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_shown);
  return index;
}

int choose_certificate(SSL* ssl, void* of) {
  const auto& shown = *static_cast<const Shown*>(of);
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  const auto* found = name ? shown.find(name) : nullptr;
  if (!found || found->front() == shown.identities.data()) return 1;
  SSL_certs_clear(ssl);
  for (const TlsIdentity* each : *found)
    if (SSL_use_cert_and_key(ssl, each->certificate.get(), each->key.get(), each->chain.get(), 1) !=
        1)
      return 0;
  return 1;
}

// NOLINTNEXTLINE(readability-function-size): OpenSSL names the parameters.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                    const unsigned char* offered, unsigned offered_size, void* of) {
  const std::string& ours = static_cast<const Shown*>(of)->protocols;
  unsigned char* at = nullptr;
  const int found =
      SSL_select_next_proto(&at, chosen_size, reinterpret_cast<const unsigned char*>(ours.data()),
                            static_cast<unsigned>(ours.size()), offered, offered_size);
  *chosen = at;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

bool set_policy(SSL_CTX* context) {
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets need none
  SSL_CTX_set_num_tickets(context, 1);                          // a second one costs a tenth more
  return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
         SSL_CTX_set_cipher_list(context, tls12_ciphers) == 1 &&
         SSL_CTX_set_ciphersuites(context, tls13_ciphers) == 1 &&
         SSL_CTX_set1_groups_list(context, groups) == 1;
}

Step ask_for_certificates(SSL_CTX* context, const std::string& authorities) {
  if (::access(authorities.c_str(), R_OK) != 0)
    return std::unexpected("client_ca: " + authorities + ": " + std::strerror(errno));
  auto* names = SSL_load_client_CA_file(authorities.c_str());
  const bool loaded = names && SSL_CTX_load_verify_file(context, authorities.c_str()) == 1;
  ERR_clear_error();
  if (names) SSL_CTX_set_client_CA_list(context, names);
  if (!loaded)
    return std::unexpected("client_ca: " + authorities + ": holds no certificates in PEM");
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context, 0);
  return {};
}

Step read_identities(const TlsServerSettings& settings, Shown& shown) {
  std::vector<TlsIdentitySettings> files{{settings.certificate, settings.key}};
  files.insert(files.end(), settings.more.begin(), settings.more.end());
  for (const TlsIdentitySettings& each : files) {
    auto identity = read_identity(each);
    if (!identity) return std::unexpected(identity.error());
    shown.identities.push_back(*std::move(identity));
  }
  for (const TlsIdentity& identity : shown.identities)
    for (const std::string& name : identity.names)
      shown.by_name[name].push_back(&identity);
  return {};
}

// The first certificate serves whoever asks for no name of ours.
Step show_first(SSL_CTX* context, const Shown& shown) {
  const TlsIdentity& first = shown.identities.front();
  std::vector<const TlsIdentity*> shown_first{&first};
  if (!first.names.empty()) shown_first = shown.by_name.at(first.names.front());
  for (const TlsIdentity* each : shown_first)
    if (SSL_CTX_use_cert_and_key(context, each->certificate.get(), each->key.get(),
                                 each->chain.get(), 1) != 1)
      return std::unexpected(std::string("certificate: OpenSSL does not take it: ") +
                             last_tls_error("no reason given").text);
  return {};
}

}  // namespace

std::expected<std::shared_ptr<const TlsServerContext>, std::string> TlsServerContext::make(
    const TlsServerSettings& settings, const Traits& traits, TlsTicketKeys& tickets) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  if (!context) return std::unexpected(last_tls_error("OpenSSL cannot be set up").text);
  std::shared_ptr<TlsServerContext> made(  // allow(shared-ptr): const once it is made
      new TlsServerContext(settings, context));
  if (!set_policy(context)) return std::unexpected(last_tls_error("OpenSSL cannot be set up").text);
  auto* shown = new Shown;
  SSL_CTX_set_ex_data(context, shown_index(), shown);
  for (const std::string& protocol : traits.protocols)
    shown->protocols += static_cast<char>(protocol.size()) + protocol;
  if (auto read = read_identities(settings, *shown); !read) return std::unexpected(read.error());
  if (auto done = show_first(context, *shown); !done) return std::unexpected(done.error());
  for (const TlsIdentity& identity : shown->identities)
    made->expires_ = std::min(made->expires_, identity.expires);
  SSL_CTX_set_cert_cb(context, choose_certificate, shown);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, shown);
  tickets.serve(context);
  SSL_CTX_set_session_id_context(context,
                                 reinterpret_cast<const unsigned char*>(traits.listener.data()),
                                 static_cast<unsigned>(traits.listener.size()));
  if (!settings.client_ca.empty())
    if (auto done = ask_for_certificates(context, settings.client_ca); !done)
      return std::unexpected(done.error());
  return made;
}

}  // namespace weir::net
