#include "otlp/export_response.h"

#include <algorithm>

#include "base/units.h"
#include "wire/http_date.h"
#include "wire/protobuf_reader.h"

namespace weir::otlp {
namespace {

constexpr seconds retry_after_max = hours(24);

// The last field of bytes with this number; empty where there is none, or the message is none.
std::string_view bytes_field(std::string_view message, uint32_t number) {
  wire::ProtobufReader reader(message);
  std::string_view found;
  while (reader.next())
    if (reader.number() == number && reader.type() == wire::ProtobufReader::Type::bytes)
      found = reader.bytes();
  return reader.malformed() ? std::string_view() : found;
}

}  // namespace

Disposition disposition_of(uint16_t status) {
  if (status >= 200 && status < 300) return Disposition::delivered;
  const bool retry = status == 429 || (status >= 502 && status <= 504);
  return retry ? Disposition::retry : Disposition::refused;
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

}  // namespace weir::otlp
