#pragma once
// Address: an IPv4 or IPv6 address with a port, or none. A value; comparable and printable.

#include <cstdint>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/socket.h>

#include "base/result.h"

namespace weir {

class Address {
 public:
  Address() = default;
  Address(const sockaddr* address, socklen_t length);
  static Address v4(uint32_t host_order_address, uint16_t port);

  // "127.0.0.1:80", "[::1]:80", or ":80" for every interface (IPv6 and IPv4). Names are not
  // resolved here.
  static Result<Address> parse(std::string_view host_port);
  // An address without a port: "127.0.0.1", "::1".
  static Result<Address> parse_ip(std::string_view ip, uint16_t port = 0);

  bool valid() const { return storage_.generic.sa_family != AF_UNSPEC; }
  bool is_v6() const { return storage_.generic.sa_family == AF_INET6; }
  bool is_loopback() const;
  uint16_t port() const;
  void set_port(uint16_t port);

  const sockaddr* sockaddr_pointer() const { return &storage_.generic; }
  socklen_t sockaddr_size() const;

  // Without the port, as people write it; an IPv4 address mapped into IPv6 is written as IPv4.
  std::string ip() const;
  // Writes ip() to `out`, which has room for 46 bytes; returns the length.
  size_t write_ip(char* out) const;
  // "127.0.0.1:80" or "[::1]:80".
  std::string to_string() const;

  bool operator==(const Address& other) const;

 private:
  union {
    sockaddr generic;
    sockaddr_in v4;
    sockaddr_in6 v6;
  } storage_{};
};

// An address range such as "10.0.0.0/8" or "::1"; used to say which peers are trusted.
class AddressRange {
 public:
  static Result<AddressRange> parse(std::string_view text);
  bool contains(const Address& address) const;

 private:
  uint8_t prefix_[16] = {};
  uint8_t bits_ = 0;
};

}  // namespace weir
