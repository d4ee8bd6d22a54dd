#include "edge/grpc_call.h"

#include "wire/grpc.h"

namespace weir::edge {
namespace {

void limit_by_client(EdgeRequest& request) {
  const wire::Field* told = request.head().fields.find("grpc-timeout");
  const auto timeout = told ? wire::parse_grpc_timeout(told->value) : std::nullopt;
  if (timeout) request.exchange.limit_time(*timeout);
}

}  // namespace

void receive_call(EdgeRequest& request) {
  if (!wire::is_grpc_type(request.head().fields.value(wire::KnownField::content_type))) return;
  if (request.exchange.http_version() != "2") return;
  request.grpc = true;
  limit_by_client(request);
}

void let_call_last(EdgeRequest& request, net::OriginExchange& origin) {
  if (!request.grpc || !origin.http2()) return;
  request.exchange.last_long();
  limit_by_client(request);
  origin.allow_silence();
}

}  // namespace weir::edge
