#include "edge/answers.h"
#include "edge/edge_shard.h"
#include "edge/lead.h"
#include "edge/observe.h"
#include "edge/origin_choice.h"
#include "edge/rules/vary.h"
#include "edge/second_tier.h"
#include "edge/serve.h"
#include "edge/steps.h"
#include "edge/stored_answer.h"

namespace weir::edge {
namespace {

using cache::ClaimOutcome;
using runtime::Task;
using Way = CacheUse::Way;

// How often a request looks again when others change what is stored under its eyes.
constexpr unsigned rounds_max = 4;

// Whether what another request fetched is an answer to this one, too.
bool fits(EdgeRequest& request, const cache::Object& object) {
  Buffer& variant = request.edge.variant_scratch();
  variant.clear();
  if (!append_variant_key(variant, StoredAnswer::vary(object), request.head().fields) ||
      variant.view() != StoredAnswer::variant(object))
    return false;
  const StoredAnswer& answer = StoredAnswer::of(object);
  if (!answer.is_part()) return true;
  const std::optional<RangeSpec>& asked = request.cache.part;
  const auto range = asked ? asked->resolve(answer.whole_bytes) : std::nullopt;
  return range && answer.part.contains(*range) &&
         evaluate(request.head().fields, StoredAnswer::representation(object),
                  request.exchange.reactor().wall_now())
             .range_applies;
}

// Whether the fetch of one is the answer to all who have waited for it.
bool is_shared(const cache::Object& object) {
  return may_collapse(StoredAnswer::freshness_of(object), StoredAnswer::of(object).requested);
}

void go_alone(EdgeRequest& request) {
  request.cache.way = Way::pass;
  request.cache.status.detail = "alone";
}

Task<> join(EdgeRequest& request, cache::ObjectRef object) {
  request.cache.result = CacheResult::collapsed;
  request.cache.status.collapsed = true;
  co_await serve_fetched(request, std::move(object));
}

Task<> lead(EdgeRequest& request, cache::Fill fill) {
  Lead lead(request, std::move(fill));
  co_await lead.run();
}

// Who asks with preconditions of its own may get an answer that is none to the others.
constexpr std::string_view conditional_mark = "\n?";

Task<cache::Claim> claim(EdgeRequest& request) {
  if (!request.cache.object && has_precondition(request.head().fields) &&
      !request.cache.variant.ends_with(conditional_mark))
    request.cache.variant += conditional_mark;
  const CacheUse& cache = request.cache;
  const Duration patience = request.generation.config().cache.fill.wait;
  co_return co_await request.edge.store().claim(
      {.key = cache.key,
       .hash = cache.hash,
       .variant = cache.variant,
       .seen = cache.seen,
       .unbound_by = reason_without_force(has_credentials(request.head().fields))},
      request.exchange.wait_at_most(patience));
}

// One round; afterwards the request is answered, or its way is another one.
Task<> ask_once(EdgeRequest& request) {
  cache::Claim claimed = co_await claim(request);
  switch (claimed.outcome) {
    case ClaimOutcome::lead:
      if (!request.cache.object && co_await take_from_disk(request, claimed.fill))
        co_return look_again(request);
      co_return co_await lead(request, std::move(claimed.fill));
    case ClaimOutcome::ready:
      // What comes from disk may be too old.
      if (!fits(request, *claimed.object) || StoredAnswer::of(*claimed.object).from_disk)
        co_return look_again(request);
      if (is_shared(*claimed.object)) co_return co_await join(request, std::move(claimed.object));
      go_alone(request);
      co_return;
    case ClaimOutcome::look_again:
      co_return look_again(request);
    case ClaimOutcome::alone:
    case ClaimOutcome::overloaded:
      go_alone(request);
      co_return;
    case ClaimOutcome::failed:
      co_return co_await stand_in(request, claimed.error);
    case ClaimOutcome::timed_out:
      co_return co_await stand_in(request, {ErrorCode::timed_out, "waited too long for another"});
    case ClaimOutcome::cancelled:
      co_return co_await stand_in(request, {ErrorCode::cancelled, "the edge stops"});
  }
}

// Nobody shall wait for an answer to who is allowed more than others, nor get it unless it says so;
// nor for what each has to ask about for itself.
bool asks_alone(const EdgeRequest& request) {
  const CacheUse& cache = request.cache;
  return request.head().fields.has(wire::KnownField::authorization) || cache.directives.no_store ||
         (cache.object && !may_ever_collapse(StoredAnswer::of(*cache.object).freshness));
}

// From now on it is in memory, or it is not on disk.
Task<> look_on_disk(EdgeRequest& request) {
  cache::Fill fill = request.edge.store().fill_alone(request.cache.key, request.cache.hash);
  const bool found = co_await take_from_disk(request, fill);
  request.cache.disk_asked = true;
  if (!found) fill.decline(Duration(0));
  look_again(request);
}

Task<> ask(EdgeRequest& request) {
  if (asks_alone(request)) {
    if (!request.cache.object && may_be_on_disk(request)) co_await look_on_disk(request);
    if (request.answered() || request.cache.way != Way::ask) co_return;
    co_return co_await lead(request,
                            request.edge.store().fill_alone(request.cache.key, request.cache.hash));
  }
  for (unsigned round = 0; round < rounds_max; ++round) {
    co_await ask_once(request);
    if (request.answered() || request.cache.way != Way::ask) co_return;
  }
  request.cache.way = Way::pass;
}

}  // namespace

Task<> obtain(EdgeRequest& request) {
  if (request.cache.way == Way::disk) co_await look_on_disk(request);
  if (!request.answered() && request.cache.way == Way::ask) co_await ask(request);
  if (request.answered()) co_return;
  if (request.cache.way == Way::purge) co_return co_await purge_own(request);
  if (request.cache.way == Way::serve)
    co_return co_await serve_fetched(request, std::move(request.cache.object));
  co_await fetch(request);
}

}  // namespace weir::edge
