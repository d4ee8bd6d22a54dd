#include "net/http2_stream.h"

#include "net/http2_connection.h"
#include "net/http_server.h"
#include "net/tls_stream.h"

namespace weir::net {

namespace {

bool announces_length(const wire::Http2Block& block) {
  for (size_t i = 0; i < block.count(); ++i)
    if (block.name(i) == "content-length") return true;
  return false;
}

}  // namespace

Http2Stream::Http2Stream(Http2Connection& connection, uint32_t id, wire::Http2Block& block,
                         bool ended)
    : Stream(connection.stream().reactor()),
      connection_(connection),
      id_(id),
      answer_(connection.session(), *this, connection.repeated_head()),
      has_body_(!ended),
      chunked_(!ended && !announces_length(block)) {
  block_.swap(block);
}

Address Http2Stream::peer() const {
  return connection_.stream().peer();
}
Address Http2Stream::local() const {
  return connection_.stream().local();
}

wire::HeadFault Http2Stream::begin(HttpExchange& exchange) {
  HttpServer& server = connection_.server();
  const Http2Connection::Client& client = connection_.client();
  exchange.shard_ = &server.shard();
  exchange.stream_ = this;
  exchange.input_ = &input_;
  exchange.settings_ = &server.settings();
  exchange.client_ = client.address;
  exchange.started_ = server.shard().now();
  exchange.deadline_ = after(exchange.started_, server.settings().request_timeout);
  exchange.secure_ = client.tls != nullptr;
  exchange.client_verified_ = client.verified;
  exchange.sent_bytes_ = 0;
  exchange.before_ = exchange.out_.mark();
  exchange.keep_alive_ = true;
  exchange.aborted_ = false;
  exchange.http2_ = true;
  exchange.body_.emplace(*this, input_);
  const wire::HeadFault fault = read_head(exchange.head);
  exchange.owes_continue_ = !fault && exchange.head.expect_continue;
  if (!fault) exchange.body_->begin(exchange.head.framing);
  if (has_received()) input_.add(take_received());
  answer_.begin(exchange.head.method);
  return fault;
}

// A connection's certificate stays, so that what it was for once it is for again.
wire::HeadFault Http2Stream::read_head(wire::RequestHead& head) {
  wire::Http2RepeatedRequest& repeated = connection_.repeated_request();
  const wire::HeadLimits& limits = connection_.server().head_limits();
  if (!has_body_ && repeated.recall(block_, limits, head)) return {};
  const wire::HeadFault fault = wire::read_http2_request(block_, !has_body_, limits, joined_, head);
  if (fault) return fault;
  const TlsStream* tls = connection_.client().tls;
  if (tls && !tls->answers_for(head.host.address()))
    return {421, "the certificate of this connection is not for this host"};
  if (!has_body_) repeated.keep(block_, limits, head);
  return {};
}

void Http2Stream::finish(HttpExchange& exchange) {
  handled_ = true;
  exchange.http2_ = false;
  // Whoever sent it has the connection's window back.
  if (!received_.empty()) connection_.session().consume(*this, received_.size());
  received_.release();
  if (closed()) return;
  if (exchange.aborted_ || !answer_.finish()) {
    connection_.server().metrics().aborted.add();
    connection_.session().reset(*this, wire::Http2Error::internal_error);
  } else if (deferred_) {
    connection_.session().resume(*this);
  }
  connection_.wake_writer();
}

void Http2Stream::mark() {
  connection_.mark(*this);
}

// --- the request's body ---

void Http2Stream::on_data(std::string_view bytes) {
  if (handled_ || lost_) return connection_.session().consume(*this, bytes.size());
  received_.append(bytes);
  mark();
}

void Http2Stream::on_end(const wire::Http2Block& trailers) {
  complete_ = true;
  if (!chunked_ || handled_ || lost_) return;
  std::array<wire::Field, 32> storage;
  wire::Fields fields(storage);
  for (size_t i = 0; i < trailers.count(); ++i)
    (void)fields.push(trailers.name(i), trailers.value(i));
  wire::append_last_chunk(ending_, fields);
  mark();
}

// What was received, in one chunk; the client may send as much again.
runtime::Chunk Http2Stream::take_received() {
  const size_t bytes = received_.size();
  Buffer framed;
  if (chunked_) {
    if (bytes > 0) {
      wire::append_chunk_head(framed, bytes);
      framed.append(received_.view());
      framed.append("\r\n");
    }
    framed.append(ending_.view());
    ending_.release();
  }
  runtime::Chunk chunk = runtime::Chunk::copy_of(chunked_ ? framed.view() : received_.view());
  received_.clear();
  if (bytes > 0) {
    connection_.session().consume(*this, bytes);
    connection_.wake_writer();
  }
  return chunk;
}

void Http2Stream::want_input() {
  if (has_received() || closed()) mark();
}

void Http2Stream::deliver() {
  if (receiver_waits() && has_received()) return on_received(take_received());
  // Whoever does not wait for bytes may want to know all the same (net/client_watch.h).
  if (closed() && !handled_ && (receiver_waits() || !answer_.whole()))
    on_ended(fail(ErrorCode::reset, "the client took the request back"));
}

// --- the answer ---

std::optional<Result<>> Http2Stream::start_send(std::span<iovec> parts, size_t) {
  if (closed()) return fail(ErrorCode::reset, "the client does not want the answer");
  if (!answer_.take(parts)) return fail(ErrorCode::invalid, "the answer is no HTTP message");
  if (std::exchange(deferred_, false)) connection_.session().resume(*this);
  connection_.wake_writer();
  if (parts.empty()) return Result<>{};
  unsent_ = parts;
  sending_ = true;
  send_failed_ = false;
  return std::nullopt;
}

size_t Http2Stream::body_ready() {
  deferred_ = answer_.pending() == 0 && !answer_.whole();
  return answer_.pending();
}

void Http2Stream::take_body(size_t bytes, Buffer& out) {
  moved_ = true;
  answer_.move_to(out, bytes);
  if (!sending_ || send_failed_) return;
  send_failed_ = !answer_.take(unsent_);
  if (unsent_.empty() || send_failed_) mark();
}

void Http2Stream::abort_send() {
  send_failed_ = true;
  mark();
}

void Http2Stream::end_send() {
  const bool whole = unsent_.empty() && !send_failed_;
  if (!sending_ || !(whole || send_failed_ || closed())) return;
  sending_ = false;
  unsent_ = {};
  on_sent(whole ? Result<>{} : fail(ErrorCode::reset, "the client does not want the answer"), 0);
}

bool Http2Stream::stands_still() {
  const bool waits = answer_.pending() > 0 && !std::exchange(moved_, false);
  return handled_ && !closed() && waits;
}

// --- its end ---

void Http2Stream::on_closed(wire::Http2Error) {
  closed_ = true;
  mark();
}

void Http2Stream::lose() {
  lost_ = true;
  mark();
}

void Http2Stream::give_memory(Memory& memory) {
  block_.clear();
  memory.block.swap(block_);
  answer_.swap_memory(memory.answer);
}

void Http2Stream::settle() {
  end_send();
  deliver();
}

}  // namespace weir::net
