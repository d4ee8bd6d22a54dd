#pragma once
// Resolver: from a host's name to its addresses. One a shard.

#include <string_view>
#include <vector>

#include "base/address.h"
#include "runtime/cancel.h"
#include "runtime/task.h"

namespace weir::net {

class Resolver {
 public:
  virtual ~Resolver() = default;
  // At least one address, each with `port`, in the resolver's order. An IP address written as a
  // name is answered at once. Errors: dns, not_found (there is no such name), timed_out,
  // cancelled, overloaded.
  virtual runtime::Task<Result<std::vector<Address>>> resolve(std::string_view host, uint16_t port,
                                                              runtime::Wait wait) = 0;
};

// Knows nothing but IP addresses.
class LiteralResolver final : public Resolver {
 public:
  runtime::Task<Result<std::vector<Address>>> resolve(std::string_view host, uint16_t port,
                                                      runtime::Wait wait) override;
};

}  // namespace weir::net
