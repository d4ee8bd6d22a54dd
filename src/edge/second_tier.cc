#include "edge/second_tier.h"

#include <algorithm>
#include <cstring>
#include <deque>

#include "edge/edge_request.h"
#include "edge/rules/vary.h"
#include "edge/stored_answer.h"
#include "edge/take_in.h"

namespace weir::edge {
namespace {

using runtime::Task;

// How long a stop takes to write what would be lost, and how much of it waits at a time.
constexpr Duration stop_time = seconds(3);
constexpr uint64_t waiting_bytes_max = 8 << 20;
// Larger bodies are not copied for the way to the disk, but held in memory meanwhile.
constexpr uint64_t copied_bytes_max = 256 * 1024;

StoredAnswer answer_in(std::string_view meta) {
  StoredAnswer answer;
  if (meta.size() >= sizeof answer)
    std::memcpy(static_cast<void*>(&answer), meta.data(), sizeof answer);
  return answer;
}

// What is too old but has a validator saves the body's way from the origin, for about this long.
constexpr Duration kept_for_validation = hours(7 * 24);

bool has_validator(const StoredAnswer& answer) {
  return answer.entity_tag.size > 0 || answer.last_modified.size > 0;
}

// From when on it could not be used any more, whatever a request allows.
MonoTime useless_from(const StoredAnswer& answer) {
  const StoredFreshness& freshness = answer.freshness;
  Duration stale = std::max(freshness.stale_while_revalidate, freshness.stale_if_error);
  if (has_validator(answer)) stale = std::max(stale, kept_for_validation);
  return after(freshness.born, freshness.lifetime + stale);
}

// An object on its way to the disk. Memory that an eviction wants back is not held up by it.
class ObjectSource final : public disk::DiskSource {
 public:
  ObjectSource(const cache::Object& object, const runtime::Reactor& reactor) {
    const StoredAnswer& answer = StoredAnswer::of(object);
    if (object.body().published() > copied_bytes_max) object_ = cache::ObjectRef(object);
    draft_.key = keep(object.key());
    draft_.variant = keep(object.variant());
    draft_.meta = keep_meta(object);
    draft_.head = keep(object.head());
    for (const cache::TagLink& tag : cache::ShardStore::tags_of(object))
      draft_.tags.push_back(keep(tag.text));
    draft_.body_bytes = object.body().published();
    if (!object_) copy_body(object.body());
    draft_.stored = answer.requested;
    draft_.expires = reactor.wall_now() + (useless_from(answer) - reactor.now());
    draft_.stale = object.made_stale();
    draft_.from_disk = answer.from_disk;
  }

  std::string_view body(uint64_t offset) const override {
    return object_ ? object_->body().view(offset) : body_.view().substr(offset);
  }

 private:
  std::string_view keep(std::string_view text) {
    return object_ ? text : std::string_view(texts_.emplace_back(text));
  }
  // What a soft purge did is written as a lifetime that has ended then.
  std::string_view keep_meta(const cache::Object& object) {
    if (!object.made_stale()) return keep(object.meta());
    StoredAnswer answer = StoredAnswer::of(object);
    answer.freshness = StoredAnswer::freshness_of(object);
    std::string& meta = texts_.emplace_back(object.meta());
    std::memcpy(meta.data(), static_cast<const void*>(&answer), sizeof answer);
    return meta;
  }
  void copy_body(const cache::Body& from) {
    (void)body_.reserve(from.published());
    for (uint64_t at = 0; at < from.published();) {
      const std::string_view run = from.view(at);
      body_.append(run);
      at += run.size();
    }
  }

  cache::ObjectRef object_;
  std::deque<std::string> texts_;
  Buffer body_;
};

void on_evict(void* owner, const cache::Object& object, bool hit) {
  auto& edge = *static_cast<EdgeShard*>(owner);
  if (hit && object.kind() == cache::ObjectKind::answer) offer_to_disk(edge, object);
}

bool fits(void* wish, std::string_view variant, std::string_view meta) {
  const StoredAnswer answer = answer_in(meta);
  if (meta.size() < sizeof answer + answer.vary_bytes) return false;
  Buffer own;
  return append_variant_key(own, meta.substr(sizeof answer, answer.vary_bytes),
                            static_cast<DiskWish*>(wish)->fields) &&
         own.view() == variant;
}

// The meta block as it is in this run of the program.
std::string meta_of(const disk::DiskAnswer& found, StoredAnswer& answer) {
  std::string meta(found.meta());
  answer = answer_in(meta);
  StoredFreshness& freshness = answer.freshness;
  freshness.born += found.shift();
  answer.requested += found.shift();
  answer.from_disk = true;
  // When it was purged is not known, but that it was not before this.
  if (found.stale())
    freshness.lifetime = std::min(freshness.lifetime, freshness.age(found.written()));
  std::memcpy(meta.data(), static_cast<const void*>(&answer), sizeof answer);
  return meta;
}

Task<Result<>> pump(disk::DiskAnswer& found, cache::Fill& fill, runtime::Wait wait) {
  for (;;) {
    const Result<std::string_view> piece = co_await found.next(wait);
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) break;
    WEIR_CO_CHECK(co_await fill.append_all(*piece, wait));
  }
  co_return fill.complete();
}

disk::PurgeKind kind_on_disk(cache::PurgeBy by) {
  switch (by) {
    case cache::PurgeBy::key:
      return disk::PurgeKind::key;
    case cache::PurgeBy::prefix:
      return disk::PurgeKind::prefix;
    case cache::PurgeBy::tag:
      break;
  }
  return disk::PurgeKind::tag;
}

runtime::Wait half_of(runtime::Wait wait, MonoTime now) {
  return {now + (wait.until - now) / 2, wait.cancel};
}

// Outlives the client that began it, as every fill does.
Task<> bring_back(EdgeShard& edge, std::unique_ptr<disk::DiskAnswer> found, cache::Fill fill) {
  const runtime::Wait wait{after(edge.shard().now(), edge.config().cache.fill.timeout),
                           &edge.fills().cancel()};
  const Result<> done = co_await pump(*found, fill, wait);
  if (!done && fill) fill.fail(done.error(), cache::OnFailure::hand_on);
}

}  // namespace

void offer_to_disk(EdgeShard& edge, const cache::Object& object) {
  // What was given up has lost its beginning.
  const cache::Body& body = object.body();
  if (!edge.disk().on() || body.state() != cache::BodyState::complete || body.given_up()) return;
  const runtime::Reactor& reactor = edge.shard().reactor();
  const StoredAnswer& answer = StoredAnswer::of(object);
  if (answer.is_part() || useless_from(answer) <= reactor.now()) return;
  edge.disk().offer(std::make_unique<ObjectSource>(object, reactor));
}

void start_second_tier(EdgeShard& edge) {
  edge.store().on_evict(on_evict, &edge);
  edge.disk().start();
}

Task<> stop_second_tier(EdgeShard& edge) {
  runtime::Reactor& reactor = edge.shard().reactor();
  const MonoTime end = after(reactor.now(), stop_time);
  uint64_t cursor = 0;
  bool more = edge.disk().on();
  while (more && reactor.now() < end) {
    cursor = edge.store().visit_owned(cursor, [&edge](const cache::Object& object, bool hit) {
      if (hit && !StoredAnswer::of(object).from_disk) offer_to_disk(edge, object);
    });
    more = cursor != 0;
    const bool crowded = edge.disk().waiting_bytes() > waiting_bytes_max;
    (void)co_await runtime::sleep(reactor,
                                  {after(reactor.now(), crowded ? milliseconds(5) : Duration(0))});
  }
  if (edge.disk().on()) co_await edge.disk().last_offer_made({end});
  co_await edge.disk().stop();
  edge.store().on_evict(nullptr, nullptr);
}

Task<std::optional<cache::ObjectRef>> take_from_disk(EdgeShard& edge, DiskWish wish,
                                                     cache::Fill& fill, runtime::Wait wait) {
  std::unique_ptr<disk::DiskAnswer> found =
      co_await edge.disk().find(wish.key, {fits, &wish}, {wait.until});
  if (!found) co_return std::nullopt;
  StoredAnswer answer;
  const MonoTime now = edge.shard().now();
  const std::string meta = meta_of(*found, answer);
  if (useless_from(answer) <= now) co_return std::nullopt;
  const std::vector<std::string_view> tags = found->tags();
  const cache::ObjectDraft draft{
      .variant = found->variant(), .head = found->head(), .meta = meta, .tags = tags};
  if (!fill.publish(draft, found->body_bytes())) co_return std::nullopt;
  cache::ObjectRef object(*fill.object());
  edge.fills().spawn(bring_back(edge, std::move(found), std::move(fill)));
  (void)co_await edge.store().settled(wish.key_hash, wait);
  co_return object;
}

Task<bool> take_from_disk(EdgeRequest& request, cache::Fill& fill) {
  CacheUse& cache = request.cache;
  if (!may_be_on_disk(request) || !has_room_for_fill(request.edge, request.generation))
    co_return false;
  cache.disk_asked = true;
  const auto object =
      co_await take_from_disk(request.edge, {cache.key, cache.hash, request.head().fields}, fill,
                              {request.exchange.deadline(), &request.edge.shard().closing()});
  if (object) cache.status.detail = "disk";
  co_return object.has_value();
}

// The disk first: see DiskShard::purge().
Task<Result<uint64_t>> purge_tiers(EdgeShard& edge, cache::PurgeRequest request,
                                   runtime::Wait wait) {
  const Result<> on_disk = co_await edge.disk().purge(
      kind_on_disk(request.by), request.text, request.soft, half_of(wait, edge.shard().now()));
  const Result<uint64_t> in_memory = co_await edge.store().purge(std::move(request), wait);
  if (in_memory && !on_disk) co_return std::unexpected(on_disk.error());
  co_return in_memory;
}

bool may_be_on_disk(const EdgeRequest& request) {
  return !request.cache.disk_asked && request.edge.disk().on();
}

}  // namespace weir::edge
