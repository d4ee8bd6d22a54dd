#include "base/address.h"

#include <arpa/inet.h>
#include <cstring>

#include "base/units.h"

namespace weir {
namespace {

constexpr uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

Result<uint16_t> parse_port(std::string_view text) {
  WEIR_TRY(const uint64_t port, parse_u64(text));
  if (port > 65535) return fail(ErrorCode::invalid, "a port is at most 65535");
  return static_cast<uint16_t>(port);
}

// The 16 bytes of an IPv6 address; IPv4 in its mapped form, so that both compare alike.
void to_16_bytes(const Address& address, uint8_t (&out)[16]) {
  if (address.is_v6()) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address.sockaddr_pointer());
    std::memcpy(out, &v6->sin6_addr, 16);
    return;
  }
  const auto* v4 = reinterpret_cast<const sockaddr_in*>(address.sockaddr_pointer());
  std::memcpy(out, mapped_prefix, 12);
  std::memcpy(out + 12, &v4->sin_addr, 4);
}

}  // namespace

Address::Address(const sockaddr* address, socklen_t length) {
  if (length <= sizeof storage_) std::memcpy(&storage_, address, length);
}

Address Address::v4(uint32_t host_order_address, uint16_t port) {
  Address a;
  a.storage_.v4.sin_family = AF_INET;
  a.storage_.v4.sin_addr.s_addr = htonl(host_order_address);
  a.storage_.v4.sin_port = htons(port);
  return a;
}

Result<Address> Address::parse(std::string_view host_port) {
  const size_t colon = host_port.rfind(':');
  if (colon == host_port.npos) return fail(ErrorCode::invalid, "expected HOST:PORT");
  WEIR_TRY(const uint16_t port, parse_port(host_port.substr(colon + 1)));
  std::string_view host = host_port.substr(0, colon);
  if (host.empty() || host == "*") return parse_ip("::", port);
  if (host == "localhost") return parse_ip("127.0.0.1", port);
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return parse_ip(host, port);
}

Result<Address> Address::parse_ip(std::string_view ip, uint16_t port) {
  char text[INET6_ADDRSTRLEN] = {};
  if (ip.empty() || ip.size() >= sizeof text) return fail(ErrorCode::invalid, "not an IP address");
  std::memcpy(text, ip.data(), ip.size());
  Address a;
  if (inet_pton(AF_INET, text, &a.storage_.v4.sin_addr) == 1) {
    a.storage_.v4.sin_family = AF_INET;
  } else if (inet_pton(AF_INET6, text, &a.storage_.v6.sin6_addr) == 1) {
    a.storage_.v6.sin6_family = AF_INET6;
  } else {
    return fail(ErrorCode::invalid, "not an IP address");
  }
  a.set_port(port);
  return a;
}

bool Address::is_loopback() const {
  if (!valid()) return false;
  uint8_t bytes[16];
  to_16_bytes(*this, bytes);
  if (std::memcmp(bytes, mapped_prefix, 12) == 0) return bytes[12] == 127;
  return IN6_IS_ADDR_LOOPBACK(&storage_.v6.sin6_addr);
}

uint16_t Address::port() const {
  if (!valid()) return 0;
  return ntohs(is_v6() ? storage_.v6.sin6_port : storage_.v4.sin_port);
}

void Address::set_port(uint16_t port) {
  (is_v6() ? storage_.v6.sin6_port : storage_.v4.sin_port) = htons(port);
}

socklen_t Address::sockaddr_size() const {
  if (!valid()) return 0;
  return is_v6() ? sizeof storage_.v6 : sizeof storage_.v4;
}

size_t Address::write_ip(char* out) const {
  if (!valid()) return 0;
  uint8_t bytes[16];
  to_16_bytes(*this, bytes);
  const bool mapped = std::memcmp(bytes, mapped_prefix, 12) == 0;
  if (mapped) {
    size_t n = 0;
    for (int i = 12; i < 16; ++i) {
      const unsigned b = bytes[i];
      if (b >= 100) out[n++] = static_cast<char>('0' + b / 100);
      if (b >= 10) out[n++] = static_cast<char>('0' + b / 10 % 10);
      out[n++] = static_cast<char>('0' + b % 10);
      if (i < 15) out[n++] = '.';
    }
    return n;
  }
  inet_ntop(AF_INET6, bytes, out, INET6_ADDRSTRLEN);
  return std::strlen(out);
}

std::string Address::ip() const {
  char text[INET6_ADDRSTRLEN];
  return {text, write_ip(text)};
}

std::string Address::to_string() const {
  if (!valid()) return "-";
  const std::string host = ip();
  const bool bracket = host.find(':') != host.npos;
  return (bracket ? "[" + host + "]" : host) + ":" + std::to_string(port());
}

bool Address::operator==(const Address& other) const {
  if (valid() != other.valid()) return false;
  if (!valid()) return true;
  uint8_t a[16], b[16];
  to_16_bytes(*this, a);
  to_16_bytes(other, b);
  return std::memcmp(a, b, 16) == 0 && port() == other.port();
}

Result<AddressRange> AddressRange::parse(std::string_view text) {
  const size_t slash = text.find('/');
  WEIR_TRY(const Address address, Address::parse_ip(text.substr(0, slash)));
  AddressRange range;
  to_16_bytes(address, range.prefix_);
  const uint8_t width = address.is_v6() ? 128 : 32;
  uint64_t bits = width;
  if (slash != text.npos) {
    WEIR_TRY(bits, parse_u64(text.substr(slash + 1)));
    if (bits > width) return fail(ErrorCode::invalid, "prefix longer than the address");
  }
  range.bits_ = static_cast<uint8_t>(bits + (128 - width));
  return range;
}

bool AddressRange::contains(const Address& address) const {
  if (!address.valid()) return false;
  uint8_t bytes[16];
  to_16_bytes(address, bytes);
  const size_t whole = bits_ / 8;
  if (std::memcmp(bytes, prefix_, whole) != 0) return false;
  const unsigned rest = bits_ % 8;
  return rest == 0 || (bytes[whole] ^ prefix_[whole]) >> (8 - rest) == 0;
}

}  // namespace weir
