#pragma once
// TlsIdentity: a certificate, its chain and its private key, read from PEM files: who a listener
// is. Owned by the TlsServerContext that shows it.

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include <openssl/x509.h>

#include "base/time.h"
#include "net/tls_server_settings.h"

namespace weir::net {

struct X509Free {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(STACK_OF(X509) * chain) const { sk_X509_pop_free(chain, X509_free); }
};

struct TlsIdentity {
  std::unique_ptr<X509, X509Free> certificate;
  std::unique_ptr<STACK_OF(X509), X509Free> chain;
  std::unique_ptr<EVP_PKEY, X509Free> key;
  // Lower case, "*.example.org" among them: those that it is for, or its common name where it lists
  // none.
  std::vector<std::string> names;
  WallTime expires;
};

// The error names the file and says what is wrong with it. An expired certificate is taken: a site
// that browsers warn of is better than none.
std::expected<TlsIdentity, std::string> read_identity(const TlsIdentitySettings& files);

}  // namespace weir::net
