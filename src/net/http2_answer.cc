#include "net/http2_answer.h"

#include <algorithm>

namespace weir::net {
namespace {

using wire::BodyFraming;
using wire::Field;
using wire::KnownField;

// What services write is bounded where it comes from.
constexpr wire::HeadLimits head_limits{.line_bytes_max = 64 * 1024,
                                       .head_bytes_max = 1024 * 1024,
                                       .field_bytes_max = 256 * 1024,
                                       .fields_max = 240};
// What concerns a connection of HTTP/1.1 (RFC 9113 8.2.2).
constexpr wire::KnownFieldSet left_out(KnownField::connection, KnownField::keep_alive,
                                       KnownField::proxy_connection, KnownField::transfer_encoding,
                                       KnownField::upgrade);

// Where the fields of a head lie while it is handed on, which it is in one go: one for each shard.
// On the stack it would be cleared for every answer, at a tenth of what a small one costs.
std::span<Field> head_storage() {
  static thread_local std::array<Field, head_limits.fields_max> storage;
  return storage;
}

}  // namespace

bool Http2Answer::take(std::span<iovec>& parts) {
  while (!parts.empty() && room() > 0) {
    iovec& part = parts.front();
    const std::string_view bytes(static_cast<const char*>(part.iov_base), part.iov_len);
    if (!bytes.empty()) {
      const std::optional<size_t> taken = take_some(bytes);
      if (!taken) return false;
      part.iov_base = static_cast<char*>(part.iov_base) + *taken;
      part.iov_len -= *taken;
    }
    if (part.iov_len == 0) parts = parts.subspan(1);
  }
  return true;
}

std::optional<size_t> Http2Answer::take_some(std::string_view bytes) {
  switch (state_) {
    case State::head:
      return take_head(bytes);
    case State::framed:
      return take_framed(bytes.substr(0, room()));
    case State::until_close: {
      const size_t size = std::min(bytes.size(), room());
      pass_body(bytes.substr(0, size), false);
      return size;
    }
    case State::done:
      break;
  }
  return std::nullopt;  // more than was announced
}

std::optional<size_t> Http2Answer::take_head(std::string_view bytes) {
  const size_t before = head_.size();
  if (before == 0 && repeated_.begins(bytes, method_) &&
      repeated_.table_changes == session_.table_changes()) {
    repeat_head();
    return repeated_.text.size();
  }
  if (before > 0) head_.append(bytes);
  const std::string_view all = before > 0 ? head_.view() : bytes;
  wire::ResponseHead head{head_storage()};
  const wire::HeadResult result = wire::parse_response_head(all, 0, head_limits, method_, head);
  if (result.malformed()) return std::nullopt;
  if (result.incomplete()) {
    if (before == 0) head_.append(bytes);
    return bytes.size();
  }
  pass_head(head);
  if (!head.interim) keep_head(all.substr(0, result.bytes), head);
  const size_t taken = result.bytes - before;
  head_.release();
  return taken;
}

void Http2Answer::pass_head(const wire::ResponseHead& head) {
  const std::span<Field> storage = head_storage();
  size_t count = 0;
  for (const Field& field : head.fields)
    if (!left_out.contains(field.id)) storage[count++] = field;  // never ahead of `field`
  const std::span<const Field> fields = storage.first(count);
  if (head.interim) return session_.interim(stream_, head.status, fields);
  begin_body(head.framing);
  session_.answer(stream_, head.status, fields, state_ == State::done);
}

void Http2Answer::repeat_head() {
  begin_body(repeated_.framing);
  session_.answer_again(stream_, repeated_.block, state_ == State::done);
}

void Http2Answer::keep_head(std::string_view text, const wire::ResponseHead& head) {
  const std::string_view block = session_.repeatable_block();
  if (block.empty() || text.size() > Http2RepeatedHead::text_bytes_max) return;
  repeated_.text = text;
  repeated_.block = block;
  repeated_.table_changes = session_.table_changes();
  repeated_.method = method_;
  repeated_.framing = head.framing;
}

void Http2Answer::begin_body(const BodyFraming& framing) {
  body_.begin(framing);
  const bool until_close = framing.kind == BodyFraming::Kind::until_close;
  state_ = until_close ? State::until_close : body_.done() ? State::done : State::framed;
}

void Http2Answer::pass_body(std::string_view bytes, bool last) {
  if (pending_.empty()) bytes.remove_prefix(session_.send_now(stream_, bytes, last));
  pending_.append(bytes);
}

std::optional<size_t> Http2Answer::take_framed(std::string_view bytes) {
  size_t taken = 0;
  while (taken < bytes.size() && !body_.done()) {
    const auto step = body_.next(bytes.substr(taken));
    if (!step) return std::nullopt;
    taken += step->taken;
    if (!step->data.empty()) pass_body(step->data, body_.done());
  }
  if (body_.done()) state_ = State::done;
  return taken;
}

bool Http2Answer::finish() {
  if (state_ == State::until_close) state_ = State::done;
  return state_ == State::done;
}

void Http2Answer::move_to(Buffer& out, size_t bytes) {
  out.append(pending_.view().substr(0, bytes));
  pending_.consume(bytes);
}

std::span<const Field> Http2Answer::trailers() const {
  if (!whole()) return {};
  return body_.trailers();
}

}  // namespace weir::net
