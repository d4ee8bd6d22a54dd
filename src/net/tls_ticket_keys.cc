#include "net/tls_ticket_keys.h"

#include <algorithm>
#include <span>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/assert.h"

namespace weir::net {
namespace {

int keys_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

bool prepare_mac(EVP_MAC_CTX* mac, std::span<unsigned char> key) {
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.data(), key.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_END};
  return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

}  // namespace

TlsTicketKeys::TlsTicketKeys(MonoTime now) : rotated_(now) {
  for (Key& key : keys_)
    make(key);
}

void TlsTicketKeys::make(Key& key) {
  WEIR_ASSERT(RAND_bytes(key.name.data(), static_cast<int>(key.name.size())) == 1);
  WEIR_ASSERT(RAND_priv_bytes(key.cipher.data(), static_cast<int>(key.cipher.size())) == 1);
  WEIR_ASSERT(RAND_priv_bytes(key.mac.data(), static_cast<int>(key.mac.size())) == 1);
}

void TlsTicketKeys::tick(MonoTime now) {
  if (now - rotated_ < rotation_time) return;
  rotated_ = now;
  const uint32_t next = newest_.load(std::memory_order_relaxed) + 1;
  make(keys_[next % kept]);
  newest_.store(next, std::memory_order_release);
}

void TlsTicketKeys::serve(SSL_CTX* context) {
  SSL_CTX_set_ex_data(context, keys_index(), this);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, seal_or_open);
  SSL_CTX_set_timeout(context, static_cast<long>(rotation_time / seconds(1)));
}

// NOLINTNEXTLINE(readability-function-size): OpenSSL names the parameters.
int TlsTicketKeys::seal_or_open(SSL* ssl, unsigned char* name, unsigned char* iv,
                                EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int sealing) {
  constexpr int failed = -1, unknown = 0, good = 1, good_but_renew = 2;
  auto& self =
      *static_cast<TlsTicketKeys*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), keys_index()));
  const uint32_t newest = self.newest_.load(std::memory_order_acquire);
  Key* key = &self.keys_[newest % kept];
  if (sealing) {
    if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return failed;
    std::ranges::copy(key->name, name);
    const bool ready =
        EVP_EncryptInit_ex2(cipher, EVP_aes_256_cbc(), key->cipher.data(), iv, nullptr) == 1 &&
        prepare_mac(mac, key->mac);
    return ready ? good : failed;
  }
  int answer = good;
  if (!std::equal(key->name.begin(), key->name.end(), name)) {
    key = &self.keys_[(newest - 1) % kept];
    if (!std::equal(key->name.begin(), key->name.end(), name)) return unknown;
    answer = good_but_renew;
  }
  const bool ready =
      EVP_DecryptInit_ex2(cipher, EVP_aes_256_cbc(), key->cipher.data(), iv, nullptr) == 1 &&
      prepare_mac(mac, key->mac);
  return ready ? answer : failed;
}

}  // namespace weir::net
