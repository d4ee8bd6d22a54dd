#include "edge/cache/shard_store.h"

#include "edge/cache/purge_run.h"

namespace weir::edge::cache {
namespace {

// How long something may wait that the end of a step could not do: memory that others still look
// at, letters for a full mailbox, pins that last.
constexpr Duration upkeep_after = milliseconds(4);

// Letters keep their order: when it comes home, those that went before it have arrived.
struct SettledInquiry final : Inquiry {
  explicit SettledInquiry(ShardStore& store) : Inquiry(store) {}
  void arrive(ShardStore& at) override { answer(at); }
};

}  // namespace

ShardStore::ShardStore(Store& store, runtime::Shard& shard, telemetry::Recorder& recorder)
    : store_(store),
      shard_(shard),
      metrics_(recorder),
      pins_(store.epochs_, shard.index()),
      outbox_(*this, shard),
      own_(*store.partitions_[shard.index()]),
      tasks_(shard.reactor()),
      upkeep_(keep_up, this),
      step_hook_(end_step, this) {
  WEIR_ASSERT(shard.shard_count() == store.shards());
  own_.attach(*this);
  runtime::send_from(shard.reactor(), store.slices());
  shard.at_step_end(step_hook_);
  store.shard_stores_[shard.index()].store(this, std::memory_order_release);
}

ShardStore::~ShardStore() {
  store_.shard_stores_[index()].store(nullptr, std::memory_order_release);
  own_.detach();
  runtime::send_from(shard_.reactor(), nullptr);
}

runtime::Task<> ShardStore::stop() {
  tasks_.cancel().request();
  co_await tasks_.join();
}

void ShardStore::end_step(void* self) {
  auto& store = *static_cast<ShardStore*>(self);
  store.pins_.end_step();
  bool done = store.own_.end_step();
  done &= store.outbox_.flush();
  done &= store.pins_.empty();
  if (done || store.upkeep_.deadline() != never) return;
  runtime::Reactor& reactor = store.shard_.reactor();
  reactor.timers().arm(store.upkeep_, after(reactor.now(), upkeep_after));
}

// The end of this step does the rest.
void ShardStore::keep_up(void* self) {
  static_cast<ShardStore*>(self)->pins_.count_lasting();
}

runtime::Task<Claim> ShardStore::claim(ClaimRequest request, runtime::Wait wait) {
  auto* inquiry = new ClaimInquiry(*this, request.key, request.hash, request.variant, request.seen);
  inquiry->unbound_by = request.unbound_by;
  inquiry->send(store_.owner_of(request.hash));
  Claim claim;
  if (const Result<> home = co_await inquiry->come_home(wait); !home) {
    claim.error = home.error();
    claim.outcome = home.error().code == ErrorCode::cancelled ? ClaimOutcome::cancelled
                                                              : ClaimOutcome::timed_out;
  } else {
    const std::unique_ptr<ClaimInquiry> back(inquiry);
    claim.outcome = back->outcome;
    claim.error = back->error;
    claim.object = std::move(back->object);
    if (back->outcome == ClaimOutcome::lead) claim.fill = back->take_fill();
  }
  metrics_.claims(static_cast<size_t>(claim.outcome)).add();
  co_return claim;
}

Fill ShardStore::fill_alone(std::string_view key, uint64_t key_hash, Begun begun) {
  return Fill(std::make_unique<FillSide>(*this, key, key_hash, begun));
}

Begun ShardStore::begin_change(uint64_t key_hash) {
  return {purges_seen(key_hash), ++changes_ * store_.shards() + index()};
}

runtime::Task<Result<>> ShardStore::settled(uint64_t key_hash, runtime::Wait wait) {
  const size_t owner = store_.owner_of(key_hash);
  if (owner == index()) co_return Result<>{};
  auto* inquiry = new SettledInquiry(*this);
  inquiry->send(owner);
  WEIR_CO_CHECK(co_await inquiry->come_home(wait));
  delete inquiry;
  co_return Result<>{};
}

runtime::Task<Result<uint64_t>> ShardStore::purge(PurgeRequest request, runtime::Wait wait) {
  if (purging_ >= purges_max) co_return fail(ErrorCode::limit, "too many purges at once");
  ++purging_;
  const Result<uint64_t> removed = co_await purge_everywhere(*this, std::move(request), wait);
  --purging_;
  co_return removed;
}

}  // namespace weir::edge::cache
