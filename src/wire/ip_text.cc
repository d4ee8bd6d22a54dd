#include "wire/ip_text.h"

#include <arpa/inet.h>
#include <cstring>

#include "wire/scan.h"

namespace weir::wire {
namespace {

bool parse_with_inet_pton(int family, std::string_view text, void* out) {
  char terminated[INET6_ADDRSTRLEN] = {};
  if (text.empty() || text.size() >= sizeof terminated) return false;
  std::memcpy(terminated, text.data(), text.size());
  // inet_pton reads up to a NUL; one inside the text would hide what is behind it.
  return std::strlen(terminated) == text.size() && inet_pton(family, terminated, out) == 1;
}

}  // namespace

bool parse_ipv4(std::string_view text, std::array<uint8_t, 4>& out) {
  return parse_with_inet_pton(AF_INET, text, out.data());
}

bool parse_ipv6(std::string_view text, std::array<uint8_t, 16>& out) {
  return parse_with_inet_pton(AF_INET6, text, out.data());
}

int parse_port_number(std::string_view digits) {
  if (digits.empty() || digits.size() > 5 || (digits.size() > 1 && digits.front() == '0'))
    return -1;
  int port = 0;
  for (const char c : digits) {
    if (!is_digit(static_cast<unsigned char>(c))) return -1;
    port = port * 10 + (c - '0');
  }
  return port <= 65535 ? port : -1;
}

}  // namespace weir::wire
