#include "net/resolver.h"

namespace weir::net {

runtime::Task<Result<std::vector<Address>>> LiteralResolver::resolve(std::string_view host,
                                                                     uint16_t port, runtime::Wait) {
  const Result<Address> address = Address::parse_ip(host, port);
  if (!address) co_return fail(ErrorCode::dns, "not an IP address");
  co_return std::vector{*address};
}

}  // namespace weir::net
