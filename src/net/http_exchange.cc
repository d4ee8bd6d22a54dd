#include "net/http_exchange.h"

#include <algorithm>

#include "wire/http1_write.h"

namespace weir::net {

runtime::Wait HttpExchange::wait_at_most(Duration limit) const {
  return {std::min(deadline_, after(shard_->now(), limit)), &shard_->closing()};
}

runtime::Task<Result<>> HttpExchange::invite_body() {
  if (!owes_continue_) co_return Result<>{};
  owes_continue_ = false;
  if (!input_->empty() || body_->done()) co_return Result<>{};
  co_return co_await send_continue();
}

runtime::Task<Result<>> HttpExchange::probe_client() {
  WEIR_ASSERT(retractable());
  co_return co_await send_continue();
}

runtime::Task<Result<>> HttpExchange::send_continue() {
  out().append("HTTP/1.1 100 Continue\r\n\r\n");
  Result<> sent = co_await flush();
  // What has left is no part of the answer, which may still be retracted.
  sent_bytes_ = 0;
  co_return sent;
}

runtime::Task<Result<std::string_view>> HttpExchange::read_body(runtime::Cancel* cancel) {
  WEIR_CO_CHECK(co_await invite_body());
  runtime::Wait wait = wait_at_most(settings_->body_timeout);
  if (cancel) wait.cancel = cancel;
  co_return co_await body_->read(wait);
}

runtime::Task<Result<std::string_view>> HttpExchange::await_body(runtime::Cancel* cancel) {
  WEIR_CO_CHECK(co_await invite_body());
  co_return co_await body_->read({deadline_, cancel});
}

std::span<iovec> HttpExchange::gather(std::span<const std::string_view> parts) {
  WEIR_ASSERT(parts.size() <= parts_max);
  size_t count = out_.pieces(std::span(pieces_).first<OutQueue::pieces_max>());
  gathered_bytes_ = out_.size();
  for (const std::string_view piece : parts) {
    if (piece.empty()) continue;
    pieces_[count++] = runtime::part(piece);
    gathered_bytes_ += piece.size();
  }
  return std::span(pieces_).first(count);
}

bool HttpExchange::settle(const Result<>& sent) {
  if (!sent) abort();
  sent_bytes_ += gathered_bytes_ - before_.size();
  before_ = {};
  out_.clear();
  return sent.has_value();
}

runtime::Task<Result<>> HttpExchange::send(std::span<const std::string_view> parts) {
  const std::span<iovec> pieces = gather(parts);
  if (pieces.empty()) co_return Result<>{};
  Result<> sent = co_await stream_->send(pieces, write_limit());
  settle(sent);
  co_return sent;
}

runtime::Task<std::optional<runtime::Relayed>> HttpExchange::relay(std::string_view piece,
                                                                   runtime::RelayEnd from,
                                                                   uint64_t bytes) {
  const runtime::RelayEnd to{*stream_, {deadline_, &shard_->closing()}, settings_->write_timeout};
  const std::span<iovec> first = gather(std::span(&piece, 1));
  std::optional<runtime::Relayed> relayed = co_await runtime::relay(from, to, first, bytes);
  if (!relayed) co_return relayed;
  settle(relayed->target);
  sent_bytes_ += relayed->bytes;
  co_return relayed;
}

void HttpExchange::append_connection_field() {
  if (!keep_alive()) {
    keep_alive_ = false;
    out().append("Connection: close\r\n");
  } else if (head.minor_version == 0) {
    out().append("Connection: keep-alive\r\n");
  }
}

}  // namespace weir::net
