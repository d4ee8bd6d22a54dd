// What a client sends, frame by frame (RFC 9113 5 and 6).
#include "wire/http2_server_state.h"

namespace weir::wire {
namespace {

// Frames beside HEADERS and DATA that a client may send for each DATA frame that it gets, and for
// each request: window updates, mostly.
constexpr double earned_per_frame = 4;
// A header section that is too large costs us as much as that many other faults.
constexpr double cost_of_large_head = 10;
constexpr size_t settings_entries_max = 32;
constexpr size_t setting_bytes = 6;
constexpr size_t priority_bytes = 5;

// Takes the padding away; false when there is more of it than of the frame.
bool strip_padding(const Http2FrameHead& head, std::string_view& payload) {
  if (!head.has(http2_flag::padded)) return true;
  if (payload.empty()) return false;
  const auto padding = static_cast<uint8_t>(payload.front());
  payload.remove_prefix(1);
  if (padding > payload.size()) return false;
  payload.remove_suffix(padding);
  return true;
}

}  // namespace

// Whole units: the preface, then frames. Only the last one of a batch is kept until its rest comes.
void Http2ServerSession::State::take(std::string_view bytes) {
  if (!partial.empty() && !finish_partial(bytes)) return;
  while (!over && !bytes.empty()) {
    const size_t size = unit_size(bytes);
    if (over) return;
    if (size == 0 || size > bytes.size()) return partial.append(bytes);
    take_unit(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
}

bool Http2ServerSession::State::finish_partial(std::string_view& bytes) {
  while (!over) {
    const size_t size = unit_size(partial.view());
    const size_t wanted = size > 0 ? size : Http2FrameHead::size;
    if (partial.size() >= wanted) {
      take_unit(partial.view());
      partial.release();
      return true;
    }
    const std::string_view more = bytes.substr(0, wanted - partial.size());
    if (more.empty()) return false;
    partial.append(more);
    bytes.remove_prefix(more.size());
  }
  return false;
}

// How long the unit is at whose front `bytes` are; 0: they do not say it yet.
size_t Http2ServerSession::State::unit_size(std::string_view bytes) {
  if (in_preface) {
    const size_t known = std::min(bytes.size(), http2_preface.size());
    if (bytes.substr(0, known) != http2_preface.substr(0, known))
      end(Http2End::no_http2, Http2Error::protocol_error);
    return http2_preface.size();
  }
  if (bytes.size() < Http2FrameHead::size) return 0;
  const uint32_t length = parse_http2_frame_head(bytes.data()).length;
  if (length > http2_frame_bytes) break_off(Http2Error::frame_size_error);
  return Http2FrameHead::size + length;
}

void Http2ServerSession::State::take_unit(std::string_view unit) {
  if (std::exchange(in_preface, false)) return;
  const Http2FrameHead head = parse_http2_frame_head(unit.data());
  began = true;
  charge(head);
  if (over) return;
  using Type = Http2FrameType;
  const bool first = head.type == Type::settings && !head.has(http2_flag::ack);
  if (!greeted && !first) return break_off(Http2Error::protocol_error);
  greeted = true;
  const bool continues = head.type == Type::continuation;
  if (continues != (receiving.kind != Receiving::Kind::none) ||
      (continues && head.stream != receiving.stream))
    return break_off(Http2Error::protocol_error);
  take_frame(head, unit.substr(Http2FrameHead::size));
  if (!over) ++frames_received;
}

void Http2ServerSession::State::charge(const Http2FrameHead& head) {
  switch (head.type) {
    case Http2FrameType::data:
      if (head.length > 0 || head.has(http2_flag::end_stream)) return;
      break;
    case Http2FrameType::headers:
      control.add(earned_per_frame);
      return;
    case Http2FrameType::continuation:
      return;  // counted where it is read
    default:
      break;
  }
  if (control.take(now)) return;
  const bool ping = head.type == Http2FrameType::ping;
  end(Http2End::control, Http2Error::enhance_your_calm, ping ? "too_many_pings" : "");
}

void Http2ServerSession::State::take_frame(const Http2FrameHead& head, std::string_view payload) {
  switch (head.type) {
    case Http2FrameType::data:
      return on_data(head, payload);
    case Http2FrameType::headers:
      return on_headers(head, payload);
    case Http2FrameType::priority:
      return on_priority(head, payload);
    case Http2FrameType::rst_stream:
      return on_reset(head, payload);
    case Http2FrameType::settings:
      return on_settings(head, payload);
    case Http2FrameType::push_promise:
      return break_off(Http2Error::protocol_error);
    case Http2FrameType::ping:
      return on_ping(head, payload);
    case Http2FrameType::goaway:
      return on_goaway(head, payload);
    case Http2FrameType::window_update:
      return on_window_update(head, payload);
    case Http2FrameType::continuation:
      return on_continuation(head, payload);
  }
  // Of a type that nobody knows (RFC 9113 4.1): ignored, but charge() has counted it.
}

// --- bodies ---

void Http2ServerSession::State::on_data(const Http2FrameHead& head, std::string_view payload) {
  if (is_idle(head.stream)) return break_off(Http2Error::protocol_error);
  receive_window -= static_cast<int64_t>(payload.size());
  if (receive_window < 0) return break_off(Http2Error::flow_control_error);
  const size_t whole = payload.size();
  if (!strip_padding(head, payload)) return break_off(Http2Error::protocol_error);
  Http2StreamState* stream = streams.find(head.stream);
  if (!stream && is_ignored(head.stream)) return give_back(whole);
  if (!stream || stream->remote_closed) return break_off(Http2Error::stream_closed);
  stream->receive_window -= static_cast<int64_t>(whole);
  if (stream->receive_window < 0) {
    give_back(whole);
    return reset(*stream, Http2Error::flow_control_error);
  }
  if (whole > payload.size()) give_back(*stream, whole - payload.size());
  take_data(*stream, payload, head.has(http2_flag::end_stream));
}

void Http2ServerSession::State::take_data(Http2StreamState& stream, std::string_view bytes,
                                          bool last) {
  if (stream.has_length) {
    const bool fits = bytes.size() <= stream.body_left;
    stream.body_left -= std::min<uint64_t>(stream.body_left, bytes.size());
    if (!fits || (last && stream.body_left > 0)) {
      give_back(bytes.size());
      return reset(stream, Http2Error::protocol_error);
    }
  }
  if (!bytes.empty()) stream.owner->on_data(bytes);
  if (!last || !stream.open) return;
  block.clear();
  end_of_request(stream, block);
}

void Http2ServerSession::State::end_of_request(Http2StreamState& stream,
                                               const Http2Block& trailers) {
  stream.remote_closed = true;
  stream.owner->on_end(trailers);
}

// --- header sections ---

void Http2ServerSession::State::on_headers(const Http2FrameHead& head, std::string_view payload) {
  if (head.stream % 2 == 0) return break_off(Http2Error::protocol_error);
  if (!strip_padding(head, payload)) return break_off(Http2Error::protocol_error);
  if (head.has(http2_flag::priority)) {
    if (payload.size() < priority_bytes) return break_off(Http2Error::frame_size_error);
    payload.remove_prefix(priority_bytes);
  }
  begin_section(head.stream, head.has(http2_flag::end_stream));
  if (over) return;
  if (head.has(http2_flag::end_headers))
    take_section(payload);
  else
    take_fragment(payload, false);
}

void Http2ServerSession::State::begin_section(uint32_t id, bool last) {
  using Kind = Receiving::Kind;
  receiving = {.kind = Kind::ignored, .last = last, .stream = id};
  block.clear();
  if (is_idle(id)) {
    begin_request(id);
  } else if (const Http2StreamState* stream = streams.find(id)) {
    if (stream->remote_closed) return break_off(Http2Error::stream_closed);
    receiving.kind = Kind::trailers;
  } else if (!is_ignored(id)) {
    return break_off(Http2Error::stream_closed);
  }
  section.begin(receiving.kind == Kind::trailers);
}

void Http2ServerSession::State::begin_request(uint32_t id) {
  last_id = id;
  if (refuses(id)) return;
  if (streams.count() < limits.streams_max) {
    receiving.kind = Receiving::Kind::request;
  } else if (acknowledged) {
    break_off(Http2Error::protocol_error);
  } else {
    refuse(id, Http2Error::refused_stream);  // it has not heard of the limit yet
  }
}

void Http2ServerSession::State::on_continuation(const Http2FrameHead& head,
                                                std::string_view payload) {
  if (++receiving.continuations > limits.continuations_max)
    return end(Http2End::continuations, Http2Error::enhance_your_calm);
  take_fragment(payload, head.has(http2_flag::end_headers));
}

// A whole one, in one frame.
void Http2ServerSession::State::take_section(std::string_view bytes) {
  if (receiving.kind == Receiving::Kind::request && repeated.recall(bytes, section, block))
    return end_section();
  receiving.whole = bytes;
  take_fragment(bytes, true);
}

// What is ignored is decoded all the same: the table is the connection's.
void Http2ServerSession::State::take_fragment(std::string_view bytes, bool last) {
  for (;;) {
    switch (decoder.next(bytes, last)) {
      case HpackDecoder::Step::field:
        if (receiving.kind != Receiving::Kind::ignored) take_field(decoder.name(), decoder.value());
        continue;
      case HpackDecoder::Step::more:
        if (last) break_off(Http2Error::compression_error);
        return;
      case HpackDecoder::Step::done:
        remember_section();
        return end_section();
      case HpackDecoder::Step::broken:
        return break_off(Http2Error::compression_error);
    }
  }
}

void Http2ServerSession::State::remember_section() {
  if (receiving.whole.empty() || changes_hpack_table(receiving.whole))
    repeated.forget();
  else if (receiving.kind == Receiving::Kind::request)
    repeated.keep(receiving.whole, section, block);
}

void Http2ServerSession::State::take_field(std::string_view name, std::string_view value) {
  const KnownField id = section.add(name, value);
  const size_t size = name.size() + value.size() + Http2Block::field_overhead;
  if (block.size() + size > limits.head_bytes_max) block.cut_here();
  if (!block.cut_short()) block.add(name, value, id);
}

void Http2ServerSession::State::end_section() {
  const Receiving ended_one = std::exchange(receiving, {});
  if (ended_one.kind == Receiving::Kind::ignored) return;
  if (block.cut_short()) spend(faults, Http2End::faults, cost_of_large_head);
  if (over) return;
  if (ended_one.kind == Receiving::Kind::request)
    return end_request(ended_one.stream, ended_one.last);
  Http2StreamState* stream = streams.find(ended_one.stream);
  if (!stream) return;  // its answer was whole before its trailers were
  if (!section.well_formed() || !ended_one.last || (stream->has_length && stream->body_left > 0))
    return reset(*stream, Http2Error::protocol_error);
  end_of_request(*stream, block);
}

void Http2ServerSession::State::end_request(uint32_t id, bool last) {
  if (refuses(id)) return;  // since its first frame
  const uint64_t length = section.content_length().value_or(0);
  if (!section.well_formed() || (last && length > 0)) return refuse(id, Http2Error::protocol_error);
  block.mark_checked();
  // Behind its GOAWAY a client asks for nothing; what is taken must not depend on whether streams
  // were open.
  Http2ServerStream* owner = client_leaves ? nullptr : events.on_request(id, block, last);
  if (!owner) return refuse(id, Http2Error::refused_stream);
  last_taken = id;
  Http2StreamState& stream = state_of(*owner);
  stream.owner = owner;
  stream.id = id;
  stream.open = true;
  stream.remote_closed = last;
  stream.has_length = section.content_length().has_value();
  stream.body_left = length;
  stream.send_window = client_stream_window;
  stream.receive_window = stream_window;
  streams.add(id, stream);
}

// --- what steers ---

void Http2ServerSession::State::on_reset(const Http2FrameHead& head, std::string_view payload) {
  if (payload.size() != 4) return break_off(Http2Error::frame_size_error);
  if (is_idle(head.stream)) return break_off(Http2Error::protocol_error);
  ++resets_received;
  Http2StreamState* stream = streams.find(head.stream);
  // One that comes for work that is done costs nobody anything.
  if (!stream) return;
  close(*stream, static_cast<Http2Error>(load_be32(payload.data())));
  spend(client_resets, Http2End::resets);
}

void Http2ServerSession::State::on_settings(const Http2FrameHead& head, std::string_view payload) {
  if (head.stream != 0) return break_off(Http2Error::protocol_error);
  if (head.has(http2_flag::ack)) {
    if (!payload.empty()) return break_off(Http2Error::frame_size_error);
    return on_settings_ack();
  }
  if (payload.size() % setting_bytes != 0) return break_off(Http2Error::frame_size_error);
  if (payload.size() / setting_bytes > settings_entries_max)
    return end(Http2End::control, Http2Error::enhance_your_calm);
  for (; !payload.empty(); payload.remove_prefix(setting_bytes))
    if (!apply(static_cast<Http2Setting>(load_be16(payload.data())), load_be32(payload.data() + 2)))
      return;
  append_http2_settings_ack(out);
  control_bytes += Http2FrameHead::size;
}

void Http2ServerSession::State::on_settings_ack() {
  if (std::exchange(acknowledged, true)) return break_off(Http2Error::protocol_error);
  decoder.limit_table(limits.table_bytes_max);
  repeated.forget();  // the next section has to say that it has heard of it
  const int64_t by = static_cast<int64_t>(limits.window_bytes) - stream_window;
  stream_window = limits.window_bytes;
  streams.for_each([by](Http2StreamState& stream) { stream.receive_window += by; });
}

// False: it ended the connection.
bool Http2ServerSession::State::apply(Http2Setting name, uint32_t value) {
  switch (name) {
    case Http2Setting::header_table_size:
      encoder.limit_table(value);
      break;
    case Http2Setting::enable_push:
      if (value > 1) break_off(Http2Error::protocol_error);
      break;
    case Http2Setting::initial_window_size:
      if (value > http2_window_bytes_max)
        break_off(Http2Error::flow_control_error);
      else
        move_send_windows(int64_t{value} - client_stream_window);
      break;
    case Http2Setting::max_frame_size:
      if (value < http2_frame_bytes || value >= 1u << 24) break_off(Http2Error::protocol_error);
      client_frame_bytes = value;
      break;
    default:
      break;  // about pushes, advice, or unknown
  }
  return !over;
}

void Http2ServerSession::State::move_send_windows(int64_t by) {
  client_stream_window += by;
  bool too_large = false;
  streams.for_each([&](Http2StreamState& stream) {
    stream.send_window += by;
    too_large |= stream.send_window > http2_window_bytes_max;
    want_to_send(stream);
  });
  if (too_large) break_off(Http2Error::flow_control_error);
}

void Http2ServerSession::State::on_ping(const Http2FrameHead& head, std::string_view payload) {
  if (head.stream != 0) return break_off(Http2Error::protocol_error);
  if (payload.size() != 8) return break_off(Http2Error::frame_size_error);
  if (head.has(http2_flag::ack)) return;
  append_http2_ping_ack(out, payload);
  control_bytes += Http2FrameHead::size + payload.size();
}

void Http2ServerSession::State::on_goaway(const Http2FrameHead& head, std::string_view payload) {
  if (head.stream != 0) return break_off(Http2Error::protocol_error);
  if (payload.size() < 8) return break_off(Http2Error::frame_size_error);
  client_leaves = true;
}

void Http2ServerSession::State::on_window_update(const Http2FrameHead& head,
                                                 std::string_view payload) {
  if (payload.size() != 4) return break_off(Http2Error::frame_size_error);
  const uint32_t more = load_be32(payload.data()) & http2_window_bytes_max;
  if (head.stream == 0) {
    if (more == 0) return break_off(Http2Error::protocol_error);
    send_window += more;
    if (send_window > http2_window_bytes_max) return break_off(Http2Error::flow_control_error);
    return ready.splice_back(starved);
  }
  if (is_idle(head.stream)) return break_off(Http2Error::protocol_error);
  Http2StreamState* stream = streams.find(head.stream);
  if (!stream) return;
  if (more == 0) return reset(*stream, Http2Error::protocol_error);
  stream->send_window += more;
  if (stream->send_window > http2_window_bytes_max)
    return reset(*stream, Http2Error::flow_control_error);
  want_to_send(*stream);
}

// Which answer comes first is for RFC 9218 to say; this form of it has left the standard.
void Http2ServerSession::State::on_priority(const Http2FrameHead& head, std::string_view payload) {
  if (head.stream == 0) return break_off(Http2Error::protocol_error);
  if (payload.size() != priority_bytes) return break_off(Http2Error::frame_size_error);
}

}  // namespace weir::wire
