#include "edge/observe.h"

#include "base/units.h"
#include "edge/answers.h"
#include "edge/edge_shard.h"
#include "edge/errand.h"
#include "edge/judge.h"
#include "edge/refresh.h"
#include "edge/rules/cache_key.h"
#include "edge/rules/stored_head.h"
#include "edge/second_tier.h"
#include "edge/steps.h"

namespace weir::edge {
namespace {

using runtime::Task;
using wire::KnownField;

// A purge goes to the owner of the key, and half of this bounds the way there and back; the other
// half is the disk's.
constexpr Duration purge_time = seconds(2);

Task<> drop(EdgeRequest& request, const TargetUrl& url) {
  Buffer key;
  if (!append_key_of(key, request, url)) co_return;
  request.edge.metrics().cache.invalidations.add();
  const Result<> done =
      co_await forget(request.edge, {std::string(key.view()), request.cache.begun.cause},
                      request.exchange.wait_at_most(purge_time));
  if (!done) request.error = "what it changed may still be in the cache";
}

Task<> invalidate(EdgeRequest& request, const wire::ResponseHead& head) {
  const TargetUrl target = target_of(request.head(), scheme_of(request));
  co_await drop(request, target);
  for (const KnownField id : {KnownField::location, KnownField::content_location}) {
    if (!head.fields.has(id)) continue;
    Buffer scratch;
    const auto url = resolve_same_origin(target, head.fields.value(id), scratch);
    if (url && !same_url(*url, target)) co_await drop(request, *url);
  }
}

std::optional<uint64_t> promised_length(const wire::Fields& fields) {
  const Result<uint64_t> length = parse_u64(fields.value(KnownField::content_length));
  return length ? std::optional(*length) : std::nullopt;
}

// The answer to a HEAD: what it says of the answer to GET that is stored.
Task<> compare(EdgeRequest& request, const wire::ResponseHead& head) {
  const cache::Object* found = find_stored(request);
  if (!found) co_return;
  const cache::ObjectRef stored(*found);
  const HeadEffect effect =
      head_effect(head.status, head.fields, StoredAnswer::representation(*stored).validators,
                  stored->body().length());
  if (effect == HeadEffect::invalidate) co_return co_await forget_own(request);
  if (effect != HeadEffect::update) co_return;
  const MonoTime now = request.exchange.reactor().now();
  const FetchTimes times{now - request.origin_time, now, request.exchange.reactor().wall_now()};
  const Errand errand = make_errand(request);
  cache::Fill fill = request.edge.store().fill_alone(request.cache.key, request.cache.hash);
  Draft draft;
  const Judge judge(errand, times, request.edge.date_line());
  const StoreVerdict verdict = judge.update(*stored, head, draft);
  if (verdict == StoreVerdict::store) (void)fill.refresh(*stored, draft.object());
  if (forbids_keeping(verdict)) co_await forget_own(request);
}

// Whether the whole is small enough to be wanted, of which the client got a part.
bool is_small_whole(const EdgeRequest& request, const wire::ResponseHead& head) {
  const uint64_t most = request.generation.config().cache.fill.range_bytes_max;
  if (head.status == 200) return promised_length(head.fields).value_or(UINT64_MAX) <= most;
  if (head.status != 206) return false;
  const auto part = parse_content_range(head.fields.value(KnownField::content_range));
  return part && part->length.value_or(UINT64_MAX) <= most;
}

}  // namespace

wire::Scheme scheme_of(const EdgeRequest& request) {
  const std::string_view told =
      request.trusted ? request.head().fields.value(KnownField::x_forwarded_proto) : "";
  const bool https =
      told.empty() ? request.exchange.secure() : wire::equal_ignoring_case(told, "https");
  return https ? wire::Scheme::https : wire::Scheme::http;
}

bool append_key_of(Buffer& out, const EdgeRequest& request, const TargetUrl& url) {
  return append_cache_key(out, url, request.site->cache.query_rule_for(url.path));
}

Task<Result<>> forget(EdgeShard& edge, Forgotten what, runtime::Wait wait) {
  const Result<uint64_t> done = co_await purge_tiers(
      edge, {.by = cache::PurgeBy::key, .text = std::move(what.key), .cause = what.cause}, wait);
  if (!done) co_return std::unexpected(done.error());
  co_return Result<>{};
}

Task<> forget_own(EdgeRequest& request) {
  co_await drop(request, target_of(request.head(), scheme_of(request)));
}

Task<> purge_own(EdgeRequest& request) {
  // What the successor has in memory by now would stay there.
  if (request.edge.service().handing_over())
    co_return answer_error(request, 503, "a new process takes over; try again");
  TargetUrl url = target_of(request.head(), scheme_of(request));
  // Who purges from inside does so in clear, whatever clients use.
  for (const wire::Scheme scheme : {wire::Scheme::http, wire::Scheme::https}) {
    url.scheme = scheme;
    co_await drop(request, url);
  }
  if (request.error)
    answer_error(request, 503, request.error);
  else
    answer_text(request, 200, "purged\n");
}

Task<> observe(EdgeRequest& request, const wire::ResponseHead& head) {
  if (!request.site->cached) return Task<>::done();
  request.cache.status.forward_status = head.status;
  // What is left of a stored answer's life is not what is left of this one's.
  request.cache.status.ttl_s.reset();
  const wire::RequestMethod method = request.head().method;
  if (invalidates(method, head.status)) return invalidate(request, head);
  if (method == wire::RequestMethod::head) return compare(request, head);
  if (request.cache.wants_whole && is_small_whole(request, head)) fetch_in_background(request);
  return Task<>::done();
}

}  // namespace weir::edge
