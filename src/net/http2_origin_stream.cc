#include "net/http2_origin_stream.h"

#include <array>

#include "wire/http1_chunked.h"

namespace weir::net {
namespace {

using wire::Field;
using wire::Http2Error;

// What services write is bounded where it comes from.
constexpr wire::HeadLimits head_limits{.line_bytes_max = 64 * 1024,
                                       .head_bytes_max = 1024 * 1024,
                                       .field_bytes_max = 256 * 1024,
                                       .fields_max = wire::Http2ClientSession::fields_max - 5};

struct HeadStorage {
  std::array<Field, head_limits.fields_max> parsed;
  std::array<Field, wire::Http2ClientSession::fields_max> fields;
};

// Where the fields of a head lie while it is handed on, which it is in one go: one for each shard.
HeadStorage& head_storage() {
  static thread_local HeadStorage storage;
  return storage;
}

Error error_of(Http2Error error, bool connection_lost) {
  if (error == Http2Error::refused_stream)
    return {ErrorCode::refused, "the origin has not looked at the request"};
  if (connection_lost) return {ErrorCode::reset, "the connection to the origin was lost"};
  if (error == Http2Error::no_error)
    return {ErrorCode::invalid, "the origin ended the request before its answer was whole"};
  return {ErrorCode::invalid, "the origin reset the request, or its answer breaks HTTP/2's rules"};
}

}  // namespace

Http2OriginStream::Http2OriginStream(runtime::Reactor& reactor, Http2ClientConnection& connection,
                                     wire::Scheme scheme, Http2StreamOwner& owner)
    : Stream(reactor), connection_(connection), owner_(owner), scheme_(scheme) {
  connection_.enter();
}

void Http2OriginStream::close() {
  if (id_ && !closed_) connection_.drop(*id_);
  connection_.leave();
  owner_.stream_ended();
  delete this;
}

// --- the request ---

std::optional<Result<>> Http2OriginStream::start_send(std::span<iovec> parts, size_t) {
  if (failure_) return std::unexpected(*failure_);
  if (const Result<> taken = take(parts); !taken) return std::unexpected(taken.error());
  if (std::exchange(deferred_, false)) connection_.resume(*id_);
  if (parts.empty()) return Result<>{};
  unsent_ = parts;
  sending_ = true;
  send_failed_ = false;
  return std::nullopt;
}

Result<> Http2OriginStream::take(std::span<iovec>& parts) {
  while (!parts.empty() && pending_.size() < pending_bytes_max) {
    iovec& part = parts.front();
    const std::string_view bytes(static_cast<const char*>(part.iov_base), part.iov_len);
    if (!bytes.empty()) {
      WEIR_TRY(const size_t taken, take_some(bytes));
      part.iov_base = static_cast<char*>(part.iov_base) + taken;
      part.iov_len -= taken;
    }
    if (part.iov_len == 0) parts = parts.subspan(1);
  }
  return {};
}

Result<size_t> Http2OriginStream::take_some(std::string_view bytes) {
  return id_ ? take_body_part(bytes) : take_head(bytes);
}

Result<size_t> Http2OriginStream::take_head(std::string_view bytes) {
  const size_t before = head_.size();
  if (before > 0) head_.append(bytes);
  wire::RequestHead head{std::span<Field>(head_storage().parsed)};
  const wire::HeadResult result =
      wire::parse_request_head(before > 0 ? head_.view() : bytes, 0, head_limits, head);
  if (result.malformed()) return fail(ErrorCode::invalid, result.reason);
  if (result.incomplete()) {
    if (before == 0) head_.append(bytes);
    return bytes.size();
  }
  WEIR_CHECK(ask(head));
  head_.release();
  return result.bytes - before;
}

Result<> Http2OriginStream::ask(const wire::RequestHead& head) {
  method_ = head.method;
  body_.begin(head.framing);
  const std::span<Field> storage(head_storage().fields);
  const size_t count = wire::write_http2_request(head, scheme_, storage);
  id_ = connection_.request(storage.first(count), body_.done(), *this);
  if (!id_) {
    end(error_of(Http2Error::refused_stream, false));
    return std::unexpected(*failure_);
  }
  return {};
}

Result<size_t> Http2OriginStream::take_body_part(std::string_view bytes) {
  const size_t room = pending_bytes_max - pending_.size();
  const auto step = body_.next(bytes.substr(0, room));
  if (!step) return fail(ErrorCode::invalid, "the request is not framed as it says");
  pending_.append(step->data);
  return step->taken;
}

size_t Http2OriginStream::body_ready() {
  deferred_ = pending_.empty() && !body_.done();
  return pending_.size();
}

void Http2OriginStream::take_body(size_t bytes, Buffer& out) {
  out.append(pending_.view().substr(0, bytes));
  pending_.consume(bytes);
  if (!sending_ || send_failed_) return;
  send_failed_ = !take(unsent_);
  if (unsent_.empty() || send_failed_) connection_.mark(*this);
}

void Http2OriginStream::abort_send() {
  send_failed_ = true;
  connection_.mark(*this);
}

void Http2OriginStream::end_send() {
  const bool whole = unsent_.empty() && !send_failed_;
  if (!sending_ || !(whole || send_failed_ || failure_)) return;
  sending_ = false;
  unsent_ = {};
  const Error why = failure_.value_or(Error{ErrorCode::reset, "the request was not sent whole"});
  on_sent(whole ? Result<>{} : std::unexpected(why), 0);
}

// --- the answer ---

void Http2OriginStream::on_interim(uint16_t status, const wire::Http2Block& block) {
  // The exchange counts them, but sees them only when all that came together has been read.
  interim_bytes_ += block.size();
  if (interim_bytes_ > interim_bytes_max) {
    connection_.drop(*id_);
    closed_ = true;
    return end({ErrorCode::limit, "the origin sends too many interim answers"});
  }
  (void)wire::append_http1_answer(heads_, status, block, method_, false);
  connection_.mark(*this);
}

void Http2OriginStream::on_head(uint16_t status, const wire::Http2Block& block, bool last) {
  chunked_ = wire::append_http1_answer(heads_, status, block, method_, last);
  connection_.mark(*this);
}

void Http2OriginStream::on_data(std::string_view bytes) {
  // A reader that is slow holds up its own stream and no other one of the connection.
  connection_.session().consume(bytes.size());
  answer_.append(bytes);
  connection_.mark(*this);
}

void Http2OriginStream::on_end(const wire::Http2Block& trailers) {
  complete_ = true;
  if (chunked_ && !wire::append_http1_trailers(ending_, trailers))
    end({ErrorCode::limit, "the origin's answer has too many trailer fields"});
  connection_.mark(*this);
}

void Http2OriginStream::on_closed(Http2Error error) {
  closed_ = true;
  if (error == Http2Error::refused_stream) owner_.stream_refused();
  Error why = error_of(error, connection_.ended());
  const bool wants_http1 =
      error == Http2Error::http_1_1_required || connection_.session().http1_required();
  if (wants_http1 && !complete_) {
    const Error by_owner = owner_.http1_required();
    if (why.code != ErrorCode::refused) why = by_owner;
  }
  end(why);
}

// The first reason counts.
void Http2OriginStream::end(Error why) {
  if (!failure_) failure_ = why;
  connection_.mark(*this);
}

// What was received, in one chunk.
runtime::Chunk Http2OriginStream::take_received() {
  const size_t bytes = answer_.size();
  in_hand_ += bytes;
  if (heads_.empty() && !chunked_) {
    runtime::Chunk chunk = runtime::Chunk::copy_of(answer_.view());
    answer_.clear();
    return chunk;
  }
  if (bytes > 0 && chunked_) wire::append_chunk_head(heads_, bytes);
  heads_.append(answer_.view());
  if (bytes > 0 && chunked_) heads_.append("\r\n");
  heads_.append(ending_.view());
  runtime::Chunk chunk = runtime::Chunk::copy_of(heads_.view());
  heads_.clear();
  answer_.clear();
  ending_.release();
  return chunk;
}

// What the reader had in hand is used up.
void Http2OriginStream::return_window() {
  const size_t bytes = std::exchange(in_hand_, 0);
  if (bytes == 0 || closed_ || complete_) return;
  connection_.session().consume_of_stream(*id_, bytes);
  connection_.wake_writer();
}

void Http2OriginStream::want_input() {
  return_window();
  if (has_received() || complete_ || failure_) connection_.mark(*this);
}

void Http2OriginStream::deliver() {
  if (has_received()) {
    if (receiver_waits()) on_received(take_received());
    return;
  }
  if (!complete_ && !failure_) return;
  on_ended(complete_ ? Result<>{} : std::unexpected(*failure_));
}

void Http2OriginStream::settle() {
  // Whoever is told first may close this.
  const bool tells_sender = sending_ && (send_failed_ || failure_ || unsent_.empty());
  if (!tells_sender) return deliver();
  if (receiver_waits() && (has_received() || complete_ || failure_)) connection_.mark(*this);
  end_send();
}

}  // namespace weir::net
