#pragma once
// W3C Trace Context (level 2): the identity of a trace on its way through HTTP and Kafka.
//
//   traceparent: 00-<trace id, 32 hex>-<span id, 16 hex>-<flags, 2 hex>     all in lower case
//   tracestate:  key=value,key=value...                                     at most 32 members

#include <optional>
#include <string_view>

#include "base/buffer.h"
#include "base/trace_id.h"
#include "wire/header_values.h"

namespace weir::wire {

inline constexpr size_t traceparent_size = 55;
inline constexpr size_t tracestate_members_max = 32;

// Nothing for version ff, all-zero ids, upper case or any other fault. Of a later version the parts
// that version 00 has are read. Flags that we do not know are cleared.
std::optional<TraceContext> parse_traceparent(std::string_view text);
// Of the values of traceparent; nothing where there is none, or more than one.
std::optional<TraceContext> trace_context_of(HeaderValues values);

// Writes version 00.
void append_traceparent(Buffer& out, const TraceContext& context);

// A member of tracestate, as its grammar has it. A key with '@' is TENANT@SYSTEM as in level 1,
// which harnesses ask for; level 2 takes '@' anywhere, which nobody was seen to use.
bool is_tracestate_key(std::string_view key);
bool is_tracestate_value(std::string_view value);

// The value of one member, over all values of tracestate; empty when it is not there or any of them
// is malformed.
std::string_view tracestate_member(HeaderValues values, std::string_view key);

// Appends the members of all values of tracestate in one list, our own first (none where `own_key`
// or `own_value` is empty) and without an older one of `own_key`; the rightmost is dropped where
// there would be more than 32. When any of it is malformed, has a key twice or over 32 members,
// none of it is kept, and this returns false. Writes nothing when there is nothing.
bool append_tracestate(Buffer& out, HeaderValues values, std::string_view own_key,
                       std::string_view own_value);

}  // namespace weir::wire
