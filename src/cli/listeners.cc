#include "cli/listeners.h"

#include <cerrno>
#include <cstring>

#include "runtime/socket.h"

namespace weir::cli {
namespace {

std::string advice(int error, const ListenerWish& wish) {
  const std::string flag(wish.flag);
  switch (error) {
    case EADDRINUSE:
      return "another program has this port; stop it, or choose another with " + flag +
             " HOST:PORT";
    case EACCES:
      return "ports below 1024 need the capability CAP_NET_BIND_SERVICE; choose another with " +
             flag + " HOST:PORT";
    case EADDRNOTAVAIL:
      return "no interface of this machine has this address; choose another with " + flag +
             " HOST:PORT";
    default:
      return "choose another address with " + flag + " HOST:PORT";
  }
}

}  // namespace

std::expected<int, std::string> open_listener(Inherited& inherited, const ListenerWish& wish) {
  const auto address = Address::parse(wish.address);
  if (!address)
    return std::unexpected(std::string(wish.key) + ": " + wish.address + " is not HOST:PORT");
  if (const auto fd = inherited.claim(wish.name, *address)) return *fd;
  const auto opened =
      runtime::open_listener(*address, wish.backlog, wish.loopback_congestion_control);
  if (opened) return *opened;
  return std::unexpected(std::string(wish.key) + ": cannot listen on " + wish.address + ": " +
                         std::strerror(opened.error().sys) + ": " +
                         advice(opened.error().sys, wish));
}

}  // namespace weir::cli
