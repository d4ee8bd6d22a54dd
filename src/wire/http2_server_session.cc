#include "wire/http2_server_session.h"

#include <array>

#include "base/assert.h"
#include "wire/http2_server_state.h"

namespace weir::wire {
namespace {

// Frames beside HEADERS and DATA that a client may send for each DATA frame that it gets.
constexpr double earned_per_frame = 4;
// Unsent, of frames that are no answers: acknowledgements and resets for a client that does not
// read.
constexpr size_t unsent_control_bytes_max = 64 * 1024;
// What is written at once, without being asked for, while so much waits already: nothing.
constexpr size_t unsent_bytes_max = 64 * 1024;

}  // namespace

std::string_view to_string(Http2End end) {
  constexpr std::array<std::string_view, http2_end_count> names{
      "none", "no_http2", "protocol", "resets", "faults", "control", "continuations"};
  return names[static_cast<size_t>(end)];
}

Http2ServerSession::State::State(const Http2Limits& bounds, Http2ServerEvents& whom)
    : limits(bounds),
      events(whom),
      receive_window(std::max(bounds.connection_window_bytes, http2_window_bytes)),
      encoder(bounds.table_bytes_max),
      client_resets(bounds.resets_per_second, bounds.resets_per_second * bounds.burst_seconds),
      faults(bounds.faults_per_second, bounds.faults_per_second * bounds.burst_seconds),
      control(bounds.control_frames_per_second,
              bounds.control_frames_per_second * bounds.burst_seconds) {
  using Name = Http2Setting;
  append_http2_frame_head(out, {.length = 4 * 6, .type = Http2FrameType::settings});
  append_http2_setting(out, Name::max_concurrent_streams, limits.streams_max);
  append_http2_setting(out, Name::initial_window_size, limits.window_bytes);
  append_http2_setting(out, Name::max_header_list_size, limits.head_bytes_max);
  append_http2_setting(out, Name::header_table_size, limits.table_bytes_max);
  if (receive_window > http2_window_bytes)
    append_http2_window_update(out, 0, static_cast<uint32_t>(receive_window) - http2_window_bytes);
}

// --- ends ---

void Http2ServerSession::State::go_away(Http2Error error, std::string_view debug) {
  if (std::exchange(over, true)) return;
  append_http2_goaway(out, last_taken, error, debug);
}

void Http2ServerSession::State::end(Http2End why, Http2Error error, std::string_view debug) {
  if (ended == Http2End::none) ended = why;
  go_away(error, debug);
}

void Http2ServerSession::State::break_off(Http2Error error) {
  if (!over) end(Http2End::protocol, error);
}

void Http2ServerSession::State::spend(TokenBucket& bucket, Http2End otherwise, double tokens) {
  if (!bucket.take(now, tokens)) end(otherwise, Http2Error::enhance_your_calm);
}

void Http2ServerSession::State::refuse(uint32_t id, Http2Error error) {
  append_http2_reset(out, id, error);
  control_bytes += Http2FrameHead::size + 4;
  ++resets_sent;
  resets.add(id);
  const bool ours = error == Http2Error::no_error || error == Http2Error::internal_error ||
                    error == Http2Error::cancel;
  if (!ours) spend(faults, Http2End::faults);
}

void Http2ServerSession::State::reset(Http2StreamState& stream, Http2Error error) {
  const uint32_t id = stream.id;
  close(stream, error);
  refuse(id, error);
}

void Http2ServerSession::State::close(Http2StreamState& stream, Http2Error error) {
  stream.open = false;
  stream.unlink();
  streams.remove(stream.id);
  stream.owner->on_closed(error);
}

// The answer is whole: nobody needs the rest of the request (RFC 9113 8.1).
void Http2ServerSession::State::end_answer(Http2StreamState& stream) {
  stream.remote_closed ? close(stream, Http2Error::no_error) : reset(stream, Http2Error::no_error);
}

// --- answers ---

bool Http2ServerSession::State::write_section(const Http2StreamState& stream, uint16_t status,
                                              std::span<const Field> fields, bool last) {
  const size_t at = out.size();
  Http2FrameHead head{.type = Http2FrameType::headers,
                      .flags = last ? http2_flag::end_stream : uint8_t{0},
                      .stream = stream.id};
  append_http2_frame_head(out, head);
  const bool repeatable = encoder.encode(status, fields, out);
  const size_t size = out.size() - at - Http2FrameHead::size;
  Buffer rest;
  if (size > client_frame_bytes) {
    rest.append(out.view().substr(at + Http2FrameHead::size + client_frame_bytes));
    out.truncate(at + Http2FrameHead::size + client_frame_bytes);
  }
  head.length = static_cast<uint32_t>(size - rest.size());
  if (rest.empty()) head.flags |= http2_flag::end_headers;
  write_http2_frame_head(out.data() + at, head);
  if (rest.empty()) return repeatable;
  while (!rest.empty()) {
    const std::string_view part = rest.view().substr(0, client_frame_bytes);
    const bool end = part.size() == rest.size();
    append_http2_frame_head(out, {.length = static_cast<uint32_t>(part.size()),
                                  .type = Http2FrameType::continuation,
                                  .flags = end ? http2_flag::end_headers : uint8_t{0},
                                  .stream = stream.id});
    out.append(part);
    rest.consume(part.size());
  }
  return false;
}

void Http2ServerSession::State::write_block(const Http2StreamState& stream,
                                            std::string_view section_block, bool last) {
  const uint8_t end = last ? http2_flag::end_stream : uint8_t{0};
  append_http2_frame_head(out, {.length = static_cast<uint32_t>(section_block.size()),
                                .type = Http2FrameType::headers,
                                .flags = static_cast<uint8_t>(http2_flag::end_headers | end),
                                .stream = stream.id});
  out.append(section_block);
}

// Behind its head. `last`: which has ended it.
void Http2ServerSession::State::begin_answer(Http2StreamState& stream, bool last) {
  stream.answered = true;
  last ? end_answer(stream) : want_to_send(stream);
}

void Http2ServerSession::State::write_data_head(Http2StreamState& stream, size_t bytes, bool last) {
  append_http2_frame_head(out, {.length = static_cast<uint32_t>(bytes),
                                .type = Http2FrameType::data,
                                .flags = last ? http2_flag::end_stream : uint8_t{0},
                                .stream = stream.id});
  stream.send_window -= static_cast<int64_t>(bytes);
  send_window -= static_cast<int64_t>(bytes);
  control.add(earned_per_frame);
}

// How much of its body may be sent in a frame.
size_t Http2ServerSession::State::room_for(const Http2StreamState& stream) const {
  const int64_t window = std::min(stream.send_window, send_window);
  return window <= 0 ? 0 : std::min<size_t>(static_cast<size_t>(window), http2_frame_bytes);
}

void Http2ServerSession::State::want_to_send(Http2StreamState& stream) {
  if (stream.open && stream.answered && !stream.linked()) ready.push_back(stream);
}

void Http2ServerSession::State::send_some(Http2StreamState& stream) {
  Http2ServerStream& owner = *stream.owner;
  const size_t pending = owner.body_ready();
  const size_t size = std::min(pending, room_for(stream));
  const bool last = size == pending && owner.body_ends();
  if (size == 0 && !last) {
    // Otherwise resume() brings it back, or the client's window does.
    if (pending > 0 && stream.send_window > 0) starved.push_back(stream);
    return;
  }
  const std::span<const Field> trailers = last ? owner.trailers() : std::span<const Field>();
  if (size > 0 || trailers.empty()) {
    write_data_head(stream, size, last && trailers.empty());
    if (size > 0) owner.take_body(size, out);
  }
  if (!trailers.empty()) (void)write_section(stream, 0, trailers, true);
  if (last) return end_answer(stream);
  // Behind the others; unless what it was asked for made it send all the rest.
  want_to_send(stream);
}

// --- windows ---

void Http2ServerSession::State::give_back(size_t bytes) {
  used_up += static_cast<uint32_t>(bytes);
  const uint32_t whole = std::max(limits.connection_window_bytes, http2_window_bytes);
  if (over || used_up < whole / 2) return;
  append_http2_window_update(out, 0, used_up);
  receive_window += used_up;
  used_up = 0;
}

void Http2ServerSession::State::give_back(Http2StreamState& stream, size_t bytes) {
  give_back(bytes);
  if (!stream.open || stream.remote_closed || over) return;
  stream.used_up += static_cast<uint32_t>(bytes);
  if (stream.used_up == 0 || stream.used_up < stream_window / 2) return;
  append_http2_window_update(out, stream.id, stream.used_up);
  stream.receive_window += stream.used_up;
  stream.used_up = 0;
}

// --- for the outside ---

Http2ServerSession::Http2ServerSession(const Http2Limits& limits, Http2ServerEvents& events)
    : state_(std::make_unique<State>(limits, events)) {}

Http2ServerSession::~Http2ServerSession() = default;

bool Http2ServerSession::feed(std::string_view bytes, MonoTime now) {
  State& state = *state_;
  state.now = now;
  state.take(bytes);
  if (state.control_bytes > unsent_control_bytes_max)
    state.end(Http2End::control, Http2Error::enhance_your_calm);
  return state.wants_input();
}

void Http2ServerSession::produce(Buffer& out, size_t bytes_max) {
  State& state = *state_;
  while (!state.over && out.size() + state.out.size() < bytes_max) {
    Http2StreamState* next = state.ready.pop_front();
    if (!next) break;
    state.send_some(*next);
  }
  state.control_bytes = 0;
  if (out.empty()) {
    out.swap(state.out);
  } else {
    out.append(state.out.view());
    state.out.clear();
  }
}

bool Http2ServerSession::alive() const {
  return state_->wants_input() || !state_->out.empty();
}

void Http2ServerSession::trim() {
  if (state_->out.empty()) state_->out.release();
  if (state_->receiving.kind == State::Receiving::Kind::none) Http2Block().swap(state_->block);
  state_->encoder.trim();
  state_->repeated.release();
}

Http2End Http2ServerSession::ended() const {
  return state_->ended;
}

bool Http2ServerSession::in_head() const {
  const State& state = *state_;
  if (!state.began || state.receiving.kind != State::Receiving::Kind::none) return true;
  return state.partial.size() >= Http2FrameHead::size &&
         parse_http2_frame_head(state.partial.view().data()).type == Http2FrameType::headers;
}

// While the client does not read, streams stay open: it must not be able to ask for more.
void Http2ServerSession::answer(Http2ServerStream& stream, uint16_t status,
                                std::span<const Field> fields, bool ended) {
  State& state = *state_;
  Http2StreamState& of = state_of(stream);
  state.block_bytes = 0;
  if (!state.may_answer(of)) return;
  const bool last = ended && state.out.size() < unsent_bytes_max;
  state.block_at = state.out.size() + Http2FrameHead::size;
  if (state.write_section(of, status, fields, last))
    state.block_bytes = state.out.size() - state.block_at;
  state.begin_answer(of, last);
}

void Http2ServerSession::answer_again(Http2ServerStream& stream, std::string_view block,
                                      bool ended) {
  State& state = *state_;
  Http2StreamState& of = state_of(stream);
  if (!state.may_answer(of)) return;
  const bool last = ended && state.out.size() < unsent_bytes_max;
  state.write_block(of, block, last);
  state.begin_answer(of, last);
}

std::string_view Http2ServerSession::repeatable_block() const {
  return state_->out.view().substr(state_->block_at, state_->block_bytes);
}

uint64_t Http2ServerSession::table_changes() const {
  return state_->encoder.table_changes();
}

void Http2ServerSession::interim(Http2ServerStream& stream, uint16_t status,
                                 std::span<const Field> fields) {
  const Http2StreamState& of = state_of(stream);
  if (state_->may_answer(of)) (void)state_->write_section(of, status, fields, false);
}

size_t Http2ServerSession::send_now(Http2ServerStream& stream, std::string_view bytes, bool last) {
  Http2StreamState& of = state_of(stream);
  size_t sent = 0;
  while (of.open && of.answered && sent < bytes.size()) {
    const size_t room = state_->room_for(of);
    if (room == 0 || state_->over || state_->out.size() >= unsent_bytes_max) break;
    const std::string_view part = bytes.substr(sent, room);
    sent += part.size();
    const bool end = last && sent == bytes.size();
    state_->write_data_head(of, part.size(), end);
    state_->out.append(part);
    if (end) state_->end_answer(of);
  }
  return sent;
}

void Http2ServerSession::resume(Http2ServerStream& stream) {
  state_->want_to_send(state_of(stream));
}

void Http2ServerSession::reset(Http2ServerStream& stream, Http2Error error) {
  Http2StreamState& of = state_of(stream);
  if (of.open && !state_->over) state_->reset(of, error);
}

void Http2ServerSession::consume(Http2ServerStream& stream, size_t bytes) {
  state_->give_back(state_of(stream), bytes);
}

void Http2ServerSession::ping() {
  if (!state_->over) append_http2_ping(state_->out);
}

void Http2ServerSession::announce_end() {
  if (state_->over || state_->refusing) return;
  append_http2_goaway(state_->out, http2_window_bytes_max, Http2Error::no_error, {});
}

void Http2ServerSession::refuse_new() {
  if (state_->over || std::exchange(state_->refusing, true)) return;
  append_http2_goaway(state_->out, state_->last_taken, Http2Error::no_error, {});
}

void Http2ServerSession::terminate(Http2Error error) {
  state_->go_away(error);
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
