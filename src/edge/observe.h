#pragma once
// What an answer that passes the cache by means for what is stored: a change makes it void (RFC
// 9111 4.4), the answer to a HEAD confirms or refutes it (4.3.5), a part makes us want the whole.

#include "edge/edge_request.h"
#include "edge/rules/invalidation.h"
#include "runtime/task.h"
#include "wire/http1_response.h"

namespace weir::edge {

// Before the answer goes to the client: what it made void is not served any more by then.
runtime::Task<> observe(EdgeRequest& request, const wire::ResponseHead& head);

// Removes what is stored under a key, in memory and on disk. `cause`: of a fetch that is not
// touched (cache::PurgeRequest).
struct Forgotten {
  std::string key;
  uint64_t cause = 0;
};
runtime::Task<Result<>> forget(EdgeShard& edge, Forgotten what, runtime::Wait wait);
// The same for the request's own address.
runtime::Task<> forget_own(EdgeRequest& request);
// Removes what is stored there for http and https, and says so.
runtime::Task<> purge_own(EdgeRequest& request);

// Writes the cache key of `url` at this site; false: it is too long for one.
bool append_key_of(Buffer& out, const EdgeRequest& request, const TargetUrl& url);
// The scheme that the client used, as trusted peers say.
wire::Scheme scheme_of(const EdgeRequest& request);

}  // namespace weir::edge
