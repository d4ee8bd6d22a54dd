// Purges: the asking shard's side and the owners'.
#include <algorithm>

#include "edge/disk/disk_tier.h"

namespace weir::edge::disk {
namespace {

Task<> purge_one(Partition& partition, const PurgeErrand& errand, Wait wait, Result<>& result) {
  const Result<> done = co_await partition.purge(errand.kind, errand.text, errand.soft, wait);
  if (!done) result = done;
}

void give_back(const PurgeErrandRef& errand) {
  errand->answered = true;
  if (errand->waiting) errand->waiting->wake();
}

}  // namespace

Task<Result<>> DiskShard::purge(PurgeKind kind, std::string text, bool soft, Wait wait) {
  if (!tier_.on()) co_return Result<>{};
  if (stopping_) co_return fail(ErrorCode::closed, "the disk tier is closed");
  std::optional<uint32_t> number;
  if (kind == PurgeKind::key) number = tier_.partition_of(text);
  const Duration time = std::clamp<Duration>(wait.until - io_.reactor.now(), Duration(0), hours(1));
  std::vector<PurgeErrandRef> errands;
  for (size_t owner = 0; owner < tier_.shards_.size(); ++owner) {
    if (number && tier_.owner_of(*number) != owner) continue;
    errands.emplace_back(new PurgeErrand{.kind = kind,
                                         .text = text,
                                         .soft = soft,
                                         .partition = number,
                                         .asker = shard_.index(),
                                         .owner = owner,
                                         .patience = time});
    const auto errand = [&tier = tier_, ref = errands.back()] {
      DiskShard* there = tier.shards_[ref->owner].load(std::memory_order_acquire);
      if (there) there->receive(ref);
    };
    WEIR_CO_CHECK(co_await mail(owner, errand, wait));
  }
  Result<> all;
  for (const PurgeErrandRef& errand : errands) {
    const Result<> done = co_await wait_for(errand, wait);
    if (!done) all = done;
  }
  co_return all;
}

Task<Result<>> DiskShard::wait_for(PurgeErrandRef errand, Wait wait) {
  runtime::Waiter waiter(io_.reactor, wait);
  errand->waiting = &waiter;
  Result<> waited;
  if (!errand->answered) waited = co_await waiter;
  errand->waiting = nullptr;
  co_return errand->answered ? errand->result : waited;
}

void DiskShard::receive(PurgeErrandRef errand) {
  if (stopped_) {
    errand->result = fail(ErrorCode::closed, "the disk tier is closed");
    (void)shard_.post(errand->asker, [errand] { give_back(errand); });
    return;
  }
  scope_.spawn(serve(std::move(errand)));
}

// All partitions of this shard note it before any of them waits for its disk.
Task<> DiskShard::serve(PurgeErrandRef errand) {
  Result<> result;
  if (purges_ >= purges_running_max) {
    result = fail(ErrorCode::overloaded, "too many purges are under way");
  } else {
    ++purges_;
    const Wait wait{after(io_.reactor.now(), errand->patience)};
    runtime::Scope each(io_.reactor);
    for (uint32_t i = 0; i < tier_.settings_.partitions; ++i) {
      if (tier_.owner_of(i) != shard_.index() || (errand->partition && *errand->partition != i))
        continue;
      if (Partition* owned = partition(i)) each.spawn(purge_one(*owned, *errand, wait, result));
    }
    co_await each.join();
    --purges_;
  }
  errand->result = result;
  const auto answered = [errand] { give_back(errand); };
  (void)co_await mail(errand->asker, answered, {after(io_.reactor.now(), patience)});
}

}  // namespace weir::edge::disk
