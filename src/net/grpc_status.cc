#include "net/grpc_status.h"

namespace weir::net {

using wire::GrpcCode;

GrpcStatus status_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::limit:
      return {GrpcCode::resource_exhausted, error.text};
    case ErrorCode::invalid:
      return {GrpcCode::internal, error.text};
    case ErrorCode::timed_out:
      return {GrpcCode::deadline_exceeded, error.text};
    case ErrorCode::overloaded:
      return {GrpcCode::unavailable, error.text};
    default:
      return {GrpcCode::cancelled, error.text};
  }
}

}  // namespace weir::net
