#pragma once
// Whether a text is an IP address: the whole of it, nothing around it, no zone, no port.

#include <array>
#include <cstdint>
#include <string_view>

namespace weir::wire {

// Four decimal numbers (RFC 3986 3.2.2: no leading zeros), into `out` in network order.
bool parse_ipv4(std::string_view text, std::array<uint8_t, 4>& out);
// RFC 4291 2.2, without brackets.
bool parse_ipv6(std::string_view text, std::array<uint8_t, 16>& out);
// 0..65535 without leading zeros; -1 when it is not that.
int parse_port_number(std::string_view digits);

}  // namespace weir::wire
