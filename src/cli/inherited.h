#pragma once
// Inherited: listening sockets that were open when this program began: handed over by the process
// that it replaces, or opened by systemd (socket activation). Taken once at the start; every socket
// is either claimed or closed.
//
// A predecessor says WEIR_HANDOVER=NAME=FD,NAME=FD,...,ready=FD; the last is the end of a pipe to
// which the successor writes one byte when it serves. systemd says LISTEN_PID, LISTEN_FDS (how many
// there are from descriptor 3 on) and LISTEN_FDNAMES (their names, separated by colons).

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"

namespace weir::cli {

struct NamedSocket {
  std::string name;  // "edge", "admin"
  int fd = -1;
};

class Inherited {
 public:
  static constexpr size_t sockets_max = 64;
  static constexpr std::string_view handover_variable = "WEIR_HANDOVER";
  static constexpr char ready_byte = 'R';

  Inherited() = default;
  // Closes what nobody claimed.
  ~Inherited();
  Inherited(Inherited&& other) noexcept;
  Inherited& operator=(Inherited&&) = delete;

  // From the environment, which is then without the variables. The error says which is broken.
  static std::expected<Inherited, std::string> take();
  // Whether "NAME=value" is one of the variables above.
  static bool is_variable(std::string_view variable);

  // The socket of that name, if it listens on `address` (a port of 0 is any). What systemd opened
  // needs neither: it says where to listen, and a socket without one of our names is taken in the
  // order in which the names are asked for.
  std::optional<int> claim(std::string_view name, const Address& address);
  // This program replaces another.
  bool has_predecessor() const { return ready_fd_ >= 0; }
  // Tells the predecessor that we serve, so that it drains.
  void report_ready();

 private:
  std::expected<void, std::string> read_handover(std::string_view text);
  std::expected<void, std::string> read_systemd(std::string_view count, std::string_view names);

  std::vector<NamedSocket> sockets_;
  bool from_systemd_ = false;
  int ready_fd_ = -1;
};

}  // namespace weir::cli
