#pragma once
// Opening a listening socket, or taking over one that was open before; and what to tell an operator
// when neither works.

#include <expected>
#include <string>
#include <string_view>

#include "cli/inherited.h"

namespace weir::cli {

struct ListenerWish {
  std::string_view name;  // of the socket: "edge"
  std::string_view key;   // of the setting: "edge.listen"
  std::string_view flag;  // that changes it: "--listen"
  std::string address;    // HOST:PORT
  int backlog = 4096;
  std::string loopback_congestion_control{};  // if the address is one of loopback
};

// A descriptor that the caller closes; the error says what to change.
std::expected<int, std::string> open_listener(Inherited& inherited, const ListenerWish& wish);

}  // namespace weir::cli
