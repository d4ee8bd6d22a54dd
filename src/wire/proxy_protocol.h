#pragma once
// The PROXY protocol, versions 1 and 2 (HAProxy, "The PROXY protocol", 2020): what a load balancer
// puts before the first byte of a connection to say whose it is. Read it only from peers that are
// trusted to send it, and then always: guessing by content would let anyone claim any address.
//
//   v1  "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n", at most 107 bytes
//   v2  12 bytes signature | version, command | family, transport | 16-bit length |
//       addresses and ports | TLVs: 8-bit type, 16-bit length, value

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::wire {

struct ProxyEndpoint {
  std::array<uint8_t, 16> address{};  // network order; the first four bytes of it for tcp4
  uint16_t port = 0;
  bool operator==(const ProxyEndpoint&) const = default;
};

struct ProxyHeader {
  // none: the balancer's own connection, or a family that we do not serve: the socket's addresses
  // stand.
  enum class Kind : uint8_t { none, tcp4, tcp6 };

  Kind kind = Kind::none;
  ProxyEndpoint source;
  ProxyEndpoint destination;
};

struct ProxyResult {
  enum class Status : uint8_t { complete, incomplete, malformed };

  Status status = Status::incomplete;
  size_t consumed = 0;      // complete: size of the header
  const char* reason = "";  // malformed: for people, static
};

// Parses the header at the start of `bytes`; asked again with more bytes after `incomplete`. A v2
// header of more than `bytes_max` (16..65551) is malformed. TLVs are skipped, but their lengths are
// checked, and the CRC32C where there is one.
ProxyResult parse_proxy_header(std::string_view bytes, size_t bytes_max, ProxyHeader& out);

}  // namespace weir::wire
