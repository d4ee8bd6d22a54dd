#pragma once
// Http2OriginStream: one request of an HTTP/2 connection to an origin, as its exchange sees it: a
// Stream whose output is the request as HTTP/1.1 and whose input is the answer as HTTP/1.1
// (wire/http2_as_http1.h). What Http2Stream is for clients, from the other side. Made by whoever
// has the connection, which it enters, and which outlives it; closing it before the answer is whole
// resets the request. Of the answer there is never more than the stream's window, what the reader
// has in hand included: the origin may send as much again when the reader comes back for more. Of
// the request at most pending_bytes_max are kept.
//
// Errors of recv() and send(): refused (the origin has not looked at the request, which may be sent
// again whatever it is), unsupported (it wants HTTP/1.1, over which the next request goes), reset
// (the connection was lost), invalid (the origin reset the stream, or what it said breaks the
// rules), and those of Stream.

#include "net/http2_client_connection.h"
#include "wire/body_unframer.h"
#include "wire/http2_as_http1.h"

namespace weir::net {

// Who wants to know that a request has ended; the requests of one connection have the same one.
class Http2StreamOwner {
 public:
  // `stream` is about to go; it has left its connection.
  virtual void stream_ended() = 0;
  virtual void stream_refused() = 0;
  // The origin wants HTTP/1.1. What that is for the request.
  virtual Error http1_required() = 0;

 protected:
  ~Http2StreamOwner() = default;
};

class Http2OriginStream final : public runtime::Stream,
                                public wire::Http2ClientStream,
                                public Http2Settling {
 public:
  // What is kept of a request's body; whoever writes more waits.
  static constexpr size_t pending_bytes_max = 64 * 1024;
  // Of all interim answers together; there can be very many in few bytes.
  static constexpr size_t interim_bytes_max = 64 * 1024;

  Http2OriginStream(runtime::Reactor& reactor, Http2ClientConnection& connection,
                    wire::Scheme scheme, Http2StreamOwner& owner);

  // --- Http2Settling ---
  void settle() override;

  // --- Stream ---
  void shutdown_send() override {}
  void abort_on_close() override {}
  Address peer() const override { return connection_.stream().peer(); }
  Address local() const override { return connection_.stream().local(); }

  // --- Http2ClientStream ---
  void on_interim(uint16_t status, const wire::Http2Block& block) override;
  void on_head(uint16_t status, const wire::Http2Block& block, bool last) override;
  void on_data(std::string_view bytes) override;
  void on_end(const wire::Http2Block& trailers) override;
  void on_closed(wire::Http2Error error) override;
  size_t body_ready() override;
  bool body_ends() override { return body_.done(); }
  void take_body(size_t bytes, Buffer& out) override;
  std::span<const wire::Field> trailers() override { return body_.trailers(); }

 protected:
  void want_input() override;
  void pause_input() override {}
  std::optional<Result<>> start_send(std::span<iovec> parts, size_t bytes) override;
  void abort_send() override;
  void close() override;

 private:
  ~Http2OriginStream() override = default;
  // Takes from the front of `parts`, which it shortens, as much as it has room for.
  Result<> take(std::span<iovec>& parts);
  Result<size_t> take_some(std::string_view bytes);
  Result<size_t> take_head(std::string_view bytes);
  Result<size_t> take_body_part(std::string_view bytes);
  Result<> ask(const wire::RequestHead& head);
  bool has_received() const { return !heads_.empty() || !answer_.empty() || !ending_.empty(); }
  runtime::Chunk take_received();
  void return_window();
  void deliver();
  void end_send();
  void end(Error why);

  Http2ClientConnection& connection_;
  Http2StreamOwner& owner_;
  const wire::Scheme scheme_;
  std::optional<uint32_t> id_;  // once the head has been sent
  wire::RequestMethod method_ = wire::RequestMethod::get;

  // The request.
  Buffer head_;     // of a head that came in pieces
  Buffer pending_;  // of the body, and not yet sent
  wire::BodyUnframer body_;
  std::span<iovec> unsent_;  // of the send under way
  bool sending_ = false;
  bool send_failed_ = false;
  bool deferred_ = false;  // the session waits for resume()

  // The answer.
  size_t interim_bytes_ = 0;
  Buffer heads_;        // in HTTP/1.1, and not yet handed on
  Buffer answer_;       // of the body
  Buffer ending_;       // what ends a body of unknown length
  size_t in_hand_ = 0;  // of the body, with the reader
  bool chunked_ = false;
  bool complete_ = false;
  bool closed_ = false;           // the session knows nothing of it any more
  std::optional<Error> failure_;  // why there will be no more
};

}  // namespace weir::net
