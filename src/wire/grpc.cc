#include "wire/grpc.h"

#include <array>
#include <charconv>

#include "wire/scan.h"

namespace weir::wire {
namespace {

constexpr std::array<std::string_view, 17> code_names{
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

struct Unit {
  char name;
  Duration length;
};
constexpr std::array<Unit, 6> units{Unit{'n', nanoseconds(1)},  Unit{'u', microseconds(1)},
                                    Unit{'m', milliseconds(1)}, Unit{'S', seconds(1)},
                                    Unit{'M', minutes(1)},      Unit{'H', hours(1)}};
constexpr int64_t timeout_digits_max = 99'999'999;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

size_t size_in(std::string_view head) {
  size_t size = 0;
  for (size_t i = 1; i < 5; ++i)
    size = size << 8 | static_cast<uint8_t>(head[i]);
  return size;
}

}  // namespace

std::string_view to_string(GrpcCode code) {
  return code_names[static_cast<size_t>(code)];
}

GrpcCode parse_grpc_status(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value >= code_names.size())
    return GrpcCode::unknown;
  return static_cast<GrpcCode>(value);
}

bool is_grpc_type(std::string_view content_type) {
  constexpr std::string_view type = "application/grpc";
  if (!content_type.starts_with(type)) return false;
  content_type.remove_prefix(type.size());
  return content_type.empty() || content_type.starts_with('+') || content_type.starts_with(';');
}

GrpcCode grpc_code_of_http(uint16_t status) {
  switch (status) {
    case 400:
      return GrpcCode::internal;
    case 401:
      return GrpcCode::unauthenticated;
    case 403:
      return GrpcCode::permission_denied;
    case 404:
      return GrpcCode::unimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return GrpcCode::unavailable;
    default:
      return GrpcCode::unknown;
  }
}

GrpcCode grpc_code_of_reset(Http2Error error) {
  switch (error) {
    case Http2Error::refused_stream:
      return GrpcCode::unavailable;
    case Http2Error::cancel:
      return GrpcCode::cancelled;
    case Http2Error::enhance_your_calm:
      return GrpcCode::resource_exhausted;
    default:
      return GrpcCode::internal;
  }
}

void append_grpc_head(Buffer& out, bool compressed, size_t size) {
  out.append(static_cast<char>(compressed));
  for (int shift = 24; shift >= 0; shift -= 8)
    out.append(static_cast<char>(size >> shift & 0xff));
}

void GrpcMessages::add(std::string_view bytes) {
  buffer_.consume(std::exchange(handed_out_, 0));
  buffer_.append(bytes);
}

Result<std::optional<GrpcMessages::Message>> GrpcMessages::next() {
  buffer_.consume(std::exchange(handed_out_, 0));
  const std::string_view all = buffer_.view();
  if (all.empty()) return std::nullopt;
  if (static_cast<uint8_t>(all[0]) > 1)
    return fail(ErrorCode::invalid, "a gRPC message is neither compressed nor not");
  if (all.size() < head_bytes) return std::nullopt;
  const size_t size = size_in(all);
  if (size > message_bytes_max_) return fail(ErrorCode::limit, "a gRPC message is too large");
  if (all.size() - head_bytes < size) return std::nullopt;
  handed_out_ = head_bytes + size;
  return Message{all[0] == 1, all.substr(head_bytes, size)};
}

void append_grpc_timeout(Buffer& out, Duration timeout) {
  const Duration positive = std::max(timeout, Duration(1));
  for (const Unit& unit : units) {
    const int64_t count = (positive - Duration(1)) / unit.length + 1;
    if (count > timeout_digits_max) continue;
    std::array<char, 9> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + 8, count).ptr;
    out.append(std::string_view(digits.data(), end));
    out.append(unit.name);
    return;
  }
  out.append("99999999H");
}

std::optional<Duration> parse_grpc_timeout(std::string_view text) {
  if (text.size() < 2 || text.size() > 9) return std::nullopt;
  const std::string_view digits = text.substr(0, text.size() - 1);
  if (!all_of(digit_bytes, digits)) return std::nullopt;
  int64_t count = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), count);
  for (const Unit& unit : units) {
    if (unit.name != text.back()) continue;
    return count > Duration::max() / unit.length ? Duration::max() : count * unit.length;
  }
  return std::nullopt;
}

void append_grpc_message(Buffer& out, std::string_view text) {
  for (const char c : text) {
    if (c >= ' ' && c <= '~' && c != '%') {
      out.append(c);
      continue;
    }
    const auto byte = static_cast<uint8_t>(c);
    out.append('%');
    out.append("0123456789ABCDEF"[byte >> 4]);
    out.append("0123456789ABCDEF"[byte & 15]);
  }
}

std::string parse_grpc_message(std::string_view value) {
  std::string text;
  for (size_t i = 0; i < value.size(); ++i) {
    const bool escaped = value[i] == '%' && i + 2 < value.size() && hex_value(value[i + 1]) >= 0 &&
                         hex_value(value[i + 2]) >= 0;
    if (!escaped) {
      text += value[i];
      continue;
    }
    text += static_cast<char>(hex_value(value[i + 1]) * 16 + hex_value(value[i + 2]));
    i += 2;
  }
  return text;
}

void append_grpc_binary(Buffer& out, std::string_view bytes) {
  static constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<uint8_t>(c);
    for (held += 8; held >= 6; held -= 6)
      out.append(digits[bits >> (held - 6) & 63]);
  }
  if (held > 0) out.append(digits[bits << (6 - held) & 63]);
}

std::optional<std::string> parse_grpc_binary(std::string_view value) {
  while (value.ends_with('='))
    value.remove_suffix(1);
  std::string bytes;
  uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : value) {
    const int six = base64_value(c);
    if (six < 0) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(six);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes += static_cast<char>(bits >> held & 0xff);
  }
  if (held >= 6) return std::nullopt;  // a lone character
  return bytes;
}

}  // namespace weir::wire
