#pragma once
// Http2ClientSession: the client's side of one HTTP/2 connection (RFC 9113) without I/O: requests
// go in, answers come out, as from Http2ServerSession. Framing, HPACK and the states of streams are
// nghttp2's. Push is refused; PRIORITY is not sent. Belongs to one connection.
//
// Who is told of events is called from feed() and produce(), and must not call these two from
// there.

#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "wire/http2_server_session.h"

namespace weir::wire {

struct Http2ClientLimits {
  uint32_t window_bytes = 256 * 1024;              // of a stream: what an origin may send unread
  uint32_t connection_window_bytes = 1024 * 1024;  // of all streams together
  uint32_t head_bytes_max = 32 * 1024;             // of a header or trailer section, decoded
  uint32_t continuations_max = 8;
};

// Who gets what belongs to one request, from request() until on_closed().
class Http2ClientStream {
 public:
  // A head before the final one (1xx).
  virtual void on_interim(uint16_t, const Http2Block&) {}
  // The final head; `last`: neither body nor trailers follow, and on_end() comes next.
  virtual void on_head(uint16_t status, const Http2Block& block, bool last) = 0;
  virtual void on_data(std::string_view bytes) = 0;
  // The answer is complete; `trailers` may be empty.
  virtual void on_end(const Http2Block& trailers) = 0;
  // Nothing more in either direction. The last call. `refused_stream`: the server has not looked at
  // the request, which may be sent again.
  virtual void on_closed(Http2Error error) = 0;

  // How many bytes of the request's body could be sent now; whether no more than those will ever
  // come; and they, behind `out`.
  virtual size_t body_ready() = 0;
  virtual bool body_ends() = 0;
  virtual void take_body(size_t bytes, Buffer& out) = 0;
  // Once the body ends: what follows it; looked at when body_ends().
  virtual std::span<const Field> trailers() { return {}; }

 protected:
  ~Http2ClientStream() = default;
};

class Http2ClientSession {
 public:
  static constexpr size_t fields_max = 200;

  // Its first frames, the preface among them, wait to be produced.
  explicit Http2ClientSession(const Http2ClientLimits& limits);
  ~Http2ClientSession();
  Http2ClientSession(const Http2ClientSession&) = delete;
  Http2ClientSession& operator=(const Http2ClientSession&) = delete;

  // Bytes from the server. False when there is no point in any more.
  bool feed(std::string_view bytes);
  // Appends what is to be sent, until `out` has about `bytes_max` or nothing is left.
  void produce(Buffer& out, size_t bytes_max);
  // Whether the connection serves a purpose.
  bool alive() const;
  // Whether request() may succeed: the server has neither ended the session nor said that it will.
  bool takes_requests() const;
  // Opens a stream with these fields, pseudo-header fields first, at most fields_max; its number.
  // Where the server has as many open as it allows, it waits. `stream` lives until on_closed() or
  // drop(). nullopt when no stream can be opened any more.
  std::optional<uint32_t> request(std::span<const Field> fields, bool ended,
                                  Http2ClientStream& stream);
  // There is more body than when body_ready() was last asked.
  void resume(uint32_t stream);
  // The stream is of no more interest: it is reset, and nobody is told of it any more.
  void drop(uint32_t stream);
  // How many requests the server lets us have open at a time, as far as it has said.
  uint32_t streams_max() const;
  // `bytes` of an answer have been used up; of the stream's window only, of the connection's only.
  void consume(uint32_t stream, size_t bytes);
  void consume_of_stream(uint32_t stream, size_t bytes);
  void consume(size_t bytes);
  // Asks for a sign of life.
  void ping();
  // Whether the server has said anything of a request since this was last asked.
  bool spoke();
  // Whether the server ends the connection since it wants to be spoken to over HTTP/1.1.
  bool http1_required() const;
  // The connection is no more: tells whoever is still open, as reset.
  void close_all();
  // Says good-bye.
  void terminate();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir::wire
