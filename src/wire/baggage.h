#pragma once
// Baggage (W3C): what a caller wants every service behind it to know, as `key=value;property`
// members in one list, over however many header fields they come:
//
//   baggage: userId=alice,serverNode=DF%2028,isProduction=false;internal
//
// Passed on as it came, without the members that are malformed and within the limits that the
// specification asks everybody to reach. Nothing here decides whose baggage is believed.

#include "base/buffer.h"
#include "wire/header_values.h"

namespace weir::wire {

inline constexpr size_t baggage_members_max = 64;
inline constexpr size_t baggage_bytes_max = 8192;

// "key=value" or "key=value;property;property=value", with optional white space around each part;
// values hold printable ASCII but for '"', ',', ';' and '\'.
bool is_baggage_member(std::string_view member);

// Appends the members of all values of baggage in one list, in their order: nothing where there are
// none. Returns how many were left out, malformed or beyond the limits.
size_t append_baggage(Buffer& out, HeaderValues values);

}  // namespace weir::wire
