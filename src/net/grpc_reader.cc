#include "net/grpc_reader.h"

#include "wire/gunzip.h"

namespace weir::net {

Result<std::optional<std::string_view>> GrpcReader::next() {
  WEIR_TRY(const auto message, messages_.next());
  bytes_taken_ = message ? wire::GrpcMessages::head_bytes + message->bytes.size() : 0;
  if (!message) return std::nullopt;
  packed_ = message->compressed;
  if (!packed_) return message->bytes;
  if (!gzip_) return fail(ErrorCode::invalid, "a message is compressed in a way that nobody said");
  unpacked_.clear();
  WEIR_CHECK(wire::gunzip(message->bytes, message_bytes_max_, unpacked_));
  return unpacked_.view();
}

}  // namespace weir::net
