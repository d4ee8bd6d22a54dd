#include "net/tls_server_settings.h"

namespace weir::net {

using settings::field;

namespace {

std::optional<std::string> check(const TlsServerSettings& s) {
  if (s.certificate.empty() != s.key.empty())
    return std::string(s.key.empty() ? "certificate" : "key") +
           ": a certificate and its key go together; " + (s.key.empty() ? "key" : "certificate") +
           " is missing";
  if (s.enabled()) return std::nullopt;
  if (!s.client_ca.empty())
    return std::string(
        "client_ca: clients show their certificates inside TLS; certificate and key "
        "are missing");
  if (!s.more.empty())
    return std::string("more: the first certificate goes into certificate and key");
  return std::nullopt;
}

const settings::Group<TlsIdentitySettings>& identity_settings() {
  using S = TlsIdentitySettings;
  static const settings::Group<S> group{
      "",
      "A certificate for other names.",
      {field(&S::certificate, "certificate", settings::required,
             "PEM file with the certificate and, behind it, its chain."),
       field(&S::key, "key", settings::required, "PEM file with the certificate's private key.")}};
  return group;
}

}  // namespace

const settings::Group<TlsServerSettings>& tls_server_settings() {
  using S = TlsServerSettings;
  static const settings::Group<S> group{
      "",
      "TLS 1.2 and 1.3 for those who connect. The files are read again with every reload.",
      {field(&S::certificate, "certificate", "",
             "PEM file with the certificate and, behind it, its chain; renew it in place, then "
             "send SIGHUP.")
           .live(),
       field(&S::key, "key", "", "PEM file with the certificate's private key, without passphrase.")
           .live(),
       field(&S::more, "more", identity_settings(),
             "Further certificates; the client's server name (SNI) chooses among all, and the "
             "first one serves names that none has.")
           .live(),
       field(&S::client_ca, "client_ca", "",
             "PEM file of authorities; clients must then show a certificate of theirs.")
           .live(),
       field(&S::handshake_timeout, "handshake_timeout", seconds(10),
             "How long a client may take from connecting to the end of the handshake.")
           .between(milliseconds(10), minutes(5))
           .live(),
       field(&S::handshakes_max, "handshakes_max", 4096u,
             "Most handshakes at a time; connections above it are closed at once.")
           .between(1, 1'000'000)
           .live()},
      check};
  return group;
}

}  // namespace weir::net
