#include "net/http_connection.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cstring>

#include "base/units.h"
#include "net/http2_connection.h"
#include "net/http_server.h"
#include "net/tls_stream.h"
#include "wire/proxy_protocol.h"

namespace weir::net {
namespace {

// Answers wait for each other up to this much, then they are sent.
constexpr size_t batch_bytes_max = 64 * KiB;
// What we read and drop of a body that nobody wants, to keep the connection.
constexpr uint64_t skipped_bytes_max = 64 * KiB;
// How long, and for how much, a closing connection listens on, so that our last answer is not lost
// to a RST (RFC 9112 9.6).
constexpr Duration linger_time = seconds(1);
constexpr uint64_t linger_bytes_max = 256 * KiB;
constexpr size_t proxy_header_bytes_max = 4 * KiB;
// A connection that is new, or was in use a moment ago, when the drain begins is not turned away:
// its next request may be on its way. It is answered, and told that the connection ends.
constexpr Duration next_request_grace = seconds(1);
// When a connection first looks where its packets arrive; then after twice as many batches each
// time, so that one whose packets come from everywhere does not spend its life on the road.
constexpr uint32_t first_look_batches = 16;

Address address_of(const wire::ProxyHeader& header) {
  if (header.kind == wire::ProxyHeader::Kind::tcp4) {
    uint32_t ip;
    std::memcpy(&ip, header.source.address.data(), sizeof ip);
    return Address::v4(ntohl(ip), header.source.port);
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(header.source.port);
  std::memcpy(&v6.sin6_addr, header.source.address.data(), 16);
  return {reinterpret_cast<const sockaddr*>(&v6), sizeof v6};
}

}  // namespace

HttpConnection::HttpConnection(HttpServer& server, runtime::StreamPtr stream,
                               const ArrivingConnection& arriving)
    : server_(server),
      shard_(server.shard()),
      stream_(std::move(stream)),
      client_(arriving.served ? arriving.client : stream_->peer()),
      first_byte_(shard_.now()),
      next_look_(first_look_batches),
      served_(arriving.served),
      tls_(arriving.tls && server.tls().enabled()) {}

runtime::Task<> HttpConnection::run() {
  if (!served_ && server_.expects_proxy_header(client_) && !co_await read_proxy_header()) co_return;
  if (tls_ && !co_await accept_tls()) co_return;
  if (secure_ && secure_->protocol() == "h2") co_return co_await serve_http2();
  Next next = Next::idle;
  for (bool fresh = !served_; next == Next::idle; fresh = false) {
    if (input_.empty()) {
      const runtime::Wait wait{after(shard_.now(), server_.settings().idle_timeout),
                               &shard_.draining()};
      Result<runtime::Chunk> chunk = co_await stream_->recv(wait);
      const bool in_use = fresh || shard_.now() - first_byte_ < next_request_grace;
      if (!chunk && in_use && chunk.error().code == ErrorCode::cancelled)
        chunk =
            co_await stream_->recv({after(shard_.now(), next_request_grace), &shard_.closing()});
      if (!chunk || chunk->empty()) co_return;
      input_.add(*std::move(chunk));
    }
    if (fresh && input_.unread().front() == 'P' && co_await begins_http2())
      co_return co_await serve_http2();
    first_byte_ = shard_.now();
    HttpExchange& exchange = server_.take_exchange();
    next = co_await serve_batch(exchange);
    server_.give_back(exchange);
    if (next == Next::idle && ++batches_ == next_look_ && co_await follow_packets()) co_return;
  }
  co_await end(next);
}

runtime::Task<bool> HttpConnection::follow_packets() {
  next_look_ = 2 * batches_;
  if (secure_ || !input_.empty()) co_return false;
  const size_t target = shard_.better_place_for(stream_->core_of_packets());
  if (target == shard_.index()) co_return false;
  const int fd = co_await stream_->detach();
  if (fd < 0) co_return false;
  server_.move(fd, client_, target);
  co_return true;
}

void HttpConnection::begin(HttpExchange& exchange) {
  exchange.shard_ = &shard_;
  exchange.stream_ = stream_.get();
  exchange.input_ = &input_;
  exchange.settings_ = &server_.settings();
  exchange.client_ = client_;
  exchange.started_ = first_byte_;
  exchange.deadline_ = after(first_byte_, server_.settings().request_timeout);
  exchange.secure_ = secure_ != nullptr;
  exchange.client_verified_ = client_verified_;
  exchange.sent_bytes_ = 0;
  exchange.before_ = exchange.out_.mark();
  exchange.keep_alive_ = true;
  exchange.aborted_ = false;
  exchange.owes_continue_ = false;
  exchange.body_.emplace(*stream_, input_);
}

runtime::Task<HttpConnection::Next> HttpConnection::serve_batch(HttpExchange& exchange) {
  size_t scanned = 0;
  Next next = Next::idle;
  while (next == Next::idle) {
    begin(exchange);
    const wire::HeadResult head =
        wire::parse_request_head(input_.unread(), scanned, server_.head_limits(), exchange.head);
    if (head.malformed()) {
      next = reject(exchange, head.http_status, head.reason);
    } else if (head.incomplete()) {
      scanned = head.bytes;
      if (co_await receive_head(exchange, next)) continue;
    } else {
      scanned = 0;
      begin_request(exchange, head.bytes);
      co_await server_.handler().handle(exchange);
      if (leaves_body(exchange) && !co_await skip_body(exchange)) exchange.close_after();
      next = end_request(exchange);
      first_byte_ = shard_.now();
      if (next == Next::idle && !input_.empty() && exchange.out_.size() < batch_bytes_max) continue;
    }
    // Not flush(): a coroutine more for each request.
    if (const std::span<iovec> answers = exchange.gather({});
        next != Next::reset && !answers.empty())
      if (!exchange.settle(co_await stream_->send(answers, exchange.write_limit())))
        next = Next::reset;
    if (input_.empty()) break;
  }
  co_return next;
}

void HttpConnection::begin_request(HttpExchange& exchange, size_t head_bytes) {
  input_.pin();
  input_.consume(head_bytes);
  exchange.keep_alive_ = exchange.head.keep_alive;
  exchange.owes_continue_ = exchange.head.expect_continue;
  exchange.body_->begin(exchange.head.framing);
}

bool HttpConnection::leaves_body(const HttpExchange& exchange) {
  return !exchange.aborted_ && exchange.keep_alive_ && !exchange.body_->done();
}

HttpConnection::Next HttpConnection::end_request(HttpExchange& exchange) {
  exchange.body_->release_piece();
  input_.unpin();
  if (exchange.aborted_) {
    server_.metrics().aborted.add();
    return Next::reset;
  }
  if (exchange.keep_alive_) return Next::idle;
  return exchange.body_->done() && input_.empty() ? Next::close : Next::linger;
}

runtime::Task<bool> HttpConnection::receive_head(HttpExchange& exchange, Next& next) {
  if (!exchange.out_.empty() && !co_await exchange.flush()) {
    next = Next::reset;
    co_return false;
  }
  const runtime::Wait wait{after(first_byte_, server_.settings().head_timeout), &shard_.closing()};
  Result<runtime::Chunk> chunk = co_await stream_->recv(wait);
  if (chunk && !chunk->empty()) {
    input_.add(*std::move(chunk));
    co_return true;
  }
  if (!chunk && chunk.error().code == ErrorCode::timed_out) {
    server_.metrics().head_timeout.add();
    next = reject(exchange, 408, "the request's head did not come in time");
  } else {
    next = Next::close;
  }
  co_return false;
}

HttpConnection::Next HttpConnection::reject(HttpExchange& exchange, uint16_t status,
                                            const char* reason) {
  if (status != 408) server_.metrics().malformed.add();
  exchange.close_after();
  exchange.head.fields.clear();
  exchange.head.method = wire::RequestMethod::other;
  exchange.head.minor_version = 1;
  server_.handler().reject(exchange, status, reason);
  return Next::linger;
}

runtime::Task<bool> HttpConnection::skip_body(HttpExchange& exchange) {
  // A client that waits for "100 Continue" may or may not send its body now: nobody can tell what
  // comes next.
  if (exchange.owes_continue_) co_return false;
  const BodyReader& body = *exchange.body_;
  if (body.framing().kind == wire::BodyFraming::Kind::content_length &&
      body.framing().length - body.bytes() > skipped_bytes_max)
    co_return false;
  const uint64_t before = body.bytes();
  while (!body.done()) {
    Result<std::string_view> piece = exchange.body_->read_ready();
    if (piece && piece->empty() && !body.done()) {
      // The rest may come only after our answer, or not at all.
      if (!exchange.out_.empty() && !co_await exchange.flush()) co_return false;
      piece = co_await exchange.read_body();
    }
    if (!piece || body.bytes() - before > skipped_bytes_max) co_return false;
  }
  co_return true;
}

runtime::Task<bool> HttpConnection::read_proxy_header() {
  const runtime::Wait wait{after(shard_.now(), server_.settings().head_timeout), &shard_.closing()};
  for (;;) {
    wire::ProxyHeader header;
    const wire::ProxyResult result =
        wire::parse_proxy_header(input_.unread(), proxy_header_bytes_max, header);
    if (result.status == wire::ProxyResult::Status::complete) {
      input_.consume(result.consumed);
      if (header.kind != wire::ProxyHeader::Kind::none) client_ = address_of(header);
      co_return true;
    }
    if (result.status == wire::ProxyResult::Status::malformed) break;
    Result<runtime::Chunk> chunk = co_await stream_->recv(wait);
    if (!chunk || chunk->empty()) break;
    input_.add(*std::move(chunk));
  }
  server_.metrics().bad_proxy_header.add();
  stream_->abort_on_close();
  co_return false;
}

runtime::Task<bool> HttpConnection::accept_tls() {
  auto stream = co_await server_.tls().accept(std::move(stream_), input_);
  if (!stream) co_return false;
  secure_ = stream.get();
  client_verified_ = stream->peer_verified();
  stream_ = std::move(stream);
  co_return true;
}

runtime::Task<bool> HttpConnection::begins_http2() {
  if (secure_ || !server_.settings().http2.enabled) co_return false;
  const runtime::Wait wait{after(shard_.now(), server_.settings().head_timeout), &shard_.closing()};
  while (input_.unread().size() < wire::http2_preface.size()) {
    if (!wire::http2_preface.starts_with(input_.unread())) co_return false;
    Result<runtime::Chunk> chunk = co_await stream_->recv(wait);
    if (!chunk || chunk->empty()) co_return false;
    input_.add(*std::move(chunk));
  }
  co_return input_.unread().starts_with(wire::http2_preface);
}

runtime::Task<> HttpConnection::serve_http2() {
  Next next = Next::close;
  {
    Http2Connection http2(server_, *stream_, input_, {client_, secure_, client_verified_});
    if (co_await http2.run()) next = Next::linger;
  }
  co_await end(next);
}

runtime::Task<> HttpConnection::end(Next how) {
  if (how == Next::reset) stream_->abort_on_close();
  if (how != Next::linger) co_return;
  stream_->shutdown_send();
  const runtime::Wait wait{after(shard_.now(), linger_time), &shard_.closing()};
  uint64_t dropped = 0;
  while (dropped < linger_bytes_max) {
    Result<runtime::Chunk> chunk = co_await stream_->recv(wait);
    if (!chunk || chunk->empty()) co_return;
    dropped += chunk->size();
  }
}

}  // namespace weir::net
