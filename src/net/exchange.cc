#include "net/exchange.h"

#include "net/bounded_wait.h"
#include "net/http_exchange.h"

namespace weir::net {

using runtime::Task;
using runtime::Wait;

OriginExchange::OriginExchange(OriginPool::Lease lease, Admission admission, OriginShare& share)
    : lease_(std::move(lease)),
      breaker_(share.breaker()),
      settings_(share.settings()),
      body_(lease_.stream(), lease_.input()),
      head_(lease_.connection().fields),
      admission_(admission),
      waits_since_(now()) {}

OriginExchange::~OriginExchange() {
  lease_.connection().forget_head();
  lease_.input().unpin();
  breaker_.finish(admission_, outcome_, now());
}

Task<Result<>> OriginExchange::send(std::span<iovec> parts, Wait wait) {
  WEIR_ASSERT(!sending_ && !request_complete_);
  for (const iovec& piece : parts)
    bytes_sent_ += piece.iov_len;
  sending_ = true;
  const Result<> sent =
      co_await lease_.stream().send(parts, bounded(wait, now(), at_most(settings_.body_timeout)));
  // A failed send leaves `sending_` set: the connection cannot serve again.
  sending_ = !sent;
  waits_since_ = now();
  if (!sent && !final_head_) co_return give_up(sent.error(), wait.until);
  co_return sent;
}

void OriginExchange::request_complete() {
  WEIR_ASSERT(!sending_);
  request_complete_ = true;
  waits_since_ = now();
}

Task<Result<wire::ResponseHead*>> OriginExchange::receive_head(wire::RequestMethod method,
                                                               Wait wait) {
  WEIR_ASSERT(!final_head_);
  InputBuffer& input = lease_.input();
  input.unpin();
  scanned_ = 0;
  const wire::HeadLimits limits{.line_bytes_max = settings_.head_bytes_max,
                                .head_bytes_max = settings_.head_bytes_max,
                                .field_bytes_max = settings_.head_bytes_max};
  if (input.empty()) WEIR_CO_CHECK(co_await receive_more(wait));
  for (;;) {
    const wire::HeadResult parsed =
        wire::parse_response_head(input.unread(), scanned_, limits, method, head_);
    if (parsed.complete()) co_return accept_head(parsed.bytes);
    if (parsed.malformed()) {
      bad_head_ = parsed.reason;
      co_return give_up({ErrorCode::invalid, parsed.reason});
    }
    scanned_ = parsed.bytes;
    WEIR_CO_CHECK(co_await receive_more(wait));
  }
}

Task<Result<>> OriginExchange::receive_more(Wait wait) {
  runtime::Stream& stream = lease_.stream();
  const Duration most = at_most(settings_.response_timeout);
  for (;;) {
    const Wait limit = bounded(wait, waits_since_, most);
    // While the request is still being sent, the origin owes nothing; `waits_since_` moves on.
    Result<runtime::Chunk> chunk =
        co_await stream.recv(request_complete_ ? limit : bounded(wait, now(), most));
    if (chunk && !chunk->empty()) {
      response_started_ = true;
      lease_.input().add(*std::move(chunk));
      co_return Result<>{};
    }
    if (chunk) {
      const char* text = lease_.input().empty() ? "the origin closed instead of answering"
                                                : "the origin closed inside the head";
      co_return give_up({ErrorCode::closed, text});
    }
    if (chunk.error().code == ErrorCode::timed_out && now() < wait.until &&
        (!request_complete_ || now() < after(waits_since_, most)))
      continue;
    if (chunk.error().code == ErrorCode::timed_out && now() < wait.until)
      co_return give_up({ErrorCode::timed_out, "the origin did not answer in time"});
    co_return give_up(chunk.error(), wait.until);
  }
}

Result<wire::ResponseHead*> OriginExchange::accept_head(size_t bytes) {
  InputBuffer& input = lease_.input();
  input.pin();
  input.consume(bytes);
  waits_since_ = now();
  head_.http2 = lease_.http2();
  if (head_.interim) {
    if (++interims_ > interim_max)
      return give_up({ErrorCode::limit, "the origin sends too many interim answers"});
    return &head_;
  }
  final_head_ = true;
  const bool gateway_failed = head_.status >= 502 && head_.status <= 504;
  outcome_ = gateway_failed ? OriginOutcome::failure : OriginOutcome::success;
  body_.begin(head_.framing);
  return &head_;
}

Task<Result<std::string_view>> OriginExchange::read(Wait wait) {
  Result<std::string_view> piece =
      co_await body_.read(bounded(wait, now(), at_most(settings_.body_timeout)));
  if (!piece) (void)give_up(piece.error(), wait.until);
  co_return piece;
}

Task<std::optional<runtime::Relayed>> OriginExchange::relay_body(HttpExchange& client,
                                                                 std::string_view piece,
                                                                 Wait wait) {
  WEIR_ASSERT(lease_.input().unread().size() == piece.size());
  if (!request_complete_) co_return std::nullopt;
  const runtime::RelayEnd from{lease_.stream(), wait, settings_.body_timeout, piece.size()};
  std::optional<runtime::Relayed> relayed = co_await client.relay(piece, from, body_.left());
  if (!relayed) co_return relayed;
  body_.skip(relayed->bytes);
  if (!relayed->source) (void)give_up(relayed->source.error(), wait.until);
  co_return relayed;
}

std::unexpected<Error> OriginExchange::give_up(Error error, MonoTime until) {
  // A caller that leaves says nothing about the origin, nor does the end of an idle connection, nor
  // that it has not looked at a request, or wants it over HTTP/1.1; nor what comes when the
  // caller's time is up, such as the end of a call that its service cancels then.
  const bool idle_ended = lease_.reused() && !response_started_ &&
                          (error.code == ErrorCode::closed || error.code == ErrorCode::reset);
  const bool unseen = error.code == ErrorCode::refused || error.code == ErrorCode::unsupported;
  if (error.code != ErrorCode::cancelled && !idle_ended && !unseen && now() < until)
    outcome_ = OriginOutcome::failure;
  return std::unexpected(error);
}

void OriginExchange::finish() {
  if (!final_head_ || !body_.done() || !head_.keep_alive || head_.status == 101) return;
  if (!request_complete_ || sending_) return;
  body_.release_piece();
  if (lease_.input().empty() && lease_.stream().quiet()) lease_.mark_reusable();
}

runtime::Stream& OriginExchange::tunnel_stream() {
  WEIR_ASSERT(final_head_ && head_.status == 101);
  return lease_.stream();
}

FailedAttempt OriginExchange::failed(Error error) const {
  return {.error = error.code,
          .connected = true,
          .reused = lease_.reused(),
          .response_started = response_started_};
}

}  // namespace weir::net
