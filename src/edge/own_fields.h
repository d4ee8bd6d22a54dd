#pragma once
// Own fields: the header fields that the edge writes itself or never passes on, in each direction.
// What came under these names is left out of what is forwarded; a configuration that sets or
// removes one is refused, since it would say what the message does not.

#include "wire/http_fields.h"

namespace weir::edge {

// Of requests to origins.
inline constexpr wire::KnownFieldSet own_in_request{wire::KnownField::host,
                                                    wire::KnownField::content_length,
                                                    wire::KnownField::transfer_encoding,
                                                    wire::KnownField::te,
                                                    wire::KnownField::expect,
                                                    wire::KnownField::upgrade,
                                                    wire::KnownField::via,
                                                    wire::KnownField::x_forwarded_for,
                                                    wire::KnownField::x_forwarded_proto,
                                                    wire::KnownField::x_forwarded_host,
                                                    wire::KnownField::x_forwarded_port,
                                                    wire::KnownField::x_real_ip,
                                                    wire::KnownField::forwarded,
                                                    wire::KnownField::x_request_id,
                                                    wire::KnownField::traceparent,
                                                    wire::KnownField::tracestate,
                                                    wire::KnownField::baggage};

// Of these a trusted peer's own are kept; the configuration may set them.
inline constexpr wire::KnownFieldSet kept_from_trusted{
    wire::KnownField::x_forwarded_port, wire::KnownField::x_real_ip, wire::KnownField::baggage};

// Of answers to clients.
inline constexpr wire::KnownFieldSet own_in_response{
    wire::KnownField::content_length, wire::KnownField::transfer_encoding,
    wire::KnownField::upgrade, wire::KnownField::via};
// Beside them, by name: it is told to trusted peers only (keep_hint.h), and never stored.
inline constexpr std::string_view keep_hint_field = "trace-keep";
inline bool is_keep_hint(const wire::Field& field) {
  return field.id == wire::KnownField::unknown && field.name.size() == keep_hint_field.size() &&
         wire::equal_ignoring_case(field.name, keep_hint_field);
}

// Framing and what concerns one connection: in neither direction a matter of configuration.
inline constexpr wire::KnownFieldSet of_connection{
    wire::KnownField::connection, wire::KnownField::keep_alive, wire::KnownField::proxy_connection,
    wire::KnownField::trailer, wire::KnownField::te};

}  // namespace weir::edge
