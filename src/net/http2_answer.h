#pragma once
// Http2Answer: the answer to one request of an HTTP/2 connection. A service writes an HTTP/1.1
// message, whoever it serves; this reads it as it comes, gives the head to the session, and the
// body, without its framing, as far as the client's windows let it go; what is left is kept, up to
// a bound. Belongs to one stream.

#include <array>
#include <optional>
#include <span>
#include <sys/uio.h>

#include "net/http2_repeated_head.h"
#include "wire/body_unframer.h"
#include "wire/http1_request.h"
#include "wire/http1_response.h"
#include "wire/http2_server_session.h"

namespace weir::net {

class Http2Answer {
 public:
  // What is kept of a body; whoever writes more waits.
  static constexpr size_t pending_bytes_max = 64 * 1024;

  // `repeated` is the connection's; all outlive it.
  Http2Answer(wire::Http2ServerSession& session, wire::Http2ServerStream& stream,
              Http2RepeatedHead& repeated)
      : session_(session), stream_(stream), repeated_(repeated) {}

  // Before anything is taken: the request's method decides whether a body follows.
  void begin(wire::RequestMethod method) { method_ = method; }
  // Takes from the front of `parts`, which it shortens, as much as it has room for. False when that
  // is no HTTP/1.1 message; then the stream has to be reset.
  bool take(std::span<iovec>& parts);
  // The service has nothing more to say. False when its message is not whole.
  bool finish();

  // Takes memory for what it keeps, and gives it back, emptied.
  void swap_memory(Buffer& memory) {
    pending_.clear();
    pending_.swap(memory);
  }

  size_t pending() const { return pending_.size(); }
  // No more body will come than is pending.
  bool whole() const { return state_ == State::done; }
  void move_to(Buffer& out, size_t bytes);
  std::span<const wire::Field> trailers() const;

 private:
  enum class State : uint8_t { head, framed, until_close, done };

  // How much of the front of `bytes` it took; nullopt when that makes no sense.
  std::optional<size_t> take_head(std::string_view bytes);
  std::optional<size_t> take_framed(std::string_view bytes);
  std::optional<size_t> take_some(std::string_view bytes);
  void pass_head(const wire::ResponseHead& head);
  void repeat_head();
  void keep_head(std::string_view text, const wire::ResponseHead& head);
  void begin_body(const wire::BodyFraming& framing);
  // Some of the body; `last`: all that there is of it.
  void pass_body(std::string_view bytes, bool last);
  size_t room() const { return pending_bytes_max - pending_.size(); }

  wire::Http2ServerSession& session_;
  wire::Http2ServerStream& stream_;
  Http2RepeatedHead& repeated_;
  wire::RequestMethod method_ = wire::RequestMethod::get;
  State state_ = State::head;
  Buffer head_;  // of a head that came in pieces
  Buffer pending_;
  wire::BodyUnframer body_;
};

}  // namespace weir::net
