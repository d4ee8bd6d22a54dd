#pragma once
// gRPC over HTTP/2 without I/O: what its messages, deadlines and outcomes look like in bytes and
// fields. (gRPC's PROTOCOL-HTTP2 document.)
//
//   a message in a body:   compressed (1 byte: 0 or 1)   size (4 bytes, big-endian)   message
//   grpc-timeout:          1 to 8 digits and a unit: H M S m u n
//   grpc-message:          UTF-8 with %XX for all that is no printable ASCII, and for '%'

#include <optional>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/result.h"
#include "base/time.h"
#include "wire/http2_server_session.h"

namespace weir::wire {

enum class GrpcCode : uint8_t {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};
// Whether a message with that content-type is gRPC's; gRPC-Web is something else.
bool is_grpc_type(std::string_view content_type);
// "UNAVAILABLE".
std::string_view to_string(GrpcCode code);
// Of the field grpc-status; `unknown` for what is no number that we know.
GrpcCode parse_grpc_status(std::string_view text);
// For an answer without grpc-status, which somebody on the way gave.
GrpcCode grpc_code_of_http(uint16_t status);
// For a call whose stream was reset with `error` before it was answered.
GrpcCode grpc_code_of_reset(Http2Error error);

// The head of a message of `size` bytes; the message follows. `size` <= UINT32_MAX.
void append_grpc_head(Buffer& out, bool compressed, size_t size);

// Cuts a body into its messages. Keeps what was added and not handed out: whoever adds no more
// while there is a next one bounds that by a message and what is added at once.
class GrpcMessages {
 public:
  static constexpr size_t head_bytes = 5;

  explicit GrpcMessages(size_t message_bytes_max) : message_bytes_max_(message_bytes_max) {}

  // Bytes of the body.
  void add(std::string_view bytes);
  // The next whole message, once there is one; valid until the next call of either. Errors: limit
  // (a message is larger than the bound), invalid; they stay.
  struct Message {
    bool compressed = false;
    std::string_view bytes;
  };
  Result<std::optional<Message>> next();
  // Nothing is left that is no whole message.
  bool empty() const { return buffer_.size() == handed_out_; }

 private:
  size_t message_bytes_max_;
  Buffer buffer_;
  size_t handed_out_ = 0;
};

// The value of grpc-timeout, rounded up so that the peer's deadline is not before ours.
void append_grpc_timeout(Buffer& out, Duration timeout);
std::optional<Duration> parse_grpc_timeout(std::string_view text);

// The value of grpc-message, both ways. What is broken in it stays as it is.
void append_grpc_message(Buffer& out, std::string_view text);
std::string parse_grpc_message(std::string_view value);

// A field whose name ends in "-bin": base64, with or without padding, which we leave out. nullopt:
// it is none.
void append_grpc_binary(Buffer& out, std::string_view bytes);
std::optional<std::string> parse_grpc_binary(std::string_view value);

}  // namespace weir::wire
