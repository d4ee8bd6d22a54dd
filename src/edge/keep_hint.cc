#include "edge/keep_hint.h"

#include "edge/edge_shard.h"
#include "edge/own_fields.h"

namespace weir::edge {

void take_keep_hint(EdgeShard& edge, telemetry::Trace& trace, const net::OriginExchange& origin,
                    const wire::Fields& fields) {
  const wire::Field* field = fields.find(keep_hint_field);
  if (!field || (field->value != "?1" && !field->value.starts_with("?1;"))) return;
  const bool believed = origin.trusted();
  if (believed) trace.keep();
  edge.metrics().count_keep_hint(believed);
}

void pass_on_keep_hint(EdgeRequest& request) {
  if (request.trusted && request.trace.keep_requested()) request.out().append("Trace-Keep: ?1\r\n");
}

}  // namespace weir::edge
