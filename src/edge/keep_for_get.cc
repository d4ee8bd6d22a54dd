#include "edge/keep_for_get.h"

#include <algorithm>

#include "edge/edge_shard.h"
#include "edge/judge.h"
#include "edge/lead.h"
#include "edge/observe.h"
#include "edge/take_in.h"

namespace weir::edge {

using runtime::Task;
using wire::KnownField;

// Whether the answer names the request's own URL, and nothing that the key does not hold can have
// made it what it is: on the way of a POST neither the query nor the fields are cut down to the
// key.
bool is_answer_to_get(const EdgeRequest& request, const wire::ResponseHead& head) {
  const wire::RequestHead& asked = request.head();
  if (asked.method != wire::RequestMethod::post || head.status != 200 || request.grpc) return false;
  if (!request.site->cached || !head.fields.has(KnownField::content_location)) return false;
  const CachePolicy& policy = request.site->cache;
  if (policy.bypasses(asked.fields) || policy.query_rule_for(asked.path).rewrites()) return false;
  const FieldFilter unkeyed{{}, request.generation.config().cache.unkeyed_headers};
  if (std::ranges::any_of(asked.fields, unkeyed)) return false;
  const TargetUrl target = target_of(asked, scheme_of(request));
  Buffer scratch;
  const auto named =
      resolve_same_origin(target, head.fields.value(KnownField::content_location), scratch);
  return named && same_url(*named, target);
}

void begin_change(EdgeRequest& request) {
  if (request.head().method != wire::RequestMethod::post || !request.site->cached) return;
  Buffer& key = request.edge.key_scratch();
  key.clear();
  if (!append_key_of(key, request, target_of(request.head(), scheme_of(request)))) return;
  cache::ShardStore& store = request.edge.store();
  request.cache.begun = store.begin_change(store.store().hash_of(key.view()));
}

Task<bool> keep_for_get(EdgeRequest& request, std::unique_ptr<net::OriginExchange>& origin,
                        const wire::ResponseHead& head, FetchTimes times) {
  Buffer key;
  if (!append_key_of(key, request, target_of(request.head(), scheme_of(request)))) co_return false;
  EdgeShard& edge = request.edge;
  CacheUse& cache = request.cache;
  cache.key = key.view();
  cache.hash = edge.store().store().hash_of(key.view());
  cache.directives = request_directives(request.head().fields);
  Errand errand = make_errand(request);
  errand.facts.method = wire::RequestMethod::post;
  errand.content_of_target = true;
  Draft draft;
  const Judge judge(errand, times, edge.date_line());
  if (judge.answer(head, draft) != StoreVerdict::store) co_return false;
  cache::Fill fill = edge.store().fill_alone(cache.key, cache.hash, cache.begun);
  if (!has_room_for_fill(edge, request.generation) ||
      !fill.publish(draft.object(), length_of(head))) {
    fill.decline(Duration(0));
    co_return false;
  }
  cache.status.stored = true;
  cache::ObjectRef object(*fill.object());
  FetchedAnswer answer{.exchange = std::move(origin), .head = &head, .times = times};
  take_in_beside(edge, request.generation, std::move(answer), std::move(fill));
  (void)co_await edge.store().settled(cache.hash,
                                      {request.exchange.deadline(), &edge.shard().closing()});
  co_await serve_fetched(request, std::move(object));
  co_return true;
}

}  // namespace weir::edge
