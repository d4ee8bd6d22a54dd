#include "edge/rules/cors.h"

#include <algorithm>
#include <array>

#include "wire/http1_write.h"

namespace weir::edge {
namespace {

bool any_origin(const CorsPolicy& policy) {
  return std::ranges::find(policy.allow_origins, "*") != policy.allow_origins.end();
}

void append_list(Buffer& out, std::string_view name, const std::vector<std::string>& values) {
  if (values.empty()) return;
  out.append(name);
  std::string_view before = ": ";
  for (const std::string& value : values) {
    out.append(before);
    out.append(value);
    before = ", ";
  }
  out.append("\r\n");
}

}  // namespace

bool CorsPolicy::allows(std::string_view origin) const {
  return !origin.empty() &&
         (any_origin(*this) || std::ranges::find(allow_origins, origin) != allow_origins.end());
}

bool is_preflight(const wire::RequestHead& request) {
  return request.method == wire::RequestMethod::options &&
         request.fields.has(wire::KnownField::origin) &&
         request.fields.has(wire::KnownField::access_control_request_method);
}

bool is_cors_field(std::string_view name) {
  constexpr std::string_view prefix = "access-control-";
  return wire::equal_ignoring_case(name.substr(0, prefix.size()), prefix);
}

bool is_written_by_cors(std::string_view name) {
  static constexpr std::array<std::string_view, 6> names{
      "access-control-allow-origin",  "access-control-allow-credentials",
      "access-control-allow-methods", "access-control-allow-headers",
      "access-control-max-age",       "access-control-expose-headers"};
  return std::ranges::any_of(
      names, [name](std::string_view other) { return wire::equal_ignoring_case(name, other); });
}

void append_cors_fields(Buffer& out, const CorsPolicy& policy, std::string_view origin) {
  // With credentials the standard forbids "*", so the origin is named and the answer depends on it.
  const bool wildcard = any_origin(policy) && !policy.allow_credentials;
  if (!wildcard) out.append("Vary: Origin\r\n");
  if (!policy.allows(origin)) return;
  wire::append_field(out, "Access-Control-Allow-Origin", wildcard ? "*" : origin);
  if (policy.allow_credentials) out.append("Access-Control-Allow-Credentials: true\r\n");
  append_list(out, "Access-Control-Expose-Headers", policy.expose_headers);
}

void append_preflight_fields(Buffer& out, const CorsPolicy& policy,
                             const wire::RequestHead& request) {
  if (!policy.allows(request.fields.value(wire::KnownField::origin))) return;
  append_list(out, "Access-Control-Allow-Methods", policy.allow_methods);
  const bool any = std::ranges::find(policy.allow_headers, "*") != policy.allow_headers.end();
  const std::string_view asked =
      request.fields.value(wire::KnownField::access_control_request_headers);
  if (any) {
    if (!asked.empty()) wire::append_field(out, "Access-Control-Allow-Headers", asked);
  } else {
    append_list(out, "Access-Control-Allow-Headers", policy.allow_headers);
  }
  if (policy.max_age > Duration::zero())
    wire::append_field(out, "Access-Control-Max-Age",
                       static_cast<uint64_t>(policy.max_age / seconds(1)));
}

}  // namespace weir::edge
