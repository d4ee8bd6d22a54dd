#include "net/tls_engine.h"

#include <algorithm>
#include <climits>
#include <cstring>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/assert.h"
#include "wire/known_field.h"

namespace weir::net {
namespace {

// Head, content type, nonce and tag of a record, about.
constexpr size_t record_overhead = 64;

}  // namespace

int TlsEngine::bio_read(BIO* bio, char* room, int size) {
  auto& engine = *static_cast<TlsEngine*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (engine.in_.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const size_t take = std::min(static_cast<size_t>(size), engine.in_.size());
  std::memcpy(room, engine.in_.data(), take);
  engine.in_.consume(take);
  return static_cast<int>(take);
}

int TlsEngine::bio_write(BIO* bio, const char* bytes, int size) {
  auto& engine = *static_cast<TlsEngine*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  engine.out_.append({bytes, static_cast<size_t>(size)});
  return size;
}

long TlsEngine::bio_control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* TlsEngine::bio_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "weir stream");
    WEIR_ASSERT(made);
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return method;
}

TlsEngine::TlsEngine(SslPtr ssl) : ssl_(std::move(ssl)) {
  BIO* bio = BIO_new(bio_method());
  WEIR_ASSERT(bio);
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
}

TlsEngine::~TlsEngine() = default;

TlsEngine::Status TlsEngine::status_of(int result, const char* otherwise) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_NONE:
      return Status::done;
    case SSL_ERROR_WANT_READ:
      in_.release();
      return Status::want_input;
    case SSL_ERROR_ZERO_RETURN:
      return Status::closed;
    default:
      break;
  }
  const long verified = SSL_get_verify_result(ssl_.get());
  const int reason = ERR_GET_REASON(ERR_peek_last_error());
  error_ = last_tls_error(otherwise);
  refused_peer_ = reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE;
  if (verified != X509_V_OK && SSL_get_verify_mode(ssl_.get()) != SSL_VERIFY_NONE) {
    refused_peer_ = true;
    error_.text = X509_verify_cert_error_string(verified);
  }
  return Status::failed;
}

TlsEngine::Status TlsEngine::handshake() {
  ERR_clear_error();
  return status_of(SSL_do_handshake(ssl_.get()), "the TLS handshake failed");
}

TlsEngine::Status TlsEngine::read(std::span<char> room, size_t& size) {
  ERR_clear_error();
  const int most = static_cast<int>(std::min<size_t>(room.size(), INT_MAX));
  const int result = SSL_read(ssl_.get(), room.data(), most);
  size = result > 0 ? static_cast<size_t>(result) : 0;
  return status_of(result, "a TLS record is broken");
}

// For all that write() takes, so that it does not move while it grows.
void TlsEngine::make_room(std::span<const iovec> parts) {
  size_t bytes = 0;
  for (const iovec& part : parts)
    bytes += part.iov_len;
  bytes = std::min(bytes, out_bytes_max);
  const size_t records = bytes / SSL3_RT_MAX_PLAIN_LENGTH + parts.size();
  out_.reserve(bytes + records * record_overhead);
}

TlsEngine::Status TlsEngine::write(std::span<iovec>& parts) {
  make_room(parts);
  while (!parts.empty() && out_.size() < out_bytes_max) {
    iovec& part = parts[0];
    if (part.iov_len == 0) {
      parts = parts.subspan(1);
      continue;
    }
    const size_t most = std::min(part.iov_len, out_bytes_max - out_.size());
    ERR_clear_error();
    const int result = SSL_write(ssl_.get(), part.iov_base, static_cast<int>(most));
    if (result <= 0) return status_of(result, "TLS cannot be written");
    part.iov_base = static_cast<char*>(part.iov_base) + result;
    part.iov_len -= static_cast<size_t>(result);
  }
  return Status::done;
}

void TlsEngine::leave_shard() {
  WEIR_ASSERT(idle());
  in_.release();
  TlsContext::keep_no_sessions(ssl_.get());
}

bool TlsEngine::peer_verified() const {
  return SSL_get_verify_mode(ssl_.get()) != SSL_VERIFY_NONE &&
         SSL_get0_peer_certificate(ssl_.get()) && SSL_get_verify_result(ssl_.get()) == X509_V_OK;
}

bool TlsEngine::answers_for(std::string_view host) const {
  const char* asked = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
  if (!asked || wire::equal_ignoring_case(asked, host)) return true;
  X509* shown = SSL_get_certificate(ssl_.get());
  return shown && X509_check_host(shown, host.data(), host.size(), 0, nullptr) == 1;
}

std::string_view TlsEngine::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

void TlsEngine::close_notify() {
  ERR_clear_error();
  if (SSL_is_init_finished(ssl_.get())) SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

}  // namespace weir::net
