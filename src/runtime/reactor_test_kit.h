#pragma once
// The back ends that the contract of Reactor is tested on: io_uring (where it is allowed), epoll,
// and simulated worlds of several seeds.

#include <cstdlib>
#include <string_view>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>

#include "runtime/sim_reactor.h"
#include "runtime/socket.h"

namespace weir::runtime {

// One back end to run the cases on, with what differs between a kernel and a simulated world.
struct BackEnd {
  const char* name;
  std::unique_ptr<SimWorld> world;  // null for a kernel
  std::unique_ptr<Reactor> reactor;

  int open_listener() const {
    const Address any_port = *Address::parse("127.0.0.1:0");
    return world ? *world->network().open_listener(any_port)
                 : *runtime::open_listener(any_port, 16);
  }
  Address address_of(int listener) const {
    return world ? world->network().listener_address(listener) : local_of(listener);
  }
  void close_listener(int listener) const {
    if (world) return world->network().close_listener(listener);
    ::close(listener);
  }
};

// WEIR_REACTOR=epoll leaves io_uring out, for ThreadSanitizer, which cannot see its ordering.
inline std::vector<BackEnd> kernel_back_ends(size_t received_bytes = 1 << 20) {
  std::vector<BackEnd> all;
  const char* only = std::getenv("WEIR_REACTOR");
  for (const ReactorKind kind : {ReactorKind::io_uring, ReactorKind::epoll}) {
    if (kind == ReactorKind::io_uring && only && std::string_view(only) == "epoll") continue;
    ReactorOptions options;
    options.kind = kind;
    options.recv_buffers = 16;
    options.recv_buffer_bytes = 4096;
    options.bulk_buffers = 4;
    options.bulk_buffer_bytes = 8192;
    options.received_bytes = received_bytes;
    const char* name = kind == ReactorKind::epoll ? "epoll" : "io_uring";
    if (auto reactor = Reactor::make(options, 1)) all.push_back({name, {}, *std::move(reactor)});
  }
  REQUIRE(!all.empty());
  return all;
}

inline BackEnd simulated_back_end(uint64_t seed) {
  // Everything that a healthy network may do to timing and cuts.
  SimFaults faults;
  faults.link.tear_chance = seed % 2 ? 0.3 : 0;
  faults.link.window_min = 4096;
  auto world = std::make_unique<SimWorld>(seed, faults);
  auto reactor = std::make_unique<SimReactor>(*world, *Address::parse("127.0.0.1:0"));
  return {"simulated", std::move(world), std::move(reactor)};
}

inline std::vector<BackEnd> back_ends() {
  std::vector<BackEnd> all = kernel_back_ends();
  for (uint64_t seed = 1; seed <= 8; ++seed)
    all.push_back(simulated_back_end(seed));
  return all;
}

}  // namespace weir::runtime
