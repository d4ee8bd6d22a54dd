#include "otlp/http_transport.h"

#include <array>

#include "wire/http1_write.h"

namespace weir::otlp {

using runtime::Task;
using runtime::Wait;

HttpTransport::HttpTransport(runtime::Shard& shard, TransportParts parts, const RequestHead& head)
    : shard_(shard), client_(shard, std::move(parts.receiver), parts.resolver, parts.recorder) {
  wire::append_request_line(head_, "POST", head.target);
  wire::append_field(head_, "Host", client_.authority());
  wire::append_field(head_, "User-Agent", head.user_agent);
  wire::append_field(head_, "Content-Type", std::string_view("application/x-protobuf"));
  for (const auto& [name, value] : head.headers)
    wire::append_field(head_, name, std::string_view(value));
}

Task<Result<Reply>> HttpTransport::post(Message message, Wait wait) {
  for (bool again = true;; again = false) {
    Result<std::unique_ptr<net::OriginExchange>> exchange = co_await client_.open(wait);
    if (!exchange) co_return std::unexpected(exchange.error());
    Result<Reply> reply = co_await ask(**exchange, message, wait);
    // The receiver has closed a connection that nobody used: no reason to wait.
    const bool idle_ended =
        !reply && (*exchange)->reused() && !(*exchange)->response_started() &&
        (reply.error().code == ErrorCode::closed || reply.error().code == ErrorCode::reset);
    if (!idle_ended || !again) co_return reply;
  }
}

Task<Result<Reply>> HttpTransport::ask(net::OriginExchange& exchange, Message message, Wait wait) {
  Buffer rest;
  if (message.gzip) wire::append_field(rest, "Content-Encoding", std::string_view("gzip"));
  wire::append_content_length(rest, message.body.size());
  wire::end_head(rest);
  std::array<iovec, 3> parts{runtime::part(head_.view()), runtime::part(rest.view()),
                             runtime::part(message.body)};
  const Result<> sent = co_await exchange.send(parts, wait);
  if (sent) exchange.request_complete();
  // An answer may be there although not all was sent: 413, for instance.
  Result<Reply> reply = co_await receive(exchange, wait);
  if (!reply && !sent) co_return std::unexpected(sent.error());
  co_return reply;
}

Task<Result<Reply>> HttpTransport::receive(net::OriginExchange& exchange, Wait wait) {
  Result<wire::ResponseHead*> head =
      co_await exchange.receive_head(wire::RequestMethod::post, wait);
  while (head && (*head)->interim)
    head = co_await exchange.receive_head(wire::RequestMethod::post, wait);
  if (!head) co_return std::unexpected(head.error());
  Reply reply;
  reply.disposition = disposition_of((*head)->status);
  reply.status = std::to_string((*head)->status);
  reply.retry_after = parse_retry_after((*head)->fields.value(wire::KnownField::retry_after),
                                        shard_.reactor().wall_now());
  const Result<> read = co_await read_body(exchange, reply.body, wait);
  reply.why = parse_error_message(reply.body);
  // The status has said what became of the request.
  if (!read) co_return reply;
  exchange.finish();
  co_return reply;
}

Task<Result<>> HttpTransport::read_body(net::OriginExchange& exchange, std::string& body,
                                        Wait wait) {
  while (!exchange.body().done()) {
    Result<std::string_view> piece = co_await exchange.read(wait);
    if (!piece) co_return std::unexpected(piece.error());
    if (body.size() + piece->size() > reply_bytes_max)
      co_return fail(ErrorCode::limit, "the receiver's answer is too long");
    body += *piece;
  }
  co_return Result<>{};
}

}  // namespace weir::otlp
