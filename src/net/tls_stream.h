#pragma once
// TlsStream: TLS over another Stream, itself a Stream, on either side of the connection. Made by
// tls_handshake(). Its input is decrypted as it comes, up to the bound of every Stream's queue; the
// pieces of one send() leave as few records, encrypted 64 KiB at a time.
//
// An end without close_notify is an error (reset): somebody may have cut the bytes off, so that a
// body which ends with its connection must not be taken for whole (RFC 9112 9.8). An idle one can
// move to another shard, with all that TLS knows of it.

#include "net/handshake_turns.h"
#include "net/tls_engine.h"
#include "runtime/reactor.h"

namespace weir::net {

class TlsStream final : public runtime::Stream {
 public:
  TlsStream(runtime::StreamPtr inner, SslPtr ssl);
  // One that comes from another shard, its handshake done.
  TlsStream(runtime::StreamPtr inner, std::unique_ptr<TlsEngine> engine);

  // What was received before this was made; before handshake().
  void feed(runtime::Chunk received) { engine_->feed(std::move(received)); }
  // The first thing; nothing else until it has succeeded. Each step waits for its turn, where
  // `turns` are given. Errors: tls, and those of the stream.
  runtime::Task<Result<>> handshake(runtime::Wait wait, HandshakeTurns* turns = nullptr);

  void shutdown_send() override;
  void abort_on_close() override;
  runtime::Task<int> detach() override;
  std::unique_ptr<runtime::StreamLayer> take_layer() override;
  bool broken() const override { return inner_->broken(); }
  Address peer() const override { return inner_->peer(); }
  Address local() const override { return inner_->local(); }
  void expect_bulk() override { inner_->expect_bulk(); }
  // Whether the handshake resumed an earlier session.
  bool resumed() const { return engine_->resumed(); }
  // What ALPN chose, such as "http/1.1"; empty where the client does not know ALPN.
  std::string_view protocol() const { return engine_->protocol(); }
  // Whether our certificate is for `host` (net/tls_engine.h).
  bool answers_for(std::string_view host) const { return engine_->answers_for(host); }
  // Whether the peer showed a certificate that we believe; and, of a handshake that failed, whether
  // that was the reason.
  bool peer_verified() const { return engine_->peer_verified(); }
  bool refused_peer() const { return engine_->refused_peer(); }
  // The stream below, for the end of a failed handshake.
  Stream& raw() { return *inner_; }

 protected:
  void want_input() override;
  void pause_input() override { paused_ = true; }
  std::optional<Result<>> start_send(std::span<iovec> parts, size_t bytes) override;
  void abort_send() override { send_cancel_.request(); }
  void close() override;

 private:
  // Runs by itself and frees itself; the stream lives until all of them have ended.
  struct Pump {
    struct promise_type {
      Pump get_return_object() { return {}; }
      std::suspend_never initial_suspend() noexcept { return {}; }
      std::suspend_never final_suspend() noexcept { return {}; }
      void return_void() {}
      [[noreturn]] void unhandled_exception() { std::terminate(); }
    };
  };

  // How long the last record may take to go.
  static constexpr Duration goodbye_time = seconds(1);

  Pump pump_input();
  Pump pump_output(std::span<iovec> parts, size_t bytes);
  Pump send_goodbye();
  Pump send_end();
  // Hands on what can be decrypted now; false when no more is to come.
  bool deliver();
  runtime::Task<Result<>> flush(runtime::Wait wait);
  void end_pump();

  runtime::StreamPtr inner_;
  std::unique_ptr<TlsEngine> engine_;
  Buffer sending_;  // out to the inner stream
  runtime::Cancel recv_cancel_;
  runtime::Cancel send_cancel_;
  unsigned pumps_ = 0;
  bool established_ = false;
  bool reading_ = false;
  bool paused_ = false;
  bool starting_send_ = false;
  bool closing_ = false;
  bool detaching_ = false;
  std::coroutine_handle<> detacher_;  // waits until reading has ended
  bool aborted_ = false;
  bool said_goodbye_ = false;
  std::optional<Result<>> sent_at_once_;
};

// Makes `inner` a TLS connection. Errors: tls, and those of the stream.
runtime::Task<Result<runtime::StreamPtr>> tls_handshake(runtime::StreamPtr inner, SslPtr ssl,
                                                        runtime::Wait wait);

}  // namespace weir::net
