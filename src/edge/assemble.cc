#include "edge/assemble.h"

#include <algorithm>
#include <array>
#include <utility>

#include "edge/cache/slice.h"
#include "edge/judge.h"
#include "edge/take_in.h"

namespace weir::edge {
namespace {

using runtime::Task;

constexpr size_t fields_max = 128;
// So much is copied before others on the shard have their turn.
constexpr uint64_t turn_bytes = 256 * 1024;

std::optional<Assembly> plan(EdgeShard& edge, const Errand& errand) {
  std::array<wire::Field, fields_max> storage;
  wire::Fields fields{std::span(storage)};
  if (!read_field_lines(errand.fields.view(), fields)) return std::nullopt;
  const WallTime now = edge.shard().reactor().wall_now();
  const Parts parts(edge.store().find(errand.key, errand.key_hash), fields, now);
  std::optional<Assembly> planned = parts.plan(errand.part);
  // A client with If-Range wants parts of what it has, or the whole.
  const bool holds =
      planned &&
      (errand.if_range.empty() ||
       evaluate(fields, StoredAnswer::representation(planned->newest()), now).range_applies);
  return holds ? std::move(planned) : std::nullopt;
}

// Whether the newest part may be used as it is.
bool is_usable(EdgeShard& edge, const Errand& errand, const RequestDirectives& directives,
               const cache::Object& part) {
  return !part.made_stale() &&
         may_reuse(StoredAnswer::of(part).freshness, directives, *errand.policy, edge.shard().now())
                 .use == Use::fresh;
}

void append_gap_asked(Buffer& fields, const Assembly& assembly) {
  fields.append("Range: ");
  append_range(fields, {assembly.gap->first, assembly.gap->last});
  fields.append("\r\n");
  append_if_range(fields, StoredAnswer::representation(assembly.newest()).validators);
}

bool fills_gap(const Assembly& assembly, const wire::ResponseHead& head, WallTime now) {
  const std::optional<HeldPart> part = part_in(head);
  return part && part->range == *assembly.gap && part->whole_bytes == assembly.target.whole_bytes &&
         same_bytes(validators_of(head.fields),
                    StoredAnswer::representation(assembly.newest()).validators, now);
}

// Not about what was asked for, which the origin cannot give as we want it.
bool says_nothing(uint16_t status) {
  return status == 206 || status == 304 || status == 416;
}

// The stored bytes of `range`, all of which are in parts.
Task<Result<>> copy(EdgeShard& edge, const Assembly& assembly, ByteRange range, cache::Fill& fill,
                    runtime::Wait wait) {
  uint64_t copied = 0;
  for (uint64_t at = range.first; at <= range.last;) {
    const auto part = std::ranges::find_if(assembly.parts, [at](const cache::ObjectRef& each) {
      return each->body().state() == cache::BodyState::complete &&
             StoredAnswer::of(*each).part.contains({at, at});
    });
    WEIR_ASSERT(part != assembly.parts.end());
    const std::string_view run = (*part)->body().view(at - StoredAnswer::of(**part).part.first);
    const uint64_t size = std::min<uint64_t>({run.size(), range.last - at + 1, turn_bytes});
    WEIR_CO_CHECK(co_await fill.append_all(run.substr(0, size), wait));
    at += size;
    copied += size;
    if (copied < turn_bytes) continue;
    copied = 0;
    co_await cache::NextTurn{edge.shard().reactor()};
  }
  co_return Result<>{};
}

Task<Result<>> pump(EdgeShard& edge, Pieces& pieces, cache::Fill& fill, runtime::Wait wait) {
  const Assembly& assembly = pieces.assembly;
  const ByteRange& target = assembly.target.range;
  if (!pieces.answer) {
    WEIR_CO_CHECK(co_await copy(edge, assembly, target, fill, wait));
    co_return fill.complete();
  }
  const ByteRange& gap = *assembly.gap;
  if (gap.first > target.first)
    WEIR_CO_CHECK(co_await copy(edge, assembly, {target.first, gap.first - 1}, fill, wait));
  const BodyBounds bounds{.least = gap.size(),
                          .most = gap.size(),
                          .only_for_readers = is_only_for_readers(edge, *fill.object())};
  WEIR_CO_CHECK(co_await append_body(*pieces.answer->exchange, fill, bounds, wait));
  if (gap.last < target.last)
    WEIR_CO_CHECK(co_await copy(edge, assembly, {gap.last + 1, target.last}, fill, wait));
  co_return fill.complete();
}

Task<> hold_and_assemble(EdgeShard& edge, ShardGeneration& generation, Pieces pieces,
                         cache::Fill fill) {
  (void)co_await assemble(edge, std::move(pieces), std::move(fill));
  edge.leave(generation);
}

}  // namespace

Task<Pieces> gather(EdgeShard& edge, Errand& errand, const RequestDirectives& directives,
                    OriginFetch& fetch, runtime::Wait wait) {
  Pieces pieces;
  std::optional<Assembly> planned = plan(edge, errand);
  const bool fits =
      planned && planned->target.range.size() <= edge.store().store().object_bytes_max();
  if (!fits) co_return pieces;
  pieces.assembly = *std::move(planned);
  if (!pieces.assembly.gap) {
    if (is_usable(edge, errand, directives, pieces.assembly.newest()))
      pieces.kind = Pieces::Kind::ready;
    co_return pieces;
  }
  const size_t plain = errand.ask.fields.size();
  append_gap_asked(errand.ask.fields, pieces.assembly);
  // A 304 says as little as a wrong part does: the whole is asked for then.
  const bool conditional = std::exchange(errand.ask.conditional, true);
  Result<FetchedAnswer> answer = co_await fetch.run(errand.ask, wait);
  errand.ask.fields.truncate(plain);
  errand.ask.conditional = conditional;
  if (!answer) {
    pieces.kind = Pieces::Kind::failed;
    pieces.error = answer.error();
    co_return pieces;
  }
  const wire::ResponseHead& head = *answer->head;
  if (fills_gap(pieces.assembly, head, edge.shard().reactor().wall_now()))
    pieces.kind = Pieces::Kind::ready;
  else if (!says_nothing(head.status))
    pieces.kind = Pieces::Kind::other;
  if (pieces.kind != Pieces::Kind::none) pieces.answer = *std::move(answer);
  co_return pieces;
}

void put_in_place(EdgeShard& edge, const Errand& errand, Draft& draft) {
  if (!draft.part()) return;
  draft.put_in_place(Parts::place_for(edge.store().find(errand.key, errand.key_hash),
                                      draft.variant(), draft.part()->range,
                                      edge.config().cache.fill.parts_max));
}

bool publish(EdgeShard& edge, const Errand& errand, const Pieces& pieces, cache::Fill& fill) {
  const Assembly& assembly = pieces.assembly;
  Draft draft;
  if (pieces.answer) {
    const Judge judge(errand, pieces.answer->times, edge.date_line());
    if (judge.combine(assembly.newest(), *pieces.answer->head, assembly.part(), draft) !=
        StoreVerdict::store)
      return false;
  } else {
    draft_from_parts(assembly.newest(), assembly.part(), draft);
  }
  put_in_place(edge, errand, draft);
  if (!fill.publish(draft.object(), assembly.target.range.size())) return false;
  if (assembly.gap != assembly.target.range) edge.metrics().cache.assembled.add();
  return true;
}

Task<bool> assemble(EdgeShard& edge, Pieces pieces, cache::Fill fill) {
  CacheMetrics& metrics = edge.metrics().cache;
  metrics.fills_running.add();
  const runtime::Wait wait{after(edge.shard().now(), edge.config().cache.fill.timeout),
                           &edge.fills().cancel()};
  const cache::ObjectRef object(*fill.object());
  const Result<> done = co_await pump(edge, pieces, fill, wait);
  end_of_fill(edge, *object, done, fill);
  metrics.fills_running.subtract();
  co_return done.has_value();
}

void assemble_beside(EdgeShard& edge, ShardGeneration& generation, Pieces pieces,
                     cache::Fill fill) {
  edge.enter(generation);
  edge.fills().spawn(hold_and_assemble(edge, generation, std::move(pieces), std::move(fill)));
}

}  // namespace weir::edge
