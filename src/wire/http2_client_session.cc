#include "wire/http2_client_session.h"

#include <array>
#include <nghttp2/nghttp2.h>
#include <unordered_map>
#include <utility>

#include "base/assert.h"

namespace weir::wire {
namespace {

std::string_view text(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}
uint8_t* bytes_of(std::string_view view) {
  return reinterpret_cast<uint8_t*>(const_cast<char*>(view.data()));
}

uint16_t status_of(const Http2Block& block) {
  if (block.count() == 0 || block.name(0) != ":status" || block.value(0).size() != 3) return 0;
  const std::string_view digits = block.value(0);
  return static_cast<uint16_t>((digits[0] - '0') * 100 + (digits[1] - '0') * 10 + digits[2] - '0');
}

// nghttp2 copies them, with the names in lower case.
std::span<nghttp2_nv> names_and_values(std::span<const Field> fields,
                                       std::span<nghttp2_nv> storage) {
  WEIR_ASSERT(fields.size() <= storage.size());
  size_t count = 0;
  for (const Field& field : fields)
    storage[count++] = {bytes_of(field.name), bytes_of(field.value), field.name.size(),
                        field.value.size(), NGHTTP2_NV_FLAG_NONE};
  return storage.first(count);
}

struct SessionFree {
  void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
};

}  // namespace

struct Http2ClientSession::State {
  explicit State(const Http2ClientLimits& bounds) : limits(bounds) {}

  nghttp2_session* get() const { return session.get(); }
  Http2ClientStream* stream(int32_t id) const {
    const auto found = streams.find(id);
    return found == streams.end() ? nullptr : found->second;
  }
  void close(int32_t id, uint32_t error) {
    const auto found = streams.find(id);
    if (found == streams.end()) return;
    Http2ClientStream* closed = found->second;
    streams.erase(found);
    closed->on_closed(static_cast<Http2Error>(error));
  }
  // Of an answer whose head is not handed on nothing else is, either.
  void refuse(int32_t id) {
    nghttp2_submit_rst_stream(get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    close(id, NGHTTP2_CANCEL);
  }
  // Whether there are any, which then follow the body.
  bool announce_trailers(int32_t id, std::span<const Field> fields) const;
  void receive(const nghttp2_frame& frame);
  void receive_head(const nghttp2_frame& frame);

  static const nghttp2_session_callbacks* callbacks();
  static void set_frame_callbacks(nghttp2_session_callbacks* all);
  static void set_stream_callbacks(nghttp2_session_callbacks* all);
  static State& of(void* self) { return *static_cast<State*>(self); }

  Http2ClientLimits limits;
  std::unique_ptr<nghttp2_session, SessionFree> session;
  Http2Block block;
  Buffer* out = nullptr;
  size_t out_bytes_max = 0;
  bool going_away = false;
  bool spoke = false;
  bool http1_required = false;
  // By number, and not by pointer inside nghttp2, so that one can be dropped at any time.
  std::unordered_map<int32_t, Http2ClientStream*> streams;
};

bool Http2ClientSession::State::announce_trailers(int32_t id, std::span<const Field> fields) const {
  if (fields.empty()) return false;
  std::array<nghttp2_nv, fields_max> all;
  const std::span<nghttp2_nv> named = names_and_values(fields, all);
  return nghttp2_submit_trailer(get(), id, named.data(), named.size()) == 0;
}

void Http2ClientSession::State::receive_head(const nghttp2_frame& frame) {
  spoke = true;
  Http2ClientStream* answered = stream(frame.hd.stream_id);
  if (!answered) return;
  const uint16_t status = status_of(block);
  const bool no_status = status < 100 && block.count() > 0 && block.name(0) == ":status";
  if (block.cut_short() || no_status) return refuse(frame.hd.stream_id);
  const bool last = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (status >= 200)
    answered->on_head(status, block, last);
  else if (status != 0)
    answered->on_interim(status, block);
  if (!last) return;
  if (status != 0) block.clear();
  answered->on_end(block);
}

void Http2ClientSession::State::receive(const nghttp2_frame& frame) {
  switch (frame.hd.type) {
    case NGHTTP2_HEADERS:
      return receive_head(frame);
    case NGHTTP2_DATA:
      if (!(frame.hd.flags & NGHTTP2_FLAG_END_STREAM)) return;
      block.clear();
      if (Http2ClientStream* answered = stream(frame.hd.stream_id)) answered->on_end(block);
      return;
    case NGHTTP2_GOAWAY:
      going_away = true;
      http1_required |= frame.goaway.error_code == NGHTTP2_HTTP_1_1_REQUIRED;
      return;
    default:
      return;
  }
}

const nghttp2_session_callbacks* Http2ClientSession::State::callbacks() {
  static const nghttp2_session_callbacks* const made = [] {
    nghttp2_session_callbacks* all = nullptr;
    WEIR_ASSERT(nghttp2_session_callbacks_new(&all) == 0);
    set_frame_callbacks(all);
    set_stream_callbacks(all);
    return all;
  }();
  return made;
}

void Http2ClientSession::State::set_frame_callbacks(nghttp2_session_callbacks* all) {
  nghttp2_session_callbacks_set_on_begin_headers_callback(
      all, [](nghttp2_session*, const nghttp2_frame*, void* self) {
        of(self).block.clear();
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
  nghttp2_session_callbacks_set_on_frame_recv_callback(
      all, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
        of(self).receive(*frame);
        return 0;
      });
}

void Http2ClientSession::State::set_stream_callbacks(nghttp2_session_callbacks* all) {
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      all, [](nghttp2_session* session, uint8_t, int32_t id, const uint8_t* bytes, size_t size,
              void* self) {
        of(self).spoke = true;
        if (Http2ClientStream* answered = of(self).stream(id))
          answered->on_data(text(bytes, size));
        else
          nghttp2_session_consume(session, id, size);
        return 0;
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      all, [](nghttp2_session*, int32_t id, uint32_t error, void* self) {
        of(self).close(id, error);
        return 0;
      });
  // A request that the server's GOAWAY overtook.
  nghttp2_session_callbacks_set_on_frame_not_send_callback(
      all, [](nghttp2_session*, const nghttp2_frame* frame, int, void* self) {
        if (frame->hd.type == NGHTTP2_HEADERS)
          of(self).close(frame->hd.stream_id, NGHTTP2_REFUSED_STREAM);
        return 0;
      });
  nghttp2_session_callbacks_set_send_data_callback(
      all,
      [](nghttp2_session*, nghttp2_frame* frame, const uint8_t* head, size_t size,
         nghttp2_data_source*, void* self) -> int {
        Http2ClientStream* asking = of(self).stream(frame->hd.stream_id);
        if (!asking) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        of(self).out->append(text(head, 9));
        asking->take_body(size, *of(self).out);
        return 0;
      });
}

Http2ClientSession::Http2ClientSession(const Http2ClientLimits& limits)
    : state_(std::make_unique<State>(limits)) {
  nghttp2_option* options = nullptr;
  WEIR_ASSERT(nghttp2_option_new(&options) == 0);
  nghttp2_option_set_no_auto_window_update(options, 1);
  nghttp2_option_set_max_continuations(options, limits.continuations_max);
  nghttp2_session* session = nullptr;
  WEIR_ASSERT(nghttp2_session_client_new2(&session, State::callbacks(), state_.get(), options) ==
              0);
  nghttp2_option_del(options);
  state_->session.reset(session);
  const std::array<nghttp2_settings_entry, 3> settings{{
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.window_bytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.head_bytes_max},
  }};
  WEIR_ASSERT(
      nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0);
  WEIR_ASSERT(nghttp2_session_set_local_window_size(
                  session, NGHTTP2_FLAG_NONE, 0,
                  static_cast<int32_t>(limits.connection_window_bytes)) == 0);
}

Http2ClientSession::~Http2ClientSession() = default;

bool Http2ClientSession::feed(std::string_view bytes) {
  const ssize_t used = nghttp2_session_mem_recv(state_->get(), bytes_of(bytes), bytes.size());
  return used >= 0 && nghttp2_session_want_read(state_->get()) != 0;
}

void Http2ClientSession::produce(Buffer& out, size_t bytes_max) {
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

bool Http2ClientSession::alive() const {
  return nghttp2_session_want_read(state_->get()) != 0 ||
         nghttp2_session_want_write(state_->get()) != 0;
}

bool Http2ClientSession::takes_requests() const {
  return !state_->going_away && nghttp2_session_check_request_allowed(state_->get()) != 0;
}

uint32_t Http2ClientSession::streams_max() const {
  return nghttp2_session_get_remote_settings(state_->get(),
                                             NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

std::optional<uint32_t> Http2ClientSession::request(std::span<const Field> fields, bool ended,
                                                    Http2ClientStream& stream) {
  if (!takes_requests()) return std::nullopt;
  std::array<nghttp2_nv, fields_max> all;
  const std::span<nghttp2_nv> named = names_and_values(fields, all);
  nghttp2_data_provider body{};
  body.read_callback = [](nghttp2_session*, int32_t of_stream, uint8_t*, size_t room,
                          uint32_t* flags, nghttp2_data_source*, void* self) -> ssize_t {
    const State& state = State::of(self);
    if (state.out->size() >= state.out_bytes_max) return NGHTTP2_ERR_PAUSE;
    Http2ClientStream* asking = state.stream(of_stream);
    if (!asking) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    const size_t ready = asking->body_ready();
    const size_t size = std::min(ready, room);
    const bool last = size == ready && asking->body_ends();
    if (size == 0 && !last) return NGHTTP2_ERR_DEFERRED;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY | (last ? NGHTTP2_DATA_FLAG_EOF : 0u);
    if (last && State::of(self).announce_trailers(of_stream, asking->trailers()))
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    return static_cast<ssize_t>(size);
  };
  const int32_t id = nghttp2_submit_request(state_->get(), nullptr, named.data(), named.size(),
                                            ended ? nullptr : &body, nullptr);
  if (id < 0) return std::nullopt;
  state_->streams[id] = &stream;
  return static_cast<uint32_t>(id);
}

void Http2ClientSession::resume(uint32_t stream) {
  nghttp2_session_resume_data(state_->get(), static_cast<int32_t>(stream));
}

void Http2ClientSession::drop(uint32_t stream) {
  const auto id = static_cast<int32_t>(stream);
  if (state_->streams.erase(id) == 0) return;
  nghttp2_submit_rst_stream(state_->get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
}

void Http2ClientSession::consume(uint32_t stream, size_t bytes) {
  nghttp2_session_consume(state_->get(), static_cast<int32_t>(stream), bytes);
}

void Http2ClientSession::consume_of_stream(uint32_t stream, size_t bytes) {
  nghttp2_session_consume_stream(state_->get(), static_cast<int32_t>(stream), bytes);
}

void Http2ClientSession::consume(size_t bytes) {
  nghttp2_session_consume_connection(state_->get(), bytes);
}

void Http2ClientSession::ping() {
  nghttp2_submit_ping(state_->get(), NGHTTP2_FLAG_NONE, nullptr);
}

bool Http2ClientSession::spoke() {
  return std::exchange(state_->spoke, false);
}

bool Http2ClientSession::http1_required() const {
  return state_->http1_required;
}

void Http2ClientSession::close_all() {
  while (!state_->streams.empty())
    state_->close(state_->streams.begin()->first, NGHTTP2_CANCEL);
}

void Http2ClientSession::terminate() {
  nghttp2_session_terminate_session(state_->get(), NGHTTP2_NO_ERROR);
}

}  // namespace weir::wire
