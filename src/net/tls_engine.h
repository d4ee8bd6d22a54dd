#pragma once
// TlsEngine: one TLS connection without I/O, client's or server's side: bytes from the peer go in,
// plain bytes come out, and the other way round. What is to be sent gathers in out(). Belongs to
// one TlsStream; between two of them it may go to another shard, since it knows no thread.

#include <span>
#include <string_view>
#include <sys/uio.h>

#include "base/buffer.h"
#include "net/tls_context.h"
#include "runtime/chunk.h"

namespace weir::net {

class TlsEngine {
 public:
  enum class Status : uint8_t {
    done,
    want_input,  // feed() more
    closed,      // the peer ended its side with close_notify
    failed,      // error() says why
  };
  // write() stops when this much waits to be sent.
  static constexpr size_t out_bytes_max = 64 * 1024;

  explicit TlsEngine(SslPtr ssl);
  ~TlsEngine();
  TlsEngine(const TlsEngine&) = delete;
  TlsEngine& operator=(const TlsEngine&) = delete;

  // After Status::want_input only: all that was fed before has been used.
  void feed(runtime::Chunk chunk) { in_ = std::move(chunk); }
  Status handshake();
  // Plain bytes into `room`; `size` says how many (done).
  Status read(std::span<char> room, size_t& size);
  // Encrypts from the front of `parts`, which it shortens, until they are used up or out() is full.
  Status write(std::span<iovec>& parts);
  // Ends our side.
  void close_notify();
  // Whether nothing is under way in it, either way.
  bool idle() const { return in_.empty() && out_.empty(); }
  // Before it goes to another shard, idle: it refers to nothing here any more.
  void leave_shard();

  Buffer& out() { return out_; }
  const Error& error() const { return error_; }
  // After a failure: it was about the peer's certificate, or that it had none.
  bool refused_peer() const { return refused_peer_; }
  // Whether the peer showed a certificate that we believe.
  bool peer_verified() const;
  // Whether the certificate that we showed is for `host`, or the client asked for that name; where
  // it asked for none, for whatever it wants.
  bool answers_for(std::string_view host) const;
  // What ALPN chose; empty: nothing.
  std::string_view protocol() const;
  bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }

 private:
  void make_room(std::span<const iovec> parts);
  static BIO_METHOD* bio_method();
  static int bio_read(BIO* bio, char* room, int size);
  static int bio_write(BIO* bio, const char* bytes, int size);
  static long bio_control(BIO* bio, int command, long, void*);
  Status status_of(int result, const char* otherwise);

  SslPtr ssl_;
  runtime::Chunk in_;
  Buffer out_;
  Error error_{ErrorCode::tls, ""};
  bool refused_peer_ = false;
};

}  // namespace weir::net
