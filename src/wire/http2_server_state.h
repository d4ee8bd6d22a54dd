#pragma once
// Http2ServerSession::State: what a session is made of, for the two files that carry it out:
// http2_server_receive.cc reads what a client sends, http2_server_session.cc writes. Nobody else
// includes this.

#include "wire/hpack.h"
#include "wire/http2_repeated_section.h"
#include "wire/http2_server_session.h"
#include "wire/http2_stream_index.h"
#include "wire/token_bucket.h"

namespace weir::wire {

// The streams that we reset last: their client may not have heard of it yet, and what still comes
// on them is ignored, while on other closed streams it is an error (RFC 9113 5.1).
class Http2ResetStreams {
 public:
  void add(uint32_t id) {
    if (last_.size() < kept)
      last_.push_back(id);
    else
      last_[next_++ % kept] = id;
  }
  // Whether it may have been one.
  bool may_have(uint32_t id) const {
    return last_.size() == kept || std::ranges::find(last_, id) != last_.end();
  }

 private:
  static constexpr size_t kept = 256;
  std::vector<uint32_t> last_;
  size_t next_ = 0;
};

struct Http2ServerSession::State {
  // Of a header section that is being received.
  struct Receiving {
    enum class Kind : uint8_t { none, request, trailers, ignored };
    Kind kind = Kind::none;
    bool last = false;  // END_STREAM
    uint32_t stream = 0;
    uint32_t continuations = 0;
    std::string_view whole;  // the section, when it came in one frame and is decoded
  };

  State(const Http2Limits& bounds, Http2ServerEvents& whom);

  // --- http2_server_receive.cc ---
  void take(std::string_view bytes);
  bool finish_partial(std::string_view& bytes);
  size_t unit_size(std::string_view bytes);
  void take_unit(std::string_view unit);
  void take_frame(const Http2FrameHead& head, std::string_view payload);
  void charge(const Http2FrameHead& head);
  void on_data(const Http2FrameHead& head, std::string_view payload);
  void take_data(Http2StreamState& stream, std::string_view bytes, bool last);
  void on_headers(const Http2FrameHead& head, std::string_view payload);
  void begin_section(uint32_t id, bool last);
  void begin_request(uint32_t id);
  void on_continuation(const Http2FrameHead& head, std::string_view payload);
  void take_section(std::string_view bytes);
  void take_fragment(std::string_view bytes, bool last);
  void remember_section();
  void take_field(std::string_view name, std::string_view value);
  void end_section();
  void end_request(uint32_t id, bool last);
  void end_of_request(Http2StreamState& stream, const Http2Block& trailers);
  void on_reset(const Http2FrameHead& head, std::string_view payload);
  void on_settings(const Http2FrameHead& head, std::string_view payload);
  void on_settings_ack();
  bool apply(Http2Setting name, uint32_t value);
  void move_send_windows(int64_t by);
  void on_ping(const Http2FrameHead& head, std::string_view payload);
  void on_goaway(const Http2FrameHead& head, std::string_view payload);
  void on_window_update(const Http2FrameHead& head, std::string_view payload);
  void on_priority(const Http2FrameHead& head, std::string_view payload);
  bool is_idle(uint32_t id) const { return id > last_id || id % 2 == 0; }
  // Whether what comes on a stream that is not open is to be passed over.
  bool is_ignored(uint32_t id) const { return refuses(id) || resets.may_have(id); }
  bool refuses(uint32_t id) const { return refusing && id > last_taken; }

  // --- http2_server_session.cc ---
  void break_off(Http2Error error);  // a connection error
  void end(Http2End why, Http2Error error, std::string_view debug = {});
  void go_away(Http2Error error, std::string_view debug = {});
  void spend(TokenBucket& bucket, Http2End otherwise, double tokens = 1);
  void refuse(uint32_t id, Http2Error error);
  void reset(Http2StreamState& stream, Http2Error error);
  void close(Http2StreamState& stream, Http2Error error);
  void end_answer(Http2StreamState& stream);
  // Whether the block, which is the end of `out` then, may be written again.
  bool write_section(const Http2StreamState& stream, uint16_t status, std::span<const Field> fields,
                     bool last);
  void write_block(const Http2StreamState& stream, std::string_view section_block, bool last);
  bool may_answer(const Http2StreamState& stream) const {
    return stream.open && !stream.answered && !over;
  }
  void begin_answer(Http2StreamState& stream, bool last);
  void write_data_head(Http2StreamState& stream, size_t bytes, bool last);
  size_t room_for(const Http2StreamState& stream) const;
  void send_some(Http2StreamState& stream);
  void want_to_send(Http2StreamState& stream);
  void give_back(size_t bytes);  // of the connection's window
  void give_back(Http2StreamState& stream, size_t bytes);
  bool wants_input() const {
    return !over && (streams.count() > 0 || !(client_leaves || refusing));
  }

  Http2Limits limits;
  Http2ServerEvents& events;
  MonoTime now{};

  Http2StreamIndex streams;
  uint32_t last_id = 0;     // the highest that the client has opened
  uint32_t last_taken = 0;  // the highest that a service has seen
  Http2ResetStreams resets;

  bool in_preface = true;
  bool began = false;    // a frame has come
  bool greeted = false;  // the client's first SETTINGS have
  Buffer partial;        // the front of the preface or of a frame
  Receiving receiving;
  Http2Section section;
  Http2Block block;
  HpackDecoder decoder;
  Http2RepeatedSection repeated;

  // What the client may send: of the connection, and of each new stream; ours count once it has
  // said that it knows them.
  bool acknowledged = false;
  int64_t receive_window;
  uint32_t used_up = 0;
  int64_t stream_window = http2_window_bytes;

  // What the client takes.
  HpackEncoder encoder;
  uint32_t client_frame_bytes = http2_frame_bytes;
  int64_t client_stream_window = http2_window_bytes;
  int64_t send_window = http2_window_bytes;

  Buffer out;
  size_t block_at = 0, block_bytes = 0;  // in it, of the last answer(), if it may be repeated
  size_t control_bytes = 0;              // in `out`, of frames that are no answers
  List<Http2StreamState> ready;
  List<Http2StreamState> starved;  // wait for the connection's window

  TokenBucket client_resets, faults, control;
  Http2End ended = Http2End::none;
  bool over = false;           // GOAWAY has been written that ends everything
  bool refusing = false;       // GOAWAY has been written that ends with `last_taken`
  bool client_leaves = false;  // it has sent GOAWAY
  uint64_t frames_received = 0;
  uint64_t resets_received = 0;
  uint64_t resets_sent = 0;
};

}  // namespace weir::wire
