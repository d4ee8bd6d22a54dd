#pragma once
// The step that answers from a stored object, whole or still arriving: with the preconditions and
// ranges of the request (RFC 9110 13, 14) applied to it.

#include "edge/cache/object.h"
#include "edge/edge_request.h"
#include "runtime/task.h"

namespace weir::edge {

// Answers at once, if the body is small and all here; false: nothing was done, serve() will.
// Allocates nothing and takes no lock.
bool serve_at_once(EdgeRequest& request, const cache::Object& object);

// Answers from the object, which may still be arriving: the head goes out now, the body as it
// comes. An error when it broke off before anything had left; then nothing of it is in out().
runtime::Task<Result<>> serve(EdgeRequest& request, cache::ObjectRef object);

}  // namespace weir::edge
