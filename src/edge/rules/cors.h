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

// Appends the fields of an answer to a request with this Origin (empty: it has none). Vary is
// written whenever the answer depends on the origin, also when it is refused, so that caches keep
// the answers apart.
void append_cors_fields(Buffer& out, const CorsPolicy& policy, std::string_view origin);
// Appends the fields that only the answer to a preflight has.
void append_preflight_fields(Buffer& out, const CorsPolicy& policy,
                             const wire::RequestHead& request);

}  // namespace weir::edge
