#include "edge/take_in.h"

#include "edge/refresh.h"
#include "edge/second_tier.h"
#include "edge/stored_answer.h"

namespace weir::edge {
namespace {

using runtime::Task;
using wire::BodyFraming;

// So much of a body comes although nobody reads it yet, or any more.
constexpr uint64_t unread_bytes_max = 1 << 20;

// Whether it is found by everybody, and nobody reads it or is about to.
bool is_left_alone(const cache::Object& object) {
  constexpr uint32_t of_our_own = 3;  // of the fill, of the task that takes it in, of the index
  return object.stamp() > 0 && object.references() <= of_our_own &&
         cache::Feed::lowest(object.body()) == UINT64_MAX;
}

Task<Result<>> pump(net::OriginExchange& origin, cache::Fill& fill, BodyBounds bounds,
                    runtime::Wait wait) {
  WEIR_CO_CHECK(co_await append_body(origin, fill, bounds, wait));
  co_return fill.complete();
}

Task<> hold_and_take_in(EdgeShard& edge, ShardGeneration& generation, FetchedAnswer answer,
                        cache::Fill fill, std::optional<Errand> then) {
  const bool whole = co_await take_in(edge, std::move(answer), std::move(fill));
  if (whole && then) co_await fetch_if_missing(edge, generation, *then);
  edge.leave(generation);
}

}  // namespace

std::optional<uint64_t> length_of(const wire::ResponseHead& head) {
  if (head.framing.kind == BodyFraming::Kind::none) return 0;
  if (head.framing.kind == BodyFraming::Kind::content_length) return head.framing.length;
  return std::nullopt;
}

Task<bool> take_in(EdgeShard& edge, FetchedAnswer answer, cache::Fill fill) {
  CacheMetrics& metrics = edge.metrics().cache;
  metrics.fills_running.add();
  const runtime::Wait wait{after(edge.shard().now(), edge.config().cache.fill.timeout),
                           &edge.fills().cancel()};
  const cache::ObjectRef object(*fill.object());
  const BodyBounds bounds{.only_for_readers = is_only_for_readers(edge, *object)};
  const Result<> done = co_await pump(*answer.exchange, fill, bounds, wait);
  end_of_fill(edge, *object, done, fill);
  metrics.fills_running.subtract();
  co_return done.has_value();
}

void take_in_beside(EdgeShard& edge, ShardGeneration& generation, FetchedAnswer answer,
                    cache::Fill fill, std::optional<Errand> then) {
  edge.enter(generation);
  edge.fills().spawn(
      hold_and_take_in(edge, generation, std::move(answer), std::move(fill), std::move(then)));
}

Task<Result<>> append_body(net::OriginExchange& origin, cache::Fill& fill, BodyBounds bounds,
                           runtime::Wait wait) {
  uint64_t bytes = 0;
  while (!origin.body().done()) {
    const Result<std::string_view> piece = co_await origin.read(wait);
    if (!piece) co_return std::unexpected(piece.error());
    bytes += piece->size();
    if (bytes > bounds.most) co_return fail(ErrorCode::invalid, "more bytes than promised");
    WEIR_CO_TRY(const size_t taken, fill.append(*piece));
    // Without a frame of its own where all was taken.
    if (taken < piece->size()) WEIR_CO_CHECK(co_await fill.append_all(piece->substr(taken), wait));
    if (bounds.only_for_readers && bytes > unread_bytes_max && is_left_alone(*fill.object()))
      co_return fail(ErrorCode::closed, "nobody reads this part any more");
  }
  if (bytes < bounds.least) co_return fail(ErrorCode::invalid, "fewer bytes than promised");
  origin.finish();
  co_return Result<>{};
}

bool is_only_for_readers(EdgeShard& edge, const cache::Object& object) {
  return StoredAnswer::of(object).is_part() &&
         object.body().length().value_or(0) > edge.config().cache.fill.range_bytes_max;
}

void end_of_fill(EdgeShard& edge, const cache::Object& object, const Result<>& done,
                 cache::Fill& fill) {
  if (done && edge.disk().admits_all()) offer_to_disk(edge, object);
  if (!done && fill) fill.fail(done.error(), cache::OnFailure::share);
}

Task<> until_whole(EdgeShard& edge, const cache::Object& object, runtime::Wait wait) {
  cache::Body& body = object.body();
  if (body.state() != cache::BodyState::filling || !body.length()) co_return;
  cache::BodyReader reader(edge.store(), body, *body.length());
  (void)co_await reader.more(wait);
}

bool has_room_for_fill(EdgeShard& edge, const ShardGeneration& generation) {
  if (edge.fills().running() < generation.config().cache.fill.running_max) return true;
  edge.metrics().cache.fills_refused.add();
  return false;
}

}  // namespace weir::edge
