#include "telemetry/client_addresses.h"

#include <algorithm>
#include <arpa/inet.h>

#include "base/hex.h"

namespace weir::telemetry {
namespace {

constexpr size_t kept_bytes_v6 = 6;

size_t truncate(char* text, size_t size) {
  const std::string_view whole(text, size);
  if (whole.find(':') == whole.npos) {
    const size_t host = whole.rfind('.') + 1;
    text[host] = '0';
    return host + 1;
  }
  const std::string ended(whole);
  in6_addr address{};
  if (inet_pton(AF_INET6, ended.c_str(), &address) != 1) return 0;
  std::fill(std::begin(address.s6_addr) + kept_bytes_v6, std::end(address.s6_addr), uint8_t{0});
  inet_ntop(AF_INET6, &address, text, INET6_ADDRSTRLEN);
  return std::string_view(text).size();
}

}  // namespace

size_t ClientAddresses::hide(char* text, size_t size) const {
  if (size == 0 || detail_ == AddressDetail::dropped) return 0;
  if (detail_ == AddressDetail::truncated) return truncate(text, size);
  write_hex(siphash({text, size}, key_), text);
  return 16;
}

}  // namespace weir::telemetry
