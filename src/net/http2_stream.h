#pragma once
// Http2Stream: one request of an HTTP/2 connection, as its exchange sees it: a Stream whose input
// is the request's body, framed as HTTP/1.1 frames it, and whose output is the answer as HTTP/1.1
// (http2_answer.h). Owned by the connection, which lets it go when the handler has ended and the
// session has closed it. Keeps at most http.server.http2.window_bytes of the body and
// Http2Answer::pending_bytes_max of the answer.

#include "base/list.h"
#include "net/http2_answer.h"
#include "net/http_exchange.h"
#include "wire/http2_request.h"

namespace weir::net {

class Http2Connection;

class Http2Stream final : public runtime::Stream,
                          public wire::Http2ServerStream,
                          public ListNode<Http2Stream> {
 public:
  // Takes over what `block` holds. `ended`: the request has no body.
  Http2Stream(Http2Connection& connection, uint32_t id, wire::Http2Block& block, bool ended);

  uint32_t id() const { return id_; }
  // Reads the head and makes `exchange` this request's. A fault: what to answer instead.
  wire::HeadFault begin(HttpExchange& exchange);
  // The handler has ended. What it began and did not finish is reset.
  void finish(HttpExchange& exchange);
  // Hands on what came of it since it was marked; may run the handler.
  void settle();
  // The connection is no more.
  void lose();
  // Memory for its head and its answer, which another stream had before it, and will have after it.
  struct Memory {
    wire::Http2Block block;
    Buffer answer;
  };
  void take_memory(Memory& memory) { answer_.swap_memory(memory.answer); }
  void give_memory(Memory& memory);

  // Nobody needs it any more.
  bool over() const { return handled_ && closed_; }
  bool closed() const { return closed_ || lost_; }
  // Whether its answer waits for the client and has not moved on since the last time.
  bool stands_still();
  // For the connection: in its list of marked ones.
  bool marked = false;
  MonoTime still_since = never;

  // --- Stream ---
  void shutdown_send() override {}
  void abort_on_close() override {}
  Address peer() const override;
  Address local() const override;

  // --- Http2ServerStream ---
  void on_data(std::string_view bytes) override;
  void on_end(const wire::Http2Block& trailers) override;
  void on_closed(wire::Http2Error error) override;
  size_t body_ready() override;
  bool body_ends() override { return answer_.whole(); }
  void take_body(size_t bytes, Buffer& out) override;
  std::span<const wire::Field> trailers() override { return answer_.trailers(); }

 protected:
  void want_input() override;
  void pause_input() override {}
  std::optional<Result<>> start_send(std::span<iovec> parts, size_t bytes) override;
  void abort_send() override;
  void close() override { delete this; }

 private:
  ~Http2Stream() override = default;
  wire::HeadFault read_head(wire::RequestHead& head);
  bool has_received() const { return !received_.empty() || !ending_.empty(); }
  runtime::Chunk take_received();
  void deliver();
  void end_send();
  void mark();

  Http2Connection& connection_;
  const uint32_t id_;
  wire::Http2Block block_;
  Buffer joined_;
  InputBuffer input_;
  Buffer received_;  // of the body, and not yet handed on
  Buffer ending_;    // what ends a body of unknown length: the last chunk and the trailers
  Http2Answer answer_;
  std::span<iovec> unsent_;  // of the send under way
  bool has_body_;
  bool chunked_;           // the body is shown so: its length was not announced
  bool complete_ = false;  // all of the request is here
  bool sending_ = false;
  bool send_failed_ = false;
  bool deferred_ = false;  // the session waits for resume()
  bool moved_ = false;     // since stands_still()
  bool handled_ = false;
  bool closed_ = false;
  bool lost_ = false;
};

}  // namespace weir::net
