#include "ring/program.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/units.h"

namespace weir::bench {

void refuse(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  std::exit(2);
}

Flags::Flags(int argc, char** argv, std::vector<std::string_view> known) {
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i];
    if (std::ranges::find(known, name) == known.end()) refuse("unknown flag: " + std::string(name));
    if (i + 1 == argc) refuse("flag without a value: " + std::string(name));
    given_.emplace_back(name, argv[i + 1]);
  }
}

const std::string* Flags::find(std::string_view name) const {
  for (const auto& [key, value] : given_)
    if (key == name) return &value;
  return nullptr;
}

std::string Flags::text(std::string_view name, std::string_view otherwise) const {
  const std::string* value = find(name);
  return value ? *value : std::string(otherwise);
}

uint64_t Flags::number(std::string_view name, uint64_t otherwise, uint64_t max) const {
  const std::string* value = find(name);
  if (!value) return otherwise;
  const auto number = parse_u64(*value);
  if (!number || *number > max)
    refuse(std::string(name) + " wants a number up to " + std::to_string(max) + ", not " + *value);
  return *number;
}

double Flags::seconds(std::string_view name, double otherwise, double max) const {
  const std::string* value = find(name);
  if (!value) return otherwise;
  char* end = nullptr;
  const double seconds = std::strtod(value->c_str(), &end);
  if (end == value->c_str() || *end || !(seconds >= 0 && seconds <= max))
    refuse(std::string(name) + " wants seconds up to " + std::to_string(max) + ", not " + *value);
  return seconds;
}

sockaddr_in Flags::loopback(std::string_view name) const {
  const std::string value = text(name, "");
  const size_t colon = value.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  const auto port = parse_u64(colon == std::string::npos ? "" : value.substr(colon + 1));
  const bool good = port && *port > 0 && *port < 65536 &&
                    inet_pton(AF_INET, value.substr(0, colon).c_str(), &address.sin_addr) == 1;
  if (!good) refuse(std::string(name) + " wants ADDRESS:PORT, not '" + value + "'");
  if (ntohl(address.sin_addr.s_addr) >> 24 != 127)
    refuse(std::string(name) + " must be a loopback address, not '" + value + "'");
  address.sin_port = htons(static_cast<uint16_t>(*port));
  return address;
}

MonoTime mono_now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return MonoTime(seconds(t.tv_sec) + nanoseconds(t.tv_nsec));
}

void pin_to_core(unsigned core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0)
    refuse("cannot stay on core " + std::to_string(core) + ": " + std::strerror(errno));
}

uint64_t raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

int listen_on(const sockaddr_in& address) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // Accepted sockets inherit it.
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(fd, 4096) != 0)
    refuse("cannot listen on port " + std::to_string(ntohs(address.sin_port)) + ": " +
           std::strerror(errno));
  return fd;
}

int connect_to(const sockaddr_in& address) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int on = 1;
  const timeval limit{2, 0};
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

}  // namespace weir::bench
