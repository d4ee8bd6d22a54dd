#include "net/grpc_server.h"

#include "wire/http1_chunked.h"
#include "wire/http1_write.h"

namespace weir::net {

using runtime::Task;
using wire::GrpcCode;

// --- one call ---

Task<Result<std::optional<std::string_view>>> GrpcExchange::read() {
  for (;;) {
    WEIR_CO_TRY(const auto message, reader_.next());
    if (message) co_return message;
    if (http_.body().done()) break;
    WEIR_CO_TRY(const std::string_view piece, co_await http_.read_body());
    reader_.add(piece);
  }
  if (!reader_.empty()) co_return fail(ErrorCode::invalid, "the last message is torn");
  co_return std::nullopt;
}

Task<Result<std::string>> GrpcExchange::read_only() {
  WEIR_CO_TRY(const auto first, co_await read());
  if (!first) co_return fail(ErrorCode::invalid, "a unary call without a message");
  std::string message(*first);
  WEIR_CO_TRY(const auto second, co_await read());
  if (second) co_return fail(ErrorCode::invalid, "a unary call with two messages");
  co_return message;
}

Task<Result<>> GrpcExchange::write(std::string_view message, Packing packing) {
  append_head();
  Buffer& out = http_.out();
  const bool packed = packs(message, packing);
  if (packed) {
    packer_->begin();
    packer_->add(message);
    message = packer_->end();
  }
  wire::append_chunk_head(out, wire::GrpcMessages::head_bytes + message.size());
  wire::append_grpc_head(out, packed, message.size());
  // What is packed lies where the next one will.
  if (packed) {
    out.append(message);
    out.append("\r\n");
    co_return co_await http_.flush();
  }
  const std::array<std::string_view, 2> parts{message, "\r\n"};
  co_return co_await http_.send(parts);
}

void GrpcExchange::add_head_field(std::string_view name, std::string_view value) {
  wire::append_field(head_fields_, name, value);
}

void GrpcExchange::add_trailer(std::string name, std::string value) {
  WEIR_ASSERT(trailers_.size() < GrpcServer::trailers_max);
  trailers_.emplace_back(std::move(name), std::move(value));
}

// False: it is one that we do not know.
bool GrpcExchange::accept_encoding() {
  const wire::Field* encoding = http_.head.fields.find("grpc-encoding");
  const bool gzip = encoding && encoding->value == "gzip";
  if (gzip) reader_.expect_gzip();
  const wire::Field* accepted = http_.head.fields.find("grpc-accept-encoding");
  wire::ListElements taken(accepted ? accepted->value : std::string_view());
  for (std::string_view each; packer_ && taken.next(each);)
    packs_ |= each == "gzip";
  return !encoding || gzip || encoding->value == "identity";
}

void GrpcExchange::append_head() {
  if (std::exchange(head_sent_, true)) return;
  Buffer& out = http_.out();
  wire::append_status_line(out, 200);
  wire::append_field(out, "content-type", std::string_view("application/grpc"));
  wire::append_field(out, "grpc-accept-encoding", std::string_view("gzip"));
  if (packs_) wire::append_field(out, "grpc-encoding", std::string_view("gzip"));
  out.append(head_fields_.view());
  wire::append_field(out, "Transfer-Encoding", std::string_view("chunked"));
  wire::end_head(out);
}

void GrpcExchange::append_status(const GrpcStatus& status) {
  append_head();
  std::array<wire::Field, GrpcServer::trailers_max + 3> storage;
  wire::Fields fields{std::span<wire::Field>(storage)};
  const std::string code = std::to_string(static_cast<int>(status.code));
  Buffer message, details;
  wire::append_grpc_message(message, status.message);
  wire::append_grpc_binary(details, status.details);
  fields.push("grpc-status", code);
  if (!message.empty()) fields.push("grpc-message", message.view());
  if (!details.empty()) fields.push("grpc-status-details-bin", details.view());
  for (const auto& [name, value] : trailers_)
    fields.push(name, value);
  wire::append_last_chunk(http_.out(), fields);
}

// --- all of them ---

bool GrpcServer::is_call(const HttpExchange& exchange) {
  return wire::is_grpc_type(exchange.head.fields.value(wire::KnownField::content_type));
}

Task<> GrpcServer::serve(HttpExchange& exchange) {
  if (exchange.http_version() != "2" || exchange.head.method != wire::RequestMethod::post) {
    wire::append_status_line(exchange.out(), exchange.http_version() == "2" ? 405 : 505);
    wire::append_content_length(exchange.out(), 0);
    exchange.append_connection_field();
    wire::end_head(exchange.out());
    co_return;
  }
  GrpcExchange call(exchange, message_bytes_max_, &gzip_);
  call.append_status(co_await run(call));
}

void GrpcServer::refuse(HttpExchange& exchange, const GrpcStatus& status) {
  GrpcExchange(exchange, 0, nullptr).append_status(status);
}

Task<GrpcStatus> GrpcServer::run(GrpcExchange& call) {
  const HttpExchange& http = call.http_;
  if (const wire::Field* timeout = http.head.fields.find("grpc-timeout")) {
    const auto limit = wire::parse_grpc_timeout(timeout->value);
    if (!limit) co_return GrpcStatus{GrpcCode::internal, "grpc-timeout cannot be read"};
    call.http_.limit_time(*limit);
  }
  if (!call.accept_encoding())
    co_return GrpcStatus{GrpcCode::unimplemented, "messages may be packed by gzip, or not at all"};
  const std::string_view path = http.head.path;
  const size_t slash = path.rfind('/');
  if (slash > 0 && slash != path.npos)
    for (GrpcService* service : services_)
      if (service->name() == path.substr(1, slash - 1))
        co_return co_await service->call(path.substr(slash + 1), call);
  co_return GrpcStatus{GrpcCode::unimplemented, "no such service"};
}

}  // namespace weir::net
