#pragma once
// OriginExchange: one request and its answer over one connection to an origin. Owned by whoever
// forwards the request, on one shard; gives the connection back when it dies, and tells the
// breaker what came of it. Writes and reads are independent: an answer may come, and be read, while
// the request's body is still being sent.
//
//   send(head) [send(body) ...] request_complete()      beside it, or after it:
//   receive_head() until it is not interim, read() until body().done(), finish()
//
// Whoever drops it in the middle closes the connection.

#include "base/units.h"
#include "net/body_reader.h"
#include "net/breaker.h"
#include "net/origin_pool.h"
#include "net/retry_budget.h"
#include "runtime/frame_pool.h"
#include "runtime/relay.h"
#include "wire/http1_response.h"

namespace weir::net {

class HttpExchange;

class OriginExchange {
 public:
  // 1xx answers that may come before the final one (RFC 9110 15.2).
  static constexpr unsigned interim_max = 16;

  OriginExchange(OriginPool::Lease lease, Admission admission, OriginShare& share);
  ~OriginExchange();
  OriginExchange(const OriginExchange&) = delete;
  OriginExchange& operator=(const OriginExchange&) = delete;

  // Exchanges come and go as coroutines do, and take their memory from where those do.
  static void* operator new(size_t bytes) { return runtime::FramePool::take(bytes); }
  static void operator delete(void* memory, size_t bytes) {
    runtime::FramePool::give_back(memory, bytes);
  }

  // Empty, for the head of the request. Lives as long as this.
  Buffer& head_to_send() { return lease_.connection().head; }
  // Sends a part of the request; at most one at a time. Bounded by body_timeout, too. After an
  // error an answer may still be there to be read (an early one, 413 for instance).
  runtime::Task<Result<>> send(std::span<iovec> parts, runtime::Wait wait);
  // From now on waits are bounded by their callers only, and not by response_timeout and
  // body_timeout: for calls in which silence means nothing.
  void allow_silence() { silence_allowed_ = true; }
  bool silence_allowed() const { return silence_allowed_; }
  // All of the request has been sent; from now on response_timeout runs.
  void request_complete();

  // The next head, interim or final: call again after an interim one. Its views live until the next
  // call, or for the final one until this dies. `method` is the request's. Errors: closed (before
  // any byte), invalid (bad_head() says why), limit (too many interim answers), timed_out, reset.
  runtime::Task<Result<wire::ResponseHead*>> receive_head(wire::RequestMethod method,
                                                          runtime::Wait wait);
  // The next piece of the answer's body, as BodyReader::read(); bounded by body_timeout, too. An
  // answer that ends with the connection is whole only if the end came in order.
  runtime::Task<Result<std::string_view>> read(runtime::Wait wait);
  // Below this a copy is cheaper than the calls around a relay.
  static constexpr uint64_t relayed_bytes_min = 32 * KiB;
  // Sends `piece`, the last that was read, and moves the rest of the body, of which nothing has
  // come, to the client inside the kernel. nullopt: that cannot be done here; nothing has happened.
  runtime::Task<std::optional<runtime::Relayed>> relay_body(HttpExchange& client,
                                                            std::string_view piece,
                                                            runtime::Wait wait);
  // For what can be had without waiting, done(), trailers() and reason().
  BodyReader& body() { return body_; }

  // The answer was used up. Decides whether the connection serves again: the request was sent
  // whole, the body read to its end, the origin keeps the connection, and nothing else has come.
  void finish();

  // After a 101: the connection belongs to the caller for as long as this lives. input() has what
  // came behind the head; take it first.
  runtime::Stream& tunnel_stream();
  InputBuffer& tunnel_input() { return lease_.input(); }

  // Whether what the origin says of a trace is believed.
  bool trusted() const { return settings_.trusted; }
  bool reused() const { return lease_.reused(); }
  // What follows "HTTP/" in the name of the protocol that the origin speaks: "1.1" or "2".
  const char* http_version() const { return http2() ? "2" : "1.1"; }
  bool http2() const { return lease_.http2(); }
  bool response_started() const { return response_started_; }
  const char* bad_head() const { return bad_head_; }
  uint64_t bytes_sent() const { return bytes_sent_; }
  // For OriginClient::may_retry(); the caller adds what it knows of the request.
  FailedAttempt failed(Error error) const;

 private:
  runtime::Task<Result<>> receive_more(runtime::Wait wait);
  Result<wire::ResponseHead*> accept_head(size_t bytes);
  // `until`: the caller's own time, behind which nothing is the origin's fault.
  std::unexpected<Error> give_up(Error error, MonoTime until = never);
  MonoTime now() { return lease_.stream().reactor().now(); }
  Duration at_most(Duration limit) const { return silence_allowed_ ? Duration::max() : limit; }

  OriginPool::Lease lease_;
  Breaker& breaker_;
  const OriginSettings& settings_;
  BodyReader body_;
  wire::ResponseHead head_;
  Admission admission_;
  OriginOutcome outcome_ = OriginOutcome::unknown;
  bool silence_allowed_ = false;
  bool request_complete_ = false;
  bool sending_ = false;
  bool response_started_ = false;
  bool final_head_ = false;
  unsigned interims_ = 0;
  MonoTime waits_since_;  // for the head
  size_t scanned_ = 0;
  uint64_t bytes_sent_ = 0;
  const char* bad_head_ = "";
};

}  // namespace weir::net
