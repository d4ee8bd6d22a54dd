#include "edge/refresh.h"

#include <array>
#include <optional>

#include "edge/assemble.h"
#include "edge/errand.h"
#include "edge/judge.h"
#include "edge/observe.h"
#include "edge/second_tier.h"
#include "edge/take_in.h"
#include "runtime/waiter.h"

namespace weir::edge {
namespace {

using runtime::Task;

// Nobody asks again so soon, however often the stale answer is served meanwhile.
constexpr Duration pause_after_failure = seconds(1);
constexpr Error origin_failed{ErrorCode::refused, "the origin answered with an error"};
constexpr size_t fields_max = 128;
// For the way to the owner of the key and back, or until somebody else has fetched it.
constexpr Duration claim_time = seconds(1);
constexpr unsigned claims_max = 2;

// An answer that is there, or cannot be.
bool is_whole(const cache::Object& newest, std::string_view unbound_by, MonoTime now) {
  if (newest.kind() == cache::ObjectKind::answer) return !is_part(newest);
  return newest.uncacheable(now) && !newest.declined_for(unbound_by);
}

// For how long it is remembered that an answer could not be stored.
Duration remembered(EdgeShard& edge, const Errand& errand, uint16_t status, StoreVerdict verdict) {
  const bool unmarked = errand.part || is_about_request(status, verdict);
  return unmarked ? Duration(0) : edge.config().cache.fill.uncacheable_time;
}

// Stores what an origin answered, or lets it be. `old`: what was asked about, where that was.
Task<Settled> settle(EdgeShard& edge, const Errand& errand, FetchedAnswer answer, cache::Fill fill,
                     const cache::Object* old) {
  CacheMetrics& metrics = edge.metrics().cache;
  const wire::ResponseHead& head = *answer.head;
  const Judge judge(errand, answer.times, edge.date_line());
  Draft draft;
  const bool error = is_error_for_stale(head.status);
  if (old && error) {
    metrics.unanswered.add();
    fill.fail(origin_failed, cache::OnFailure::share);
    co_return Settled::failed;
  }
  if (head.status == 304) {
    WEIR_ASSERT(old);  // without it nothing is asked that a 304 may be the answer to
    if (!confirms(head.fields, StoredAnswer::representation(*old).validators))
      co_return Settled::failed;
    metrics.same.add();
    const MonoTime until = after(edge.shard().now(), edge.config().cache.fill.timeout);
    co_await until_whole(edge, *old, {until, &edge.fills().cancel()});
    const StoreVerdict verdict = judge.update(*old, head, draft);
    if (verdict == StoreVerdict::store) (void)fill.refresh(*old, draft.object());
    answer.exchange->finish();
    if (!forbids_keeping(verdict)) co_return Settled::stored;
    (void)co_await forget(edge, {errand.key}, {until, &edge.fills().cancel()});
    co_return Settled::not_storable;
  }
  if (old) metrics.changed.add();
  const StoreVerdict verdict = judge.answer(head, draft);
  if (verdict == StoreVerdict::store) put_in_place(edge, errand, draft);
  if (verdict != StoreVerdict::store || !fill.publish(draft.object(), length_of(head))) {
    // A mark would send everybody to an origin that fails.
    if (error) {
      fill.fail(origin_failed, cache::OnFailure::share);
      co_return Settled::failed;
    }
    // Nor is the want of memory a reason to leave unused what is stored.
    const bool no_room = verdict == StoreVerdict::store;
    fill.decline(old && no_room ? Duration(0) : remembered(edge, errand, head.status, verdict),
                 no_room ? "no-room" : to_string(verdict));
    co_return Settled::not_storable;
  }
  const bool whole = co_await take_in(edge, std::move(answer), std::move(fill));
  co_return whole ? Settled::stored : Settled::failed;
}

// From the parts that are stored; nullopt: they are of no use.
Task<std::optional<Settled>> settle_from_parts(EdgeShard& edge, Errand& errand, OriginFetch& fetch,
                                               cache::Fill& fill, runtime::Wait wait) {
  Pieces pieces = co_await gather(edge, errand, {}, fetch, wait);
  switch (pieces.kind) {
    case Pieces::Kind::none:
      co_return std::nullopt;
    case Pieces::Kind::failed:
      fill.fail(pieces.error, cache::OnFailure::share);
      co_return Settled::failed;
    case Pieces::Kind::other:
      co_return co_await settle(edge, errand, *std::move(pieces.answer), std::move(fill), nullptr);
    case Pieces::Kind::ready:
      break;
  }
  if (!publish(edge, errand, pieces, fill)) co_return std::nullopt;
  const bool whole = co_await assemble(edge, std::move(pieces), std::move(fill));
  co_return whole ? Settled::stored : Settled::failed;
}

}  // namespace

Task<Settled> fetch_and_settle(EdgeShard& edge, ShardGeneration& generation, Errand& errand,
                               cache::Fill fill, const cache::Object* old) {
  edge.metrics().cache.refreshes.add();
  telemetry::Trace trace(edge.tracer());
  const runtime::Wait wait{after(edge.shard().now(), generation.config().cache.fill.timeout),
                           &edge.fills().cancel()};
  if (!old) {
    OriginFetch rest(edge, generation, errand.site_index, trace, nullptr);
    const auto settled = co_await settle_from_parts(edge, errand, rest, fill, wait);
    if (settled) co_return *settled;
  }
  OriginFetch fetch(edge, generation, errand.site_index, trace, nullptr);
  if (old) append_whether(errand.ask, StoredAnswer::representation(*old).validators);
  append_part_asked(errand.ask.fields, errand);
  Result<FetchedAnswer> answer = co_await fetch.run(errand.ask, wait);
  if (answer) co_return co_await settle(edge, errand, *std::move(answer), std::move(fill), old);
  if (old) edge.metrics().cache.unanswered.add();
  fill.fail(answer.error(), cache::OnFailure::share);
  co_return Settled::failed;
}

Task<Settled> obtain_and_settle(EdgeShard& edge, ShardGeneration& generation, Errand& errand,
                                cache::Fill fill) {
  std::optional<cache::ObjectRef> old;
  if (edge.disk().on()) {
    std::array<wire::Field, fields_max> storage;
    wire::Fields fields{std::span(storage)};
    const runtime::Wait wait{after(edge.shard().now(), generation.config().cache.fill.timeout),
                             &edge.fills().cancel()};
    if (read_field_lines(errand.fields.view(), fields))
      old = co_await take_from_disk(edge, {errand.key, errand.key_hash, fields}, fill, wait);
  }
  if (!old) co_return co_await fetch_and_settle(edge, generation, errand, std::move(fill), nullptr);
  if (StoredAnswer::freshness_of(**old).fresh(edge.shard().now())) co_return Settled::stored;
  co_return co_await fetch_and_settle(
      edge, generation, errand, edge.store().fill_alone(errand.key, errand.key_hash), old->get());
}

namespace {

Task<> refresh(EdgeShard& edge, ShardGeneration& generation, Errand errand, cache::ObjectRef old,
               cache::Fill fill) {
  const Settled settled =
      co_await fetch_and_settle(edge, generation, errand, std::move(fill), old.get());
  if (settled != Settled::stored) {
    const MonoTime until = after(edge.shard().now(), pause_after_failure);
    (void)co_await runtime::sleep(edge.shard().reactor(), {until, &edge.fills().cancel()});
  }
  old->end_refresh();
  edge.leave(generation);
}

Task<> fetch_new(EdgeShard& edge, ShardGeneration& generation, Errand errand) {
  co_await fetch_if_missing(edge, generation, errand);
  edge.leave(generation);
}

}  // namespace

Task<> fetch_if_missing(EdgeShard& edge, ShardGeneration& generation, Errand& errand) {
  const std::string_view unbound_by =
      reason_without_force(errand.facts.has_cookie || errand.facts.has_authorization);
  for (unsigned round = 0; round < claims_max; ++round) {
    const cache::Object* newest = edge.store().find(errand.key, errand.key_hash);
    if (newest && is_whole(*newest, unbound_by, edge.shard().now())) co_return;
    const runtime::Wait wait{after(edge.shard().now(), claim_time), &edge.fills().cancel()};
    cache::Claim claim = co_await edge.store().claim({.key = errand.key,
                                                      .hash = errand.key_hash,
                                                      .seen = newest ? newest->stamp() : 0,
                                                      .unbound_by = unbound_by},
                                                     wait);
    if (claim.outcome == cache::ClaimOutcome::lead)
      (void)co_await obtain_and_settle(edge, generation, errand, std::move(claim.fill));
    // The part that we come from was not in the index yet.
    if (claim.outcome != cache::ClaimOutcome::look_again) co_return;
  }
}

void refresh_in_background(EdgeRequest& request, const cache::Object& object) {
  EdgeShard& edge = request.edge;
  if (!object.begin_refresh()) return;
  if (!has_room_for_fill(edge, request.generation)) return object.end_refresh();
  if (request.cache.key.empty()) request.cache.key = edge.key_scratch().view();
  edge.enter(request.generation);
  edge.fills().spawn(refresh(edge, request.generation, make_errand(request),
                             cache::ObjectRef(object),
                             edge.store().fill_alone(request.cache.key, request.cache.hash)));
}

void fetch_in_background(EdgeRequest& request) {
  EdgeShard& edge = request.edge;
  if (!has_room_for_fill(edge, request.generation)) return;
  edge.enter(request.generation);
  edge.fills().spawn(fetch_new(edge, request.generation, for_whole(make_errand(request))));
}

}  // namespace weir::edge
