#include "otlp/grpc_transport.h"

namespace weir::otlp {
namespace {

using runtime::Task;
using wire::GrpcCode;

// As names of fields have to be in HTTP/2.
settings::TextMap in_lower_case(settings::TextMap headers) {
  for (auto& [name, value] : headers)
    for (char& c : name)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return headers;
}

net::GrpcOptions options_of(const RequestHead& head) {
  net::GrpcOptions options;
  options.user_agent = head.user_agent;
  options.calls_max = 1;
  return options;
}

// What was wrong with an answer that came: the receiver has seen the request, and it would only see
// it again.
std::optional<GrpcCode> code_of_broken_answer(ErrorCode error) {
  if (error == ErrorCode::limit) return GrpcCode::resource_exhausted;
  if (error == ErrorCode::invalid) return GrpcCode::internal;
  return std::nullopt;
}

}  // namespace

GrpcTransport::GrpcTransport(runtime::Shard& shard, TransportParts parts, const RequestHead& head)
    : path_(head.target),
      headers_(in_lower_case(head.headers)),
      channel_(shard, std::move(parts.receiver), parts.resolver, parts.recorder, options_of(head)) {
  for (const auto& [name, value] : headers_)
    metadata_.push_back({name, value});
}

Task<Result<Reply>> GrpcTransport::post(Message message, runtime::Wait wait) {
  const net::GrpcCall call{
      .path = path_, .message = message.body, .gzip = message.gzip, .metadata = metadata_};
  Result<net::GrpcReply> answer = co_await channel_.call(call, wait);
  if (!answer) {
    const auto code = code_of_broken_answer(answer.error().code);
    if (!code) co_return std::unexpected(answer.error());
    answer = net::GrpcReply{.code = *code, .message = answer.error().text};
  }
  const auto retry_after = parse_retry_info(answer->details);
  co_return Reply{.disposition = disposition_of(answer->code, retry_after.has_value()),
                  .status = std::string(wire::to_string(answer->code)),
                  .retry_after = retry_after,
                  .body = std::move(answer->response),
                  .why = std::move(answer->message)};
}

}  // namespace weir::otlp
