#include "edge/take_in.h"

#include "edge/second_tier.h"

namespace weir::edge {
namespace {

using runtime::Task;
using wire::BodyFraming;

Task<Result<>> pump(net::OriginExchange& origin, cache::Fill& fill, runtime::Wait wait) {
  while (!origin.body().done()) {
    const Result<std::string_view> piece = co_await origin.read(wait);
    if (!piece) co_return std::unexpected(piece.error());
    WEIR_CO_TRY(const size_t taken, fill.append(*piece));
    // Without a frame of its own where all was taken.
    if (taken < piece->size()) WEIR_CO_CHECK(co_await fill.append_all(piece->substr(taken), wait));
  }
  WEIR_CO_CHECK(fill.complete());
  origin.finish();
  co_return Result<>{};
}

Task<> hold_and_take_in(EdgeShard& edge, ShardGeneration& generation, FetchedAnswer answer,
                        cache::Fill fill) {
  (void)co_await take_in(edge, std::move(answer), std::move(fill));
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
  const Result<> done = co_await pump(*answer.exchange, fill, wait);
  if (done && edge.disk().admits_all()) offer_to_disk(edge, *object);
  if (!done && fill) fill.fail(done.error(), cache::OnFailure::share);
  metrics.fills_running.subtract();
  co_return done.has_value();
}

void take_in_beside(EdgeShard& edge, ShardGeneration& generation, FetchedAnswer answer,
                    cache::Fill fill) {
  edge.enter(generation);
  edge.fills().spawn(hold_and_take_in(edge, generation, std::move(answer), std::move(fill)));
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
