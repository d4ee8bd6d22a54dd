#pragma once
// Http2ServerSession: the server's side of one HTTP/2 connection (RFC 9113) without I/O: bytes of
// the client go in, requests come out; answers go in, bytes for the client come out. What a hostile
// client may make us do is bounded here (Http2Limits). Belongs to one connection.
//
// Its frames are its own (why: docs/decisions/0015-own-http2-server-frames.md), HPACK is nghttp2's
// (wire/hpack.h). What is written while nothing stands in its way, is written where it will be sent
// from; only what has to wait, for windows or for room, is asked for later.
//
// Who is told of events is called from all functions that change something, and must call neither
// feed() nor produce() from there.

#include <memory>
#include <span>
#include <string_view>

#include "base/buffer.h"
#include "base/list.h"
#include "base/result.h"
#include "base/time.h"
#include "wire/http2_block.h"
#include "wire/http2_frame.h"
#include "wire/http_fields.h"

namespace weir::wire {

struct Http2Limits {
  uint32_t streams_max = 128;                      // SETTINGS_MAX_CONCURRENT_STREAMS
  uint32_t window_bytes = 64 * 1024;               // of a stream: what a client may send unread
  uint32_t connection_window_bytes = 1024 * 1024;  // of all streams together
  uint32_t head_bytes_max = 32 * 1024;             // of a header or trailer section, decoded
  uint32_t continuations_max = 8;                  // CONTINUATION frames of one section
  uint32_t table_bytes_max = 4096;                 // HPACK's dynamic table, either way
  uint32_t resets_per_second = 200;                // of requests under way, by the client
  uint32_t faults_per_second = 50;                 // streams that we had to reset for what it sent
  uint32_t control_frames_per_second = 500;        // frames that bring nothing
  // Of all three, this many seconds' worth may come at once.
  static constexpr double burst_seconds = 5;
};

// Why a session ended; what is worth a counter of its own.
enum class Http2End : uint8_t {
  none,           // it has not, or in order
  no_http2,       // what came was no HTTP/2
  protocol,       // a connection error (RFC 9113 5.4.1)
  resets,         // resets_per_second
  faults,         // faults_per_second
  control,        // control_frames_per_second, or acknowledgements that it does not fetch
  continuations,  // continuations_max
};
inline constexpr size_t http2_end_count = 7;
std::string_view to_string(Http2End end);

class Http2ServerStream;

// What a session keeps of a stream, inside it.
struct Http2StreamState : ListNode<Http2StreamState> {
  Http2ServerStream* owner = nullptr;
  uint32_t id = 0;
  bool open = false;
  bool remote_closed = false;  // the request is complete
  bool answered = false;       // the final head is written
  bool has_length = false;     // the body's length was announced
  uint64_t body_left = 0;      // of it
  int64_t send_window = 0;
  int64_t receive_window = 0;
  uint32_t used_up = 0;  // of the latter, and not yet given back
};

// Who gets what belongs to one stream, from on_request() until on_closed().
class Http2ServerStream {
 public:
  // More of the request's body.
  virtual void on_data(std::string_view bytes) = 0;
  // The request is complete; `trailers` may be empty.
  virtual void on_end(const Http2Block& trailers) = 0;
  // Nothing more in either direction. The last call.
  virtual void on_closed(Http2Error error) = 0;

  // How many bytes of the answer's body could be sent now.
  virtual size_t body_ready() = 0;
  // Whether no more than those will ever come.
  virtual bool body_ends() = 0;
  // Puts that many of them behind `out`.
  virtual void take_body(size_t bytes, Buffer& out) = 0;
  // What comes behind the body.
  virtual std::span<const Field> trailers() = 0;

 protected:
  ~Http2ServerStream() = default;

 private:
  friend class Http2ServerSession;
  Http2StreamState session_state_;
};

class Http2ServerEvents {
 public:
  // A request's head; `block` may be swapped away. `ended`: it has no body. Nullptr refuses the
  // stream: the client may send it again, elsewhere.
  virtual Http2ServerStream* on_request(uint32_t stream, Http2Block& block, bool ended) = 0;

 protected:
  ~Http2ServerEvents() = default;
};

class Http2ServerSession {
 public:
  // `events` outlives it. Its first frames, SETTINGS among them, wait to be produced.
  Http2ServerSession(const Http2Limits& limits, Http2ServerEvents& events);
  // No stream is told. They may be gone before.
  ~Http2ServerSession();
  Http2ServerSession(const Http2ServerSession&) = delete;
  Http2ServerSession& operator=(const Http2ServerSession&) = delete;

  // Bytes from the client. False when there is no point in any more: what produce() still gives
  // says why, and ended() too.
  bool feed(std::string_view bytes, MonoTime now);
  // Appends what is to be sent: all that is written already, and bodies until `out` has about
  // `bytes_max` or nothing is left.
  void produce(Buffer& out, size_t bytes_max);
  // Whether the connection serves a purpose: false after GOAWAY, once all streams have ended and
  // everything has been produced.
  bool alive() const;
  // Lets go of memory that a connection needs only while something happens.
  void trim();
  Http2End ended() const;
  // The preface or a header section has begun and not ended.
  bool in_head() const;
  // How many frames have been received whole.
  uint64_t frames_received() const;

  // All of these have no effect on a stream that has been closed.
  // The final head of an answer; nothing else follows it when `ended`. Names may have any case.
  void answer(Http2ServerStream& stream, uint16_t status, std::span<const Field> fields,
              bool ended);
  // What answer() has just written as its header block, if that may be written again as it is:
  // until table_changes() says something else, or the next call of anything. Empty: it may not.
  std::string_view repeatable_block() const;
  uint64_t table_changes() const;
  // As answer(), with such a block.
  void answer_again(Http2ServerStream& stream, std::string_view block, bool ended);
  // A 1xx before it.
  void interim(Http2ServerStream& stream, uint16_t status, std::span<const Field> fields);
  // Writes of the body what may go at once, while nothing of it waits; how much that was. `last`:
  // nothing follows these bytes.
  size_t send_now(Http2ServerStream& stream, std::string_view bytes, bool last);
  // There is more body than when body_ready() was last asked.
  void resume(Http2ServerStream& stream);
  void reset(Http2ServerStream& stream, Http2Error error);
  // `bytes` of a body have been used up: the client may send that many more.
  void consume(Http2ServerStream& stream, size_t bytes);

  // Asks for a sign of life, which whatever comes is.
  void ping();
  // Says that the connection will end soon (RFC 9113 6.8): streams that are on their way are still
  // served.
  void announce_end();
  // From here on no new stream is served.
  void refuse_new();
  // The end, now; streams that are open are lost.
  void terminate(Http2Error error);

  // Counts for metrics, since the start.
  uint64_t resets_received() const;
  uint64_t resets_sent() const;

 private:
  struct State;
  static Http2StreamState& state_of(Http2ServerStream& stream) { return stream.session_state_; }
  std::unique_ptr<State> state_;
};

}  // namespace weir::wire
