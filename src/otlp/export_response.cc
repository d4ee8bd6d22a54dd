#include "otlp/export_response.h"

#include <algorithm>

#include "base/units.h"
#include "wire/http_date.h"
#include "wire/protobuf_reader.h"

namespace weir::otlp {
namespace {

constexpr seconds retry_after_max = hours(24);
constexpr std::string_view retry_info_type = "/google.rpc.RetryInfo";

// The last field of bytes with this number; empty where there is none, or the message is none.
std::string_view bytes_field(std::string_view message, uint32_t number) {
  wire::ProtobufReader reader(message);
  std::string_view found;
  while (reader.next())
    if (reader.number() == number && reader.type() == wire::ProtobufReader::Type::bytes)
      found = reader.bytes();
  return reader.malformed() ? std::string_view() : found;
}

// A google.protobuf.Duration.
Duration parse_duration(std::string_view message) {
  int64_t whole = 0, nanos = 0;
  wire::ProtobufReader reader(message);
  while (reader.next()) {
    if (reader.type() != wire::ProtobufReader::Type::varint) continue;
    if (reader.number() == 1) whole = static_cast<int64_t>(reader.integer());
    if (reader.number() == 2) nanos = static_cast<int32_t>(reader.integer());
  }
  const int64_t most = retry_after_max.count();
  return std::clamp<Duration>(seconds(std::clamp<int64_t>(whole, 0, most)) + Duration(nanos),
                              seconds(0), retry_after_max);
}

}  // namespace

Disposition disposition_of(uint16_t status) {
  if (status >= 200 && status < 300) return Disposition::delivered;
  const bool retry = status == 429 || (status >= 502 && status <= 504);
  return retry ? Disposition::retry : Disposition::refused;
}

Disposition disposition_of(wire::GrpcCode code, bool says_when) {
  switch (code) {
    using enum wire::GrpcCode;
    case ok:
      return Disposition::delivered;
    case cancelled:
    case deadline_exceeded:
    case aborted:
    case out_of_range:
    case unavailable:
    case data_loss:
      return Disposition::retry;
    case resource_exhausted:
      return says_when ? Disposition::retry : Disposition::refused;
    default:
      return Disposition::refused;
  }
}

PartialSuccess parse_partial_success(std::string_view body) {
  const std::string_view inner = bytes_field(body, 1);
  PartialSuccess partial{.message = bytes_field(inner, 2)};
  wire::ProtobufReader reader(inner);
  while (reader.next())
    if (reader.number() == 1 && reader.type() == wire::ProtobufReader::Type::varint)
      partial.rejected = reader.integer();
  // It is signed, and a negative number is nonsense.
  if (reader.malformed() || partial.rejected > INT64_MAX) return {};
  return partial;
}

std::string_view parse_error_message(std::string_view body) {
  return bytes_field(body, 2);
}

std::optional<Duration> parse_retry_after(std::string_view text, WallTime now) {
  Duration wait;
  if (const Result<uint64_t> number = parse_u64(text)) {
    const uint64_t most = static_cast<uint64_t>(retry_after_max.count());
    wait = seconds(std::min(*number, most));
  } else {
    const auto second = std::chrono::floor<seconds>(now);
    const auto date = wire::parse_http_date(text, std::chrono::sys_seconds(second));
    if (!date) return std::nullopt;
    // Still in seconds: a date thousands of years ahead does not fit in nanoseconds.
    wait = std::clamp<seconds>(*date - second, seconds(0), retry_after_max);
  }
  return std::clamp<Duration>(wait, seconds(0), retry_after_max);
}

std::optional<Duration> parse_retry_info(std::string_view status) {
  wire::ProtobufReader reader(status);
  while (reader.next()) {
    if (reader.number() != 3) continue;
    const std::string_view detail = reader.bytes();
    if (bytes_field(detail, 1).ends_with(retry_info_type))
      return parse_duration(bytes_field(bytes_field(detail, 2), 1));
  }
  return std::nullopt;
}

}  // namespace weir::otlp
