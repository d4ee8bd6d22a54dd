#include "net/tls_acceptor.h"

#include "base/units.h"

namespace weir::net {

using runtime::Task;

namespace {

// A connection whose handshake is on its way when the drain begins is not turned away.
constexpr Duration first_bytes_grace = seconds(1);
// How long, and for how much, we listen on after a refusal, so that it is not lost to a RST.
constexpr Duration linger_time = seconds(1);
constexpr uint64_t linger_bytes_max = 64 * KiB;

constexpr std::string_view plain_http_answer =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 35\r\n"
    "Connection: close\r\n\r\nthis port speaks TLS: use https://\n";

// A TLS record begins with its type, which is no letter.
bool looks_like_http(std::string_view bytes) {
  return !bytes.empty() && bytes[0] >= 'A' && bytes[0] <= 'Z';
}

// Says that no more comes, and lets the peer read it.
Task<> end_politely(runtime::Stream& raw, runtime::Wait wait) {
  raw.shutdown_send();
  uint64_t dropped = 0;
  while (dropped < linger_bytes_max) {
    Result<runtime::Chunk> chunk = co_await raw.recv(wait);
    if (!chunk || chunk->empty()) co_return;
    dropped += chunk->size();
  }
}

}  // namespace

Task<TlsAcceptor::TlsStreamPtr> TlsAcceptor::accept(runtime::StreamPtr raw, InputBuffer& early) {
  const TlsServerSettings& settings = context_->settings();
  if (under_way_.fetch_add(1, std::memory_order_relaxed) >= settings.handshakes_max) {
    under_way_.fetch_sub(1, std::memory_order_relaxed);
    metrics_.over_limit.add();
    raw->abort_on_close();
    co_return nullptr;
  }
  TlsStreamPtr stream;
  Result<SslPtr> ssl = context_->connection();
  if (ssl)
    stream = co_await shake_hands(std::move(raw), early, *std::move(ssl),
                                  after(shard_.now(), settings.handshake_timeout));
  else
    metrics_.failed.add();
  under_way_.fetch_sub(1, std::memory_order_relaxed);
  co_return stream;
}

Task<TlsAcceptor::TlsStreamPtr> TlsAcceptor::shake_hands(runtime::StreamPtr raw, InputBuffer& early,
                                                         SslPtr ssl, MonoTime until) {
  if (const Result<> first = co_await receive_first(*raw, early, until); !first) {
    const bool late = first.error().code == ErrorCode::timed_out;
    (late ? metrics_.timed_out : metrics_.left).add();
    co_return nullptr;
  }
  const MonoTime begin = shard_.now();
  if (looks_like_http(early.unread())) {
    metrics_.plain_http.add();
    co_await refuse_plain_http(*raw);
    co_return nullptr;
  }
  TlsStreamPtr stream(new TlsStream(std::move(raw), std::move(ssl)));
  stream->feed(runtime::Chunk::copy_of(early.unread()));
  early.consume(early.unread().size());
  const Result<> done = co_await stream->handshake({until, &shard_.closing()}, &turns_);
  if (done) {
    metrics_.duration.record(shard_.now() - begin);
    (stream->resumed() ? metrics_.resumed : metrics_.full).add();
    co_return stream;
  }
  count_failure(*stream, done.error());
  if (done.error().code == ErrorCode::tls)
    co_await end_politely(stream->raw(), {after(shard_.now(), linger_time), &shard_.closing()});
  co_return nullptr;
}

Task<Result<>> TlsAcceptor::receive_first(runtime::Stream& raw, InputBuffer& early,
                                          MonoTime until) {
  if (!early.empty()) co_return Result<>{};
  Result<runtime::Chunk> chunk = co_await raw.recv({until, &shard_.draining()});
  if (!chunk && chunk.error().code == ErrorCode::cancelled)
    chunk = co_await raw.recv({after(shard_.now(), first_bytes_grace), &shard_.closing()});
  if (!chunk) co_return std::unexpected(chunk.error());
  if (chunk->empty()) co_return fail(ErrorCode::closed, "the client said nothing");
  early.add(*std::move(chunk));
  co_return Result<>{};
}

Task<> TlsAcceptor::refuse_plain_http(runtime::Stream& raw) {
  const runtime::Wait wait{after(shard_.now(), linger_time), &shard_.closing()};
  iovec part = runtime::part(plain_http_answer);
  if (co_await raw.send(std::span(&part, 1), wait)) co_await end_politely(raw, wait);
}

void TlsAcceptor::count_failure(const TlsStream& stream, Error error) {
  switch (error.code) {
    case ErrorCode::timed_out:
      return metrics_.timed_out.add();
    case ErrorCode::tls:
      return (stream.refused_peer() ? metrics_.no_certificate : metrics_.failed).add();
    default:
      return metrics_.left.add();
  }
}

}  // namespace weir::net
