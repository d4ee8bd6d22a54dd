#pragma once
// GrpcStatus: how a gRPC call ended, or is to end, on either side.

#include <string>

#include "wire/grpc.h"

namespace weir::net {

struct GrpcStatus {
  wire::GrpcCode code = wire::GrpcCode::ok;
  std::string message = {};  // for people
  std::string details = {};  // a google.rpc.Status in protobuf; empty: none
};
// What a call ends with whose messages could not be read or written.
GrpcStatus status_of(const Error& error);

}  // namespace weir::net
