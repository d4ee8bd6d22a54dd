#pragma once
// Connector: a connection to whichever of a host's addresses answers first ("happy eyeballs", RFC
// 8305): families by turns, an attempt begins 250 ms after the last one or as soon as one has
// failed, the first success wins and the others are cancelled. Runs on one shard; keeps nothing.

#include <span>
#include <vector>

#include "base/address.h"
#include "runtime/reactor.h"

namespace weir::net {

// Addresses that are tried for one connection at most.
inline constexpr size_t connect_addresses_max = 8;
inline constexpr Duration connect_attempt_delay = milliseconds(250);

// Families by turns, the first address's family first (RFC 8305 4); at most
// connect_addresses_max.
std::vector<Address> connect_order(std::span<const Address> addresses);

// Errors: that of the first attempt which failed; timed_out; cancelled.
runtime::Task<Result<runtime::StreamPtr>> connect_any(runtime::Reactor& reactor,
                                                      std::span<const Address> addresses,
                                                      runtime::Wait wait);

}  // namespace weir::net
