#pragma once
// Cross-origin resource sharing (Fetch standard, 3.2): what a site allows pages of other origins to
// do with it. Pure decisions; the edge writes the fields.

#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/time.h"
#include "wire/http1_request.h"

namespace weir::edge {

struct CorsPolicy {
  std::vector<std::string> allow_origins{};  // "https://a.example", or "*"
  std::vector<std::string> allow_methods{};
  std::vector<std::string> allow_headers{};  // "*": whatever is asked for
  std::vector<std::string> expose_headers{};
  bool allow_credentials = false;
  Duration max_age{};

  // Whether pages of `origin` (the field's value) may read the answers.
  bool allows(std::string_view origin) const;
};

// A preflight: an OPTIONS request that asks for a method on behalf of an origin.
bool is_preflight(const wire::RequestHead& request);

// Whether a field of an answer is about CORS. With a policy of the site's own those of its origins
// are not passed on: browsers would refuse both together, and a page that the site does not allow
// could read the answer after all.
bool is_cors_field(std::string_view name);
// Whether it is one of those that a policy writes, now or with other settings: to set it by hand
// beside the policy is an error. Others, such as Access-Control-Allow-Private-Network, can be set.
bool is_written_by_cors(std::string_view name);

// Appends the fields of an answer to a request with this Origin (empty: it has none). Vary is
// written whenever the answer depends on the origin, also when it is refused, so that caches keep
// the answers apart.
void append_cors_fields(Buffer& out, const CorsPolicy& policy, std::string_view origin);
// Appends the fields that only the answer to a preflight has.
void append_preflight_fields(Buffer& out, const CorsPolicy& policy,
                             const wire::RequestHead& request);

}  // namespace weir::edge
