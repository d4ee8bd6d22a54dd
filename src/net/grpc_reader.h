#pragma once
// GrpcReader: the messages of one side of a gRPC call: takes the body as it comes, and hands out
// the messages, unpacked where they were packed by gzip, up to a bound. Belongs to one call. Holds
// at most one message, packed and unpacked, and what was added last.

#include "wire/grpc.h"

namespace weir::net {

class GrpcReader {
 public:
  explicit GrpcReader(size_t message_bytes_max)
      : messages_(message_bytes_max), message_bytes_max_(message_bytes_max) {}

  // What grpc-encoding said: what is marked as packed is packed by gzip.
  void expect_gzip() { gzip_ = true; }
  // Only when there is no next message.
  void add(std::string_view bytes) { messages_.add(bytes); }
  // Valid until the next call of either; nullopt: more has to come. Errors: limit, invalid (it
  // breaks gRPC's rules).
  Result<std::optional<std::string_view>> next();
  // Whether the last message came packed, and how much of the body it was.
  bool packed() const { return packed_; }
  size_t bytes_taken() const { return bytes_taken_; }
  // Nothing is left that is no whole message.
  bool empty() const { return messages_.empty(); }

 private:
  wire::GrpcMessages messages_;
  const size_t message_bytes_max_;
  Buffer unpacked_;
  size_t bytes_taken_ = 0;
  bool gzip_ = false;
  bool packed_ = false;
};

}  // namespace weir::net
