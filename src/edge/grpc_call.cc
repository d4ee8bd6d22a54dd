#include "edge/grpc_call.h"

#include "telemetry/attribute.h"
#include "wire/grpc.h"

namespace weir::edge {
namespace {

using telemetry::AttributeKey;
using wire::GrpcCode;

// By OpenTelemetry's conventions for servers of gRPC.
bool fault_of_service(GrpcCode code) {
  return code == GrpcCode::unknown || code == GrpcCode::deadline_exceeded ||
         code == GrpcCode::unimplemented || code == GrpcCode::internal ||
         code == GrpcCode::unavailable || code == GrpcCode::data_loss;
}

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

bool is_late_call(const EdgeRequest& request) {
  return request.grpc && request.exchange.reactor().now() >= request.exchange.deadline();
}

void note_call_status(EdgeRequest& request, const wire::Fields& fields) {
  if (!request.grpc) [[likely]]
    return;
  if (const wire::Field* status = fields.find("grpc-status"))
    request.grpc_status = wire::parse_grpc_status(status->value);
}

void end_call(telemetry::Trace& trace, telemetry::SpanRef span, GrpcCode code, CallSide side) {
  trace.set(span, AttributeKey::rpc_system_name, "grpc");
  trace.set(span, AttributeKey::rpc_response_status_code, wire::to_string(code));
  const bool fault = fault_of_service(code);
  if (code == GrpcCode::ok || (side == CallSide::answered && !fault)) return;
  trace.set(span, AttributeKey::error_type, wire::to_string(code));
  if (fault)
    trace.status(span, telemetry::SpanStatus::error);
  else
    trace.refused(span);
}

}  // namespace weir::edge
