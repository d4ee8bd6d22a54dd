#pragma once
// The bytes of a simulated client's request. Pure.

#include <string>
#include <string_view>

#include "sim/answer_judge.h"

namespace weir::sim {

std::string request_head(const SimRequest& request, std::string_view host);
// In the request's framing; empty when it has none.
std::string request_body(const SimRequest& request);

}  // namespace weir::sim
