#include "wire/proxy_protocol.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "wire/ip_text.h"

namespace weir::wire {
namespace {

using Status = ProxyResult::Status;
using Kind = ProxyHeader::Kind;

constexpr std::string_view v1_start = "PROXY ";
constexpr size_t v1_bytes_max = 107;
constexpr std::string_view v2_signature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr size_t v2_fixed_size = 16;

ProxyResult malformed(const char* reason) {
  return {Status::malformed, 0, reason};
}

uint8_t byte_at(std::string_view bytes, size_t i) {
  return static_cast<uint8_t>(bytes[i]);
}

uint16_t load16(std::string_view bytes, size_t i) {
  return static_cast<uint16_t>(byte_at(bytes, i) << 8 | byte_at(bytes, i + 1));
}

// Castagnoli's polynomial, reflected (RFC 3720 B.4).
uint32_t crc32c(std::span<const std::string_view> parts) {
  static constexpr auto table = [] {
    std::array<uint32_t, 256> entries{};
    for (uint32_t i = 0; i < 256; ++i) {
      entries[i] = i;
      for (int bit = 0; bit < 8; ++bit)
        entries[i] = entries[i] >> 1 ^ ((entries[i] & 1) != 0 ? 0x82f63b78u : 0u);
    }
    return entries;
  }();
  uint32_t crc = ~0u;
  for (const std::string_view part : parts)
    for (const char c : part)
      crc = crc >> 8 ^ table[(crc ^ static_cast<uint8_t>(c)) & 0xff];
  return ~crc;
}

// The text up to the next space, or to the end, cut off `rest`.
std::string_view take_word(std::string_view& rest) {
  const size_t size = std::min(rest.find(' '), rest.size());
  const std::string_view word = rest.substr(0, size);
  rest.remove_prefix(std::min(size + 1, rest.size()));
  return word;
}

bool parse_address(std::string_view text, Kind kind, ProxyEndpoint& out) {
  if (kind == Kind::tcp6) return parse_ipv6(text, out.address);
  std::array<uint8_t, 4> v4;
  if (!parse_ipv4(text, v4)) return false;
  std::ranges::copy(v4, out.address.begin());
  return true;
}

bool parse_port(std::string_view text, ProxyEndpoint& out) {
  const int port = parse_port_number(text);
  out.port = static_cast<uint16_t>(port);
  return port >= 0;
}

// `line` is what stands between "PROXY " and CRLF.
bool parse_v1_line(std::string_view line, ProxyHeader& out) {
  const std::string_view protocol = take_word(line);
  if (protocol == "UNKNOWN") return true;
  if (protocol != "TCP4" && protocol != "TCP6") return false;
  out.kind = protocol == "TCP4" ? Kind::tcp4 : Kind::tcp6;
  const bool addresses = parse_address(take_word(line), out.kind, out.source) &&
                         parse_address(take_word(line), out.kind, out.destination);
  // Nothing may follow the second port, not even a space.
  return addresses && parse_port(take_word(line), out.source) && parse_port(line, out.destination);
}

ProxyResult parse_v1(std::string_view bytes, ProxyHeader& out) {
  const std::string_view window = bytes.substr(0, v1_bytes_max);
  const size_t end = window.find('\n');
  if (end == std::string_view::npos) {
    if (window.size() == v1_bytes_max) return malformed("a PROXY line has no end");
    return {};
  }
  if (window[end - 1] != '\r') return malformed("a PROXY line ends in a bare LF");
  const std::string_view line = window.substr(v1_start.size(), end - 1 - v1_start.size());
  if (!parse_v1_line(line, out)) return malformed("a PROXY line is not protocol, addresses, ports");
  return {Status::complete, end + 1, ""};
}

// `header` from `at` on is TLVs.
const char* check_tlvs(std::string_view header, size_t at) {
  constexpr uint8_t type_crc32c = 0x03;
  while (at < header.size()) {
    if (header.size() - at < 3) return "a PROXY header ends inside a TLV";
    const size_t length = load16(header, at + 1);
    const size_t value = at + 3;
    if (header.size() - value < length) return "a TLV of a PROXY header exceeds it";
    if (byte_at(header, at) == type_crc32c) {
      if (length != 4) return "the checksum of a PROXY header is not four bytes";
      const uint32_t sent = uint32_t{load16(header, value)} << 16 | load16(header, value + 2);
      const std::string_view zeroed[] = {header.substr(0, value), std::string_view("\0\0\0\0", 4),
                                         header.substr(value + 4)};
      if (crc32c(zeroed) != sent) return "the checksum of a PROXY header is wrong";
    }
    at = value + length;
  }
  return nullptr;
}

void load_endpoints(std::string_view addresses, size_t size, ProxyHeader& out) {
  std::memcpy(out.source.address.data(), addresses.data(), size);
  std::memcpy(out.destination.address.data(), addresses.data() + size, size);
  out.source.port = load16(addresses, 2 * size);
  out.destination.port = load16(addresses, 2 * size + 2);
}

// `header` is whole. The families: 0x11 TCP over IPv4, 0x21 TCP over IPv6; of the others only the
// size is known.
const char* parse_v2_body(std::string_view header, ProxyHeader& out) {
  const uint8_t command = byte_at(header, 12), family = byte_at(header, 13);
  if (command == 0x20) return nullptr;  // LOCAL: everything behind it is to be ignored
  if (command != 0x21) return "a PROXY header of an unknown version or command";
  const bool v4 = family == 0x11, v6 = family == 0x21;
  const bool other = family == 0x00 || family == 0x31;
  if (!v4 && !v6 && !other) return "a PROXY header of an unknown family or transport";
  const size_t addresses = v4 ? 12 : v6 ? 36 : family == 0x31 ? 216 : 0;
  if (header.size() - v2_fixed_size < addresses)
    return "a PROXY header is too short for its family";
  if (v4 || v6) {
    out.kind = v4 ? Kind::tcp4 : Kind::tcp6;
    load_endpoints(header.substr(v2_fixed_size), v4 ? 4 : 16, out);
  }
  return check_tlvs(header, v2_fixed_size + addresses);
}

ProxyResult parse_v2(std::string_view bytes, size_t bytes_max, ProxyHeader& out) {
  if (bytes.size() < v2_fixed_size) return {};
  const size_t size = v2_fixed_size + load16(bytes, 14);
  if (size > bytes_max) return malformed("a PROXY header is too large");
  if (bytes.size() < size) return {};
  if (const char* reason = parse_v2_body(bytes.substr(0, size), out)) return malformed(reason);
  return {Status::complete, size, ""};
}

bool starts_like(std::string_view bytes, std::string_view start) {
  return start.starts_with(bytes.substr(0, start.size()));
}

}  // namespace

ProxyResult parse_proxy_header(std::string_view bytes, size_t bytes_max, ProxyHeader& out) {
  out = {};
  if (bytes.starts_with(v1_start)) return parse_v1(bytes, out);
  if (bytes.starts_with(v2_signature)) return parse_v2(bytes, bytes_max, out);
  if (starts_like(bytes, v1_start) || starts_like(bytes, v2_signature)) return {};
  return malformed("no PROXY header");
}

}  // namespace weir::wire
