#pragma once
// TlsTicketKeys: the keys that session tickets are sealed with (RFC 5077, RFC 8446 4.6.1), so that
// any shard resumes what any shard began, and a reload of certificates forgets none. Tickets of the
// key before the newest are accepted and renewed; the key is new every eight hours. One a process,
// made before the listeners' contexts, which it outlives.
//
//   ticket: key name (16 bytes) | IV (16) | AES-256-CBC | HMAC-SHA256 (32)

#include <array>
#include <atomic>

#include "base/time.h"
#include "net/tls_context.h"

namespace weir::net {

class TlsTicketKeys {
 public:
  // A ticket lives at least as long as this, and less than twice as long.
  static constexpr Duration rotation_time = hours(8);

  explicit TlsTicketKeys(MonoTime now);
  TlsTicketKeys(const TlsTicketKeys&) = delete;
  TlsTicketKeys& operator=(const TlsTicketKeys&) = delete;

  // A new key when it is time. By one thread; handshakes may run on all others.
  void tick(MonoTime now);
  // Has `context` seal its tickets with these.
  void serve(SSL_CTX* context);

 private:
  struct Key {
    std::array<unsigned char, 16> name;
    std::array<unsigned char, 32> cipher;
    std::array<unsigned char, 32> mac;
  };
  // A key is written over when three others have come after it: sixteen hours after its last use.
  static constexpr uint32_t kept = 4;

  static int seal_or_open(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                          EVP_MAC_CTX* mac, int sealing);
  void make(Key& key);

  std::array<Key, kept> keys_;
  std::atomic<uint32_t> newest_{1};
  MonoTime rotated_;
};

}  // namespace weir::net
