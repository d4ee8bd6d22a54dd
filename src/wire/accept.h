#pragma once
// What a client would rather have (RFC 9110 12.5.1): enough of Accept to choose between two media
// types.

#include <string_view>

#include "wire/http_fields.h"

namespace weir::wire {

// The client's weight for type "/" subtype in thousandths, 0 for "not acceptable": that of the most
// specific range that covers it. 1000 without Accept. Parameters other than q are not looked at; a
// range whose syntax is broken is skipped.
int accept_weight(const Fields& fields, std::string_view type, std::string_view subtype);

// Whether application/json is asked for more strongly than text/html. What accepts everything
// alike, such as curl, does not ask for it.
bool prefers_json(const Fields& fields);

}  // namespace weir::wire
