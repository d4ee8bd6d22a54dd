#pragma once
// What a change makes void (RFC 9111 4.4): after an answer without error to an unsafe method, the
// URL itself, and those that its Location and Content-Location name on the same origin.

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/buffer.h"
#include "wire/http1_request.h"
#include "wire/http_fields.h"
#include "wire/url.h"

namespace weir::edge {

// RFC 9110 9.2.1; what we do not know is unsafe.
bool is_safe(wire::RequestMethod method);
// Whether the answer makes stored ones void.
bool invalidates(wire::RequestMethod method, uint16_t status);

// A URL as requests name it.
struct TargetUrl {
  wire::Scheme scheme = wire::Scheme::http;
  wire::Authority host;
  std::string_view path;   // from its '/'
  std::string_view query;  // without '?'
  bool has_query = false;
};
TargetUrl target_of(const wire::RequestHead& request, wire::Scheme scheme);

// `reference` (a Location, Content-Location) as seen from `base` (RFC 3986 5.2), when it is on the
// same origin: scheme, host and port. The result views `base`, `reference` and `scratch`.
std::optional<TargetUrl> resolve_same_origin(const TargetUrl& base, std::string_view reference,
                                             Buffer& scratch);
bool same_url(const TargetUrl& a, const TargetUrl& b);

}  // namespace weir::edge
