#include "net/tls_identity.h"

#include <cerrno>
#include <cstring>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "net/tls_context.h"

namespace weir::net {
namespace {

struct BioFree {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using BioPtr = std::unique_ptr<BIO, BioFree>;

std::string lower_case(const unsigned char* text, int size) {
  std::string lower(reinterpret_cast<const char*>(text), static_cast<size_t>(size));
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

std::expected<BioPtr, std::string> open_file(const std::string& path) {
  errno = 0;
  BioPtr file(BIO_new_file(path.c_str(), "r"));
  ERR_clear_error();
  if (!file) return std::unexpected(path + ": " + std::strerror(errno ? errno : EIO));
  return file;
}

// OpenSSL would ask at the terminal, which nobody sits at.
int no_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> names;
  auto* listed = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(listed); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(listed, i);
    if (name->type == GEN_DNS)
      names.push_back(
          lower_case(ASN1_STRING_get0_data(name->d.dNSName), ASN1_STRING_length(name->d.dNSName)));
  }
  GENERAL_NAMES_free(listed);
  if (!names.empty()) return names;
  X509_NAME* subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return names;
  const ASN1_STRING* common = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
  names.push_back(lower_case(ASN1_STRING_get0_data(common), ASN1_STRING_length(common)));
  return names;
}

WallTime time_of(const ASN1_TIME* time) {
  tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return WallTime(seconds(timegm(&parts)));
}

std::expected<void, std::string> read_certificates(const std::string& path, TlsIdentity& identity) {
  auto file = open_file(path);
  if (!file) return std::unexpected(file.error());
  identity.certificate.reset(PEM_read_bio_X509_AUX(file->get(), nullptr, nullptr, nullptr));
  if (!identity.certificate) {
    ERR_clear_error();
    return std::unexpected(path + ": holds no certificate in PEM");
  }
  identity.chain.reset(sk_X509_new_null());
  while (X509* next = PEM_read_bio_X509(file->get(), nullptr, nullptr, nullptr))
    sk_X509_push(identity.chain.get(), next);
  const unsigned long end = ERR_peek_last_error();
  ERR_clear_error();
  if (end != 0 && ERR_GET_REASON(end) != PEM_R_NO_START_LINE)
    return std::unexpected(path + ": a certificate of the chain is broken");
  identity.names = names_of(identity.certificate.get());
  identity.expires = time_of(X509_get0_notAfter(identity.certificate.get()));
  return {};
}

std::expected<void, std::string> read_key(const std::string& path, TlsIdentity& identity) {
  auto file = open_file(path);
  if (!file) return std::unexpected(file.error());
  bool asked = false;
  identity.key.reset(PEM_read_bio_PrivateKey(file->get(), nullptr, no_passphrase, &asked));
  ERR_clear_error();
  if (asked) return std::unexpected(path + ": the key has a passphrase; store it without one");
  if (!identity.key) return std::unexpected(path + ": holds no private key in PEM");
  return {};
}

}  // namespace

std::expected<TlsIdentity, std::string> read_identity(const TlsIdentitySettings& files) {
  TlsIdentity identity;
  if (auto read = read_certificates(files.certificate, identity); !read)
    return std::unexpected("certificate: " + read.error());
  if (auto read = read_key(files.key, identity); !read)
    return std::unexpected("key: " + read.error());
  const bool fits = X509_check_private_key(identity.certificate.get(), identity.key.get()) == 1;
  ERR_clear_error();
  if (!fits)
    return std::unexpected("key: " + files.key + " does not belong to the certificate in " +
                           files.certificate);
  return identity;
}

}  // namespace weir::net
