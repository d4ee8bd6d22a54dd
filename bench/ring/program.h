#pragma once
// What a benchmark program needs around its ring: its flags, its core, its descriptors, its
// sockets. A mistake on the command line ends the program with a message that names the flag.

#include <cstdint>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace weir::bench {

// Prints `message` on stderr and exits with 2.
[[noreturn]] void refuse(const std::string& message);

// "--name value" pairs. Every flag that is given must be among `known`.
class Flags {
 public:
  Flags(int argc, char** argv, std::vector<std::string_view> known);

  std::string text(std::string_view name, std::string_view otherwise) const;
  uint64_t number(std::string_view name, uint64_t otherwise, uint64_t max) const;
  // Seconds with a fraction, between 0 and `max`.
  double seconds(std::string_view name, double otherwise, double max) const;
  // HOST:PORT with a loopback IPv4 address; required.
  sockaddr_in loopback(std::string_view name) const;

 private:
  const std::string* find(std::string_view name) const;

  std::vector<std::pair<std::string, std::string>> given_;
};

MonoTime mono_now();

// Keeps this thread on `core`; refuses when that is not possible.
void pin_to_core(unsigned core);

// As many descriptors as the hard limit allows; the new limit.
uint64_t raise_descriptor_limit();

// A listening socket with a long queue, or a refusal.
int listen_on(const sockaddr_in& address);

// A connected socket without Nagle's delay, or -1 after two seconds or an error.
int connect_to(const sockaddr_in& address);

}  // namespace weir::bench
