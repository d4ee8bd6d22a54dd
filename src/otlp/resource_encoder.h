#pragma once
// What requests of every signal begin with, encoded once: the Resource, and the scope that all of
// it was recorded in.

#include "base/buffer.h"
#include "otlp/resource.h"

namespace weir::otlp {

// Appends `resource` as field 1 of ResourceSpans, ResourceMetrics and ResourceLogs.
void append_resource(Buffer& out, const Resource& resource);
// Appends the scope as field 1 of ScopeSpans, ScopeMetrics and ScopeLogs.
void append_scope(Buffer& out, const Resource& resource);

}  // namespace weir::otlp
