#pragma once
// For the tests of TLS: an authority and a certificate of its own, made when they are first needed.

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <unistd.h>

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "net/tls_context.h"
#include "net/tls_identity.h"

namespace weir::net::test {

using CertificatePtr = std::unique_ptr<X509, X509Free>;
using KeyPtr = std::unique_ptr<EVP_PKEY, X509Free>;

struct Identity {
  CertificatePtr certificate;
  KeyPtr key;
};

inline void add_extension(X509* certificate, X509* issuer, int id, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value);
  REQUIRE(extension);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// A certificate for `alternative_names` ("DNS:a.test,IP:127.0.0.1"), or an authority when empty.
// Signed by `issuer`, or by itself. `days` may be negative: it has expired.
inline Identity make_identity(const char* name, const char* alternative_names,
                              const Identity* issuer, int days = 2) {
  Identity made{CertificatePtr(X509_new()), KeyPtr(EVP_EC_gen("P-256"))};
  X509* certificate = made.certificate.get();
  X509_set_version(certificate, X509_VERSION_3);
  static long serial = 1;
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -10L * 24 * 3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), days * 24L * 3600);
  X509_set_pubkey(certificate, made.key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509* signer = issuer ? issuer->certificate.get() : certificate;
  X509_set_issuer_name(certificate, X509_get_subject_name(signer));
  const bool authority = std::string_view(alternative_names).empty();
  add_extension(certificate, signer, NID_basic_constraints,
                authority ? "critical,CA:TRUE" : "CA:FALSE");
  if (!authority) add_extension(certificate, signer, NID_subject_alt_name, alternative_names);
  EVP_PKEY* key = issuer ? issuer->key.get() : made.key.get();
  REQUIRE(X509_sign(certificate, key, EVP_sha256()) > 0);
  return made;
}

inline std::unique_ptr<TlsContext> server_context(const Identity& identity) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  REQUIRE(SSL_CTX_use_certificate(context, identity.certificate.get()) == 1);
  REQUIRE(SSL_CTX_use_PrivateKey(context, identity.key.get()) == 1);
  return std::make_unique<TlsContext>(context);
}

// A file that is gone with the test.
class TestFile {
 public:
  TestFile() : path_(std::filesystem::temp_directory_path() / "weir-tls-XXXXXX") {
    const int fd = ::mkstemp(path_.data());
    REQUIRE(fd >= 0);
    file_ = ::fdopen(fd, "w");
  }
  explicit TestFile(std::string_view text) : TestFile() {
    std::fwrite(text.data(), 1, text.size(), file_);
    std::fflush(file_);
  }
  ~TestFile() {
    std::fclose(file_);
    ::unlink(path_.c_str());
  }
  TestFile(const TestFile&) = delete;
  TestFile& operator=(const TestFile&) = delete;

  const std::string& path() const { return path_; }
  FILE* file() { return file_; }

 private:
  std::string path_;
  FILE* file_ = nullptr;
};

// An identity as an operator has it.
struct IdentityFiles {
  explicit IdentityFiles(const Identity& identity, const char* passphrase = nullptr) {
    PEM_write_X509(certificate.file(), identity.certificate.get());
    PEM_write_PrivateKey(key.file(), identity.key.get(), passphrase ? EVP_aes_128_cbc() : nullptr,
                         nullptr, 0, nullptr, const_cast<char*>(passphrase));
    std::fflush(certificate.file());
    std::fflush(key.file());
  }
  TlsIdentitySettings names() const { return {certificate.path(), key.path()}; }

  TestFile certificate;
  TestFile key;
};

// One authority for all tests, and its PEM file.
struct TestAuthority {
  TestAuthority() : authority(make_identity("Weir test authority", "", nullptr)) {
    std::string name = std::filesystem::temp_directory_path() / "weir-ca-XXXXXX";
    const int fd = ::mkstemp(name.data());
    REQUIRE(fd >= 0);
    FILE* file = ::fdopen(fd, "w");
    PEM_write_X509(file, authority.certificate.get());
    std::fclose(file);
    ca_file = name;
    origin = server_context(make_identity("origin", "DNS:origin.test,IP:127.0.0.1", &authority));
    expired =
        server_context(make_identity("expired", "DNS:origin.test,IP:127.0.0.1", &authority, -1));
  }
  ~TestAuthority() { ::unlink(ca_file.c_str()); }

  Identity authority;
  std::string ca_file;
  std::unique_ptr<TlsContext> origin;
  std::unique_ptr<TlsContext> expired;
};

inline TestAuthority& test_authority() {
  static TestAuthority made;
  return made;
}

}  // namespace weir::net::test
