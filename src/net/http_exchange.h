#pragma once
// HttpExchange: one request and its answer, on one connection. The handler reads the head and the
// body here and writes its answer here. What it appends to out() is sent in order, together with
// the answers to other requests of the same read batch; large or streamed answers are sent at once
// with send().
//
// Pooled by the server: a connection has one only while a request is under way. Everything that
// views the request (head, peer) is valid until the handler returns.

#include <algorithm>
#include <array>
#include <span>

#include "base/address.h"
#include "net/body_reader.h"
#include "net/out_queue.h"
#include "net/server_settings.h"
#include "runtime/relay.h"
#include "runtime/shard.h"
#include "wire/http1_request.h"

namespace weir::net {

class HttpExchange {
 public:
  static constexpr uint32_t fields_max = 128;

  HttpExchange() : head(std::span<wire::Field>(storage_)) {}

  wire::RequestHead head;

  // Whom the connection is from: the socket's peer, or who the PROXY protocol says.
  const Address& client() const { return client_; }
  // Whether the client speaks TLS with us, and whether it showed a certificate that we believe.
  bool secure() const { return secure_; }
  bool client_verified() const { return client_verified_; }
  // What follows "HTTP/" in the name of the protocol that the client speaks: "1.0", "1.1" or "2".
  // For logs and Via: a service does the same for all of them.
  std::string_view http_version() const {
    return http2_ ? "2" : head.minor_version == 0 ? "1.0" : "1.1";
  }
  // When its first byte was seen.
  MonoTime started() const { return started_; }
  runtime::Shard& shard() const { return *shard_; }
  runtime::Reactor& reactor() const { return shard_->reactor(); }
  // No wait of this exchange lasts longer than this, nor past the moment when the shard closes.
  MonoTime deadline() const { return deadline_; }
  // Brings the deadline forward to `limit` behind the first byte; never puts it off.
  void limit_time(Duration limit) { deadline_ = std::min(deadline_, after(started_, limit)); }
  // For an answer that goes on for as long as the client wants it, each wait of which has a bound
  // of its own: it may last as long as a connection of HTTP/2 (http.server.http2.age_max) instead
  // of request_timeout, unless limit_time() has said less.
  void last_long() {
    if (deadline_ < after(started_, settings_->request_timeout)) return;
    deadline_ = std::max(deadline_, after(started_, settings_->http2.age_max));
  }
  runtime::Wait wait_at_most(Duration limit) const;

  // --- the request's body ---
  // Asks a client that waits for it to go on ("100 Continue"). Comes with the first read_body().
  runtime::Task<Result<>> invite_body();
  // The next piece; empty at the end. `cancel` ends the wait early, in place of the shard's close.
  runtime::Task<Result<std::string_view>> read_body(runtime::Cancel* cancel = nullptr);
  // The same, but a client may be silent until the deadline.
  runtime::Task<Result<std::string_view>> await_body(runtime::Cancel* cancel);
  BodyReader& body() { return *body_; }

  // --- the answer ---
  // Bytes of answers are appended here, and wait to be sent.
  Buffer& out() { return out_.own(); }
  // As appending them to out(), but they are sent from where they lie, as they are until `pin` is
  // let go: when they are sent, or when they never will be.
  void append_pinned(std::string_view bytes, Pin pin) { out_.append_pinned(bytes, std::move(pin)); }
  // Sends what waits and then `parts`, at most 15 of them. The connection is lost if that fails.
  runtime::Task<Result<>> send(std::span<const std::string_view> parts);
  runtime::Task<Result<>> flush() { return send({}); }
  // Sends what waits, `piece`, and then the next `bytes` of `from` without seeing them. nullopt:
  // that cannot be done on this connection; nothing has happened.
  runtime::Task<std::optional<runtime::Relayed>> relay(std::string_view piece,
                                                       runtime::RelayEnd from, uint64_t bytes);
  // Whether the connection can go on after this answer; decide the head's Connection field by it.
  bool keep_alive() const { return keep_alive_ && !shard_->draining().requested(); }
  // Sends an interim answer that means nothing, so that a client that has gone shows it; only while
  // the answer is retractable().
  runtime::Task<Result<>> probe_client();
  // The connection closes once the answer is sent.
  void close_after() { keep_alive_ = false; }
  // The answer was cut short: the connection, or HTTP/2's stream, is reset, so that nobody takes it
  // for whole.
  void abort() {
    keep_alive_ = false;
    aborted_ = true;
  }
  bool aborted() const { return aborted_; }
  // Appends "Connection: ..." where the client must be told. Fixes the decision.
  void append_connection_field();
  // Whether nothing of this answer has left yet, so that it may still be taken back with retract().
  bool retractable() const { return sent_bytes_ == 0 && out_.size() >= before_.size(); }
  void retract() { out_.rewind(before_); }
  uint64_t bytes_out() const { return sent_bytes_ + out_.size() - before_.size(); }
  // For whoever keeps it for the next request: what waits is dropped.
  void drop_output(size_t kept_bytes_max) { out_.clear(kept_bytes_max); }

  // For tunnels: the raw connection. Whoever takes it calls close_after() and answers nothing any
  // more.
  runtime::Stream& stream() { return *stream_; }
  InputBuffer& input() { return *input_; }

 private:
  friend class HttpConnection;
  friend class Http2Connection;
  friend class Http2Stream;
  static constexpr size_t parts_max = 15;

  runtime::Task<Result<>> send_continue();
  // What waits and then `parts`, for Stream::send(); settle() says what became of it: false when
  // the connection is lost.
  std::span<iovec> gather(std::span<const std::string_view> parts);
  bool settle(const Result<>& sent);
  runtime::Wait write_limit() const { return wait_at_most(settings_->write_timeout); }

  std::array<wire::Field, fields_max> storage_;
  std::optional<BodyReader> body_;
  OutQueue out_;
  std::array<iovec, OutQueue::pieces_max + parts_max> pieces_;  // of the send under way
  runtime::Shard* shard_ = nullptr;
  runtime::Stream* stream_ = nullptr;
  InputBuffer* input_ = nullptr;
  const HttpServerSettings* settings_ = nullptr;
  Address client_;
  MonoTime started_{};
  MonoTime deadline_ = never;
  uint64_t sent_bytes_ = 0;
  uint64_t gathered_bytes_ = 0;  // of the send under way
  OutQueue::Mark before_;        // earlier answers in out_
  bool secure_ = false;
  bool client_verified_ = false;
  bool keep_alive_ = false;
  bool aborted_ = false;
  bool owes_continue_ = false;
  bool http2_ = false;
};

// Answers requests. One a shard; called for one request at a time of a connection, for many
// connections at once.
class HttpHandler {
 public:
  // Answers it, or aborts it; done when the answer is in out() or sent. What can be done without
  // waiting may be done before the Task is awaited: whoever calls this does that at once.
  virtual runtime::Task<> handle(HttpExchange& exchange) = 0;
  // The request could not be read (`status` says why; the head holds nothing): answers it in out().
  // The connection closes.
  virtual void reject(HttpExchange& exchange, uint16_t status, const char* reason) = 0;

 protected:
  ~HttpHandler() = default;
};

}  // namespace weir::net
