#include "wire/http2_server_session.h"

#include <array>
#include <nghttp2/nghttp2.h>

#include "base/assert.h"
#include "wire/token_bucket.h"

namespace weir::wire {
namespace {

// Frames beside HEADERS and DATA that a client may send for each DATA frame that it gets, and for
// each request: window updates, mostly.
constexpr double earned_per_frame = 4;
// A header section that is too large costs us as much as that many other faults.
constexpr double cost_of_large_head = 10;
// Of one kind, unsent: acknowledgements for a client that does not read.
constexpr size_t unsent_acks_max = 1000;
constexpr size_t unsent_frames_max = 10'000;
constexpr size_t settings_entries_max = 32;

std::string_view text(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

nghttp2_nv nv(std::string_view name, std::string_view value) {
  const auto bytes = [](std::string_view view) {
    return reinterpret_cast<uint8_t*>(const_cast<char*>(view.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

// ":status" and the fields, for nghttp2, which makes the names lower case as it copies them.
class Headers {
 public:
  static constexpr size_t count_max = 256;

  Headers(uint16_t status, std::span<const Field> fields) {
    digits_ = {static_cast<char>('0' + status / 100), static_cast<char>('0' + status / 10 % 10),
               static_cast<char>('0' + status % 10)};
    add(":status", std::string_view(digits_.data(), digits_.size()));
    add(fields);
  }
  explicit Headers(std::span<const Field> fields) { add(fields); }

  const nghttp2_nv* data() const { return all_.data(); }
  size_t size() const { return size_; }

 private:
  void add(std::string_view name, std::string_view value) { all_[size_++] = nv(name, value); }
  void add(std::span<const Field> fields) {
    WEIR_ASSERT(fields.size() < count_max);
    for (const Field& field : fields)
      add(field.name, field.value);
  }

  std::array<char, 3> digits_;
  std::array<nghttp2_nv, count_max> all_;
  size_t size_ = 0;
};

struct SessionFree {
  void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
};

}  // namespace

std::string_view to_string(Http2End end) {
  constexpr std::array<std::string_view, http2_end_count> names{
      "none", "no_http2", "protocol", "resets", "faults", "control", "continuations"};
  return names[static_cast<size_t>(end)];
}

struct Http2ServerSession::State {
  State(const Http2Limits& bounds, Http2ServerEvents& whom)
      : limits(bounds),
        events(whom),
        resets(bounds.resets_per_second, bounds.resets_per_second * Http2Limits::burst_seconds),
        faults(bounds.faults_per_second, bounds.faults_per_second * Http2Limits::burst_seconds),
        control(bounds.control_frames_per_second,
                bounds.control_frames_per_second * Http2Limits::burst_seconds) {}

  nghttp2_session* get() const { return session.get(); }
  Http2ServerStream* stream(int32_t id) const {
    return static_cast<Http2ServerStream*>(nghttp2_session_get_stream_user_data(get(), id));
  }
  void end(Http2End why, Http2Error error) {
    if (ended != Http2End::none) return;
    ended = why;
    nghttp2_session_terminate_session(get(), static_cast<uint32_t>(error));
  }
  void take(TokenBucket& bucket, Http2End otherwise, double tokens = 1) {
    if (!bucket.take(now, tokens)) end(otherwise, Http2Error::enhance_your_calm);
  }
  void begin_frame(const nghttp2_frame_hd& head);
  void receive(const nghttp2_frame& frame);
  void receive_head(const nghttp2_frame& frame);
  void sent(const nghttp2_frame& frame);

  static const nghttp2_session_callbacks* callbacks();
  static void set_frame_callbacks(nghttp2_session_callbacks* all);
  static void set_section_callbacks(nghttp2_session_callbacks* all);
  static void set_stream_callbacks(nghttp2_session_callbacks* all);
  static State& of(void* self) { return *static_cast<State*>(self); }

  Http2Limits limits;
  Http2ServerEvents& events;
  std::unique_ptr<nghttp2_session, SessionFree> session;
  Http2Block block;  // of the section that is being received
  TokenBucket resets, faults, control;
  MonoTime now{};
  Buffer* out = nullptr;  // while producing
  size_t out_bytes_max = 0;
  Http2End ended = Http2End::none;
  bool in_preface = true;
  bool in_section = false;
  bool client_leaves = false;  // it has sent GOAWAY
  uint64_t frames_received = 0;
  uint64_t resets_received = 0;
  uint64_t resets_sent = 0;
};

void Http2ServerSession::State::begin_frame(const nghttp2_frame_hd& head) {
  in_preface = false;
  if (head.type != NGHTTP2_CONTINUATION) in_section = false;
  switch (head.type) {
    case NGHTTP2_DATA:
      if (head.length > 0 || (head.flags & NGHTTP2_FLAG_END_STREAM)) return;
      break;
    case NGHTTP2_HEADERS:
      control.add(earned_per_frame);
      return;
    case NGHTTP2_CONTINUATION:
      return;  // counted by nghttp2
    default:
      break;
  }
  take(control, Http2End::control);
}

void Http2ServerSession::State::receive_head(const nghttp2_frame& frame) {
  const int32_t id = frame.hd.stream_id;
  const bool last = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  in_section = false;
  if (block.cut_short()) take(faults, Http2End::faults, cost_of_large_head);
  if (frame.headers.cat != NGHTTP2_HCAT_REQUEST) {
    if (Http2ServerStream* of_stream = stream(id)) of_stream->on_end(block);
    return;
  }
  // Behind a GOAWAY nghttp2 reads on only while streams are open; what it would take must not
  // depend on where the bytes were cut.
  Http2ServerStream* made =
      client_leaves ? nullptr : events.on_request(static_cast<uint32_t>(id), block, last);
  if (made)
    nghttp2_session_set_stream_user_data(get(), id, made);
  else
    nghttp2_submit_rst_stream(get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
}

void Http2ServerSession::State::receive(const nghttp2_frame& frame) {
  ++frames_received;
  switch (frame.hd.type) {
    case NGHTTP2_HEADERS:
      return receive_head(frame);
    case NGHTTP2_DATA:
      if (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) {
        block.clear();
        if (Http2ServerStream* of_stream = stream(frame.hd.stream_id)) of_stream->on_end(block);
      }
      return;
    case NGHTTP2_RST_STREAM:
      ++resets_received;
      // One that comes for work that is done costs nobody anything.
      if (stream(frame.hd.stream_id)) take(resets, Http2End::resets);
      return;
    case NGHTTP2_GOAWAY:
      client_leaves = true;
      return;
    default:
      return;
  }
}

void Http2ServerSession::State::sent(const nghttp2_frame& frame) {
  const int32_t id = frame.hd.stream_id;
  if (frame.hd.type == NGHTTP2_RST_STREAM) {
    ++resets_sent;
    in_section = false;  // of a section that was refused, no end is told
    const uint32_t code = frame.rst_stream.error_code;
    const bool ours =
        code == NGHTTP2_NO_ERROR || code == NGHTTP2_INTERNAL_ERROR || code == NGHTTP2_CANCEL;
    if (!ours) take(faults, Http2End::faults);
    return;
  }
  if (frame.hd.type == NGHTTP2_GOAWAY && frame.goaway.error_code != NGHTTP2_NO_ERROR &&
      ended == Http2End::none)
    ended = Http2End::protocol;
  if (frame.hd.type != NGHTTP2_DATA && frame.hd.type != NGHTTP2_HEADERS) return;
  if (frame.hd.type == NGHTTP2_DATA) control.add(earned_per_frame);
  // The answer is whole: nobody needs the rest of the request (RFC 9113 8.1).
  if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) &&
      nghttp2_session_get_stream_remote_close(get(), id) == 0)
    nghttp2_submit_rst_stream(get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR);
}

const nghttp2_session_callbacks* Http2ServerSession::State::callbacks() {
  static const nghttp2_session_callbacks* const made = [] {
    nghttp2_session_callbacks* all = nullptr;
    WEIR_ASSERT(nghttp2_session_callbacks_new(&all) == 0);
    set_frame_callbacks(all);
    set_section_callbacks(all);
    set_stream_callbacks(all);
    return all;
  }();
  return made;
}

void Http2ServerSession::State::set_frame_callbacks(nghttp2_session_callbacks* all) {
  nghttp2_session_callbacks_set_on_begin_frame_callback(
      all, [](nghttp2_session*, const nghttp2_frame_hd* head, void* self) {
        of(self).begin_frame(*head);
        return 0;
      });
  nghttp2_session_callbacks_set_on_frame_recv_callback(
      all, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
        of(self).receive(*frame);
        return 0;
      });
  nghttp2_session_callbacks_set_on_frame_send_callback(
      all, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
        of(self).sent(*frame);
        return 0;
      });
}

void Http2ServerSession::State::set_section_callbacks(nghttp2_session_callbacks* all) {
  nghttp2_session_callbacks_set_unpack_extension_callback(
      all, [](nghttp2_session*, void**, const nghttp2_frame_hd*, void*) -> int {
        return NGHTTP2_ERR_CANCEL;
      });
  nghttp2_session_callbacks_set_on_begin_headers_callback(
      all, [](nghttp2_session*, const nghttp2_frame*, void* self) {
        of(self).block.clear();
        of(self).in_section = true;
        return 0;
      });
  nghttp2_session_callbacks_set_on_header_callback(
      all, [](nghttp2_session*, const nghttp2_frame*, const uint8_t* name, size_t name_size,
              const uint8_t* value, size_t value_size, uint8_t, void* self) {
        State& state = of(self);
        const size_t size = name_size + value_size + Http2Block::field_overhead;
        if (state.block.size() + size > state.limits.head_bytes_max) state.block.cut_here();
        if (!state.block.cut_short())
          state.block.add(text(name, name_size), text(value, value_size));
        return 0;
      });
}

void Http2ServerSession::State::set_stream_callbacks(nghttp2_session_callbacks* all) {
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      all, [](nghttp2_session* session, uint8_t, int32_t id, const uint8_t* bytes, size_t size,
              void* self) {
        if (Http2ServerStream* stream = of(self).stream(id))
          stream->on_data(text(bytes, size));
        else
          nghttp2_session_consume(session, id, size);
        return 0;
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      all, [](nghttp2_session* session, int32_t id, uint32_t error, void* self) {
        if (Http2ServerStream* stream = of(self).stream(id)) {
          nghttp2_session_set_stream_user_data(session, id, nullptr);
          stream->on_closed(static_cast<Http2Error>(error));
        }
        return 0;
      });
  nghttp2_session_callbacks_set_send_data_callback(
      all, [](nghttp2_session*, nghttp2_frame*, const uint8_t* head, size_t size,
              nghttp2_data_source* source, void* self) {
        Buffer& out = *of(self).out;
        out.append(text(head, 9));
        static_cast<Http2ServerStream*>(source->ptr)->take_body(size, out);
        return 0;
      });
}

namespace {

struct OptionsFree {
  void operator()(nghttp2_option* options) const { nghttp2_option_del(options); }
};

std::unique_ptr<nghttp2_option, OptionsFree> options_of(const Http2Limits& limits) {
  nghttp2_option* made = nullptr;
  WEIR_ASSERT(nghttp2_option_new(&made) == 0);
  nghttp2_option_set_no_auto_window_update(made, 1);
  nghttp2_option_set_max_outbound_ack(made, unsent_acks_max);
  nghttp2_option_set_max_settings(made, settings_entries_max);
  nghttp2_option_set_max_continuations(made, limits.continuations_max);
  nghttp2_option_set_max_deflate_dynamic_table_size(made, limits.table_bytes_max);
  // Frames of types that nobody knows are ignored, but begin_frame() counts them.
  for (unsigned type = NGHTTP2_CONTINUATION + 1; type <= UINT8_MAX; ++type)
    nghttp2_option_set_user_recv_extension_type(made, static_cast<uint8_t>(type));
  // Ours is told from resets that cost nothing; the library's would end honest connections.
  nghttp2_option_set_stream_reset_rate_limit(made, UINT64_MAX, UINT64_MAX);
  return std::unique_ptr<nghttp2_option, OptionsFree>(made);
}

}  // namespace

Http2ServerSession::Http2ServerSession(const Http2Limits& limits, Http2ServerEvents& events)
    : state_(std::make_unique<State>(limits, events)) {
  nghttp2_session* session = nullptr;
  WEIR_ASSERT(nghttp2_session_server_new2(&session, State::callbacks(), state_.get(),
                                          options_of(limits).get()) == 0);
  state_->session.reset(session);
  // NO_RFC7540_PRIORITIES is not among them: with it nghttp2 would not know closed streams from
  // idle ones, and what comes on them is to be refused.
  const std::array<nghttp2_settings_entry, 4> settings{{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.streams_max},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.window_bytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.head_bytes_max},
      {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, limits.table_bytes_max},
  }};
  WEIR_ASSERT(
      nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0);
  WEIR_ASSERT(nghttp2_session_set_local_window_size(
                  session, NGHTTP2_FLAG_NONE, 0,
                  static_cast<int32_t>(limits.connection_window_bytes)) == 0);
}

Http2ServerSession::~Http2ServerSession() = default;

bool Http2ServerSession::feed(std::string_view bytes, MonoTime now) {
  state_->now = now;
  const ssize_t used = nghttp2_session_mem_recv(
      state_->get(), reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  if (used == NGHTTP2_ERR_BAD_CLIENT_MAGIC)
    state_->end(Http2End::no_http2, Http2Error::protocol_error);
  else if (used == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS)
    state_->end(Http2End::continuations, Http2Error::enhance_your_calm);
  else if (used < 0)
    state_->end(Http2End::control, Http2Error::enhance_your_calm);
  else if (nghttp2_session_get_outbound_queue_size(state_->get()) > unsent_frames_max)
    state_->end(Http2End::control, Http2Error::enhance_your_calm);
  return used >= 0 && nghttp2_session_want_read(state_->get()) != 0;
}

void Http2ServerSession::produce(Buffer& out, size_t bytes_max) {
  state_->out = &out;
  state_->out_bytes_max = bytes_max;
  while (out.size() < bytes_max) {
    const uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(state_->get(), &bytes);
    if (size <= 0) break;
    out.append(text(bytes, static_cast<size_t>(size)));
  }
  state_->out = nullptr;
}

bool Http2ServerSession::alive() const {
  return nghttp2_session_want_read(state_->get()) != 0 ||
         nghttp2_session_want_write(state_->get()) != 0;
}

Http2End Http2ServerSession::ended() const {
  return state_->ended;
}

bool Http2ServerSession::in_head() const {
  return state_->in_preface || state_->in_section;
}

void Http2ServerSession::answer(uint32_t stream, uint16_t status, std::span<const Field> fields,
                                bool ended) {
  const auto id = static_cast<int32_t>(stream);
  const Headers headers(status, fields);
  nghttp2_data_provider body{};
  body.source.ptr = state_->stream(id);
  if (!body.source.ptr) return;  // the client has reset it
  body.read_callback = [](nghttp2_session* session, int32_t of_stream, uint8_t*, size_t room,
                          uint32_t* flags, nghttp2_data_source* source, void* self) -> ssize_t {
    const State& state = State::of(self);
    if (state.out->size() >= state.out_bytes_max) return NGHTTP2_ERR_PAUSE;
    Http2ServerStream& answering = *static_cast<Http2ServerStream*>(source->ptr);
    const size_t ready = answering.body_ready();
    const size_t size = std::min(ready, room);
    const bool last = size == ready && answering.body_ends();
    if (size == 0 && !last) return NGHTTP2_ERR_DEFERRED;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (!last) return static_cast<ssize_t>(size);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (const std::span<const Field> trailers = answering.trailers(); !trailers.empty()) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const Headers section(trailers);
      nghttp2_submit_trailer(session, of_stream, section.data(), section.size());
    }
    return static_cast<ssize_t>(size);
  };
  nghttp2_submit_response(state_->get(), id, headers.data(), headers.size(),
                          ended ? nullptr : &body);
}

void Http2ServerSession::interim(uint32_t stream, uint16_t status, std::span<const Field> fields) {
  const auto id = static_cast<int32_t>(stream);
  if (!state_->stream(id)) return;
  const Headers headers(status, fields);
  nghttp2_submit_headers(state_->get(), NGHTTP2_FLAG_NONE, id, nullptr, headers.data(),
                         headers.size(), nullptr);
}

void Http2ServerSession::resume(uint32_t stream) {
  nghttp2_session_resume_data(state_->get(), static_cast<int32_t>(stream));
}

void Http2ServerSession::reset(uint32_t stream, Http2Error error) {
  nghttp2_submit_rst_stream(state_->get(), NGHTTP2_FLAG_NONE, static_cast<int32_t>(stream),
                            static_cast<uint32_t>(error));
}

void Http2ServerSession::consume(uint32_t stream, size_t bytes) {
  nghttp2_session_consume(state_->get(), static_cast<int32_t>(stream), bytes);
}

void Http2ServerSession::consume(size_t bytes) {
  nghttp2_session_consume_connection(state_->get(), bytes);
}

void Http2ServerSession::announce_end() {
  nghttp2_submit_shutdown_notice(state_->get());
}

void Http2ServerSession::refuse_new() {
  nghttp2_submit_goaway(state_->get(), NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(state_->get()), NGHTTP2_NO_ERROR,
                        nullptr, 0);
}

void Http2ServerSession::terminate(Http2Error error) {
  nghttp2_session_terminate_session(state_->get(), static_cast<uint32_t>(error));
}

uint64_t Http2ServerSession::frames_received() const {
  return state_->frames_received;
}
uint64_t Http2ServerSession::resets_received() const {
  return state_->resets_received;
}
uint64_t Http2ServerSession::resets_sent() const {
  return state_->resets_sent;
}

}  // namespace weir::wire
