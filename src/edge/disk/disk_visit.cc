// Look-ups: the asking shard's side and the owner's.
#include <algorithm>

#include "edge/disk/disk_tier.h"

namespace weir::edge::disk {

// Sends the question, and returns when it is answered.
Task<Result<>> DiskShard::ask(VisitRef visit, Wait wait) {
  visit->answered = false;
  const auto question = [&tier = tier_, visit] {
    DiskShard* owner = tier.shards_[visit->owner].load(std::memory_order_acquire);
    if (owner) owner->receive(visit);
  };
  WEIR_CO_CHECK(co_await mail(visit->owner, question, wait));
  runtime::Waiter waiter(io_.reactor, wait);
  visit->waiting = &waiter;
  Result<> waited;
  if (!visit->answered) waited = co_await waiter;
  visit->waiting = nullptr;
  if (visit->answered) co_return Result<>{};
  // The owner may still be at it: nothing of the visit is ours any more.
  visit->gone.store(true, std::memory_order_relaxed);
  co_return waited;
}

Task<std::unique_ptr<DiskAnswer>> DiskShard::find(std::string key, VariantFits fits, Wait wait) {
  if (!on()) co_return nullptr;
  wait.until = std::min(wait.until, after(io_.reactor.now(), tier_.settings_.timeout));
  const uint32_t number = tier_.partition_of(key);
  for (uint32_t skip = 0; skip < DiskIndex::found_max; ++skip) {
    const VisitRef visit(new Visit{.key = key,
                                   .partition = number,
                                   .asker = shard_.index(),
                                   .owner = tier_.owner_of(number),
                                   .skip = skip});
    if (!co_await ask(visit, wait)) break;
    if (visit->outcome != Visit::Outcome::found) break;
    const RecordTexts& texts = visit->record.view.texts;
    auto answer = std::make_unique<DiskAnswer>(*this, visit);
    if (fits.call(fits.request, texts.variant, texts.meta)) {
      metrics_.hits.add();
      co_return answer;
    }
  }
  metrics_.misses.add();
  co_return nullptr;
}

DiskAnswer::~DiskAnswer() {
  shard_.end(visit_);
}

// The owner hears of it at once if there is room for mail, and soon otherwise.
void DiskShard::end(const VisitRef& visit) {
  visit->gone.store(true, std::memory_order_relaxed);
  if (visit->answered && visit->record.whole()) return;
  (void)shard_.post(visit->owner, [&tier = tier_, visit] {
    DiskShard* owner = tier.shards_[visit->owner].load(std::memory_order_acquire);
    if (owner && visit->serving) visit->serving->wake();
  });
}

Task<Result<std::string_view>> DiskAnswer::next(Wait wait) {
  const FoundRecord& record = visit_->record;
  if (position_ >= body_bytes()) co_return std::string_view();
  if (record.whole()) {
    position_ = body_bytes();
    co_return record.page.view().substr(record.view.header.body_at(), body_bytes());
  }
  visit_->wants_body = true;
  visit_->first_slice = position_ / slice_bytes;
  wait.until = std::min(wait.until, after(shard_.io_.reactor.now(), shard_.io_.timeout));
  WEIR_CO_CHECK(co_await shard_.ask(visit_, wait));
  if (visit_->outcome != Visit::Outcome::found)
    co_return fail(ErrorCode::io, "a stored body could not be read");
  const uint64_t bytes = std::min<uint64_t>(Partition::page_bytes, body_bytes() - position_);
  const std::string_view part = visit_->body.view().substr(0, bytes);
  bool sound = part.size() == bytes;
  for (uint64_t at = 0; sound && at < bytes; at += slice_bytes)
    sound = record.view.sound_slice((position_ + at) / slice_bytes, part.substr(at, slice_bytes));
  if (!sound) {
    visit_->broken.store(true, std::memory_order_relaxed);
    co_return fail(ErrorCode::invalid, "a stored body is broken");
  }
  position_ += bytes;
  co_return part;
}

void DiskShard::hand_back(const VisitRef& visit) {
  visit->answered = true;
  if (visit->waiting) visit->waiting->wake();
}

void DiskShard::receive(VisitRef visit) {
  if (stopped_) {
    visit->outcome = Visit::Outcome::failed;
    (void)shard_.post(visit->asker, [visit] { hand_back(visit); });
    return;
  }
  visit->asked = true;
  if (visit->serving) return visit->serving->wake();
  if (!visit->wants_body) return scope_.spawn(serve(std::move(visit)));
  // Whoever served it has given up waiting.
  visit->outcome = Visit::Outcome::failed;
  scope_.spawn(answer(std::move(visit)));
}

Task<> DiskShard::serve(VisitRef visit) {
  Partition* const owned = partition(visit->partition);
  if (reads_ >= tier_.settings_.reads_max || !owned || stopping_) {
    metrics_.busy.add();
    co_await answer(visit);
    co_return;
  }
  ++reads_;
  std::optional<FoundRecord> found = co_await owned->find(visit->key, visit->skip);
  if (found) {
    visit->record = *std::move(found);
    visit->outcome = Visit::Outcome::found;
  }
  if (visit->outcome == Visit::Outcome::found && !visit->record.whole())
    co_await serve_body(visit, *owned);
  else
    co_await answer(visit);
  --reads_;
}

// The segment stays readable until the asker has all of it, or is not heard of for a while.
Task<> DiskShard::serve_body(VisitRef visit, Partition& owned) {
  const FoundRecord& record = visit->record;
  const SegmentPin pin(*record.segment);
  const DiskIndex::Entry entry = record.entry;
  const RecordHeader header = record.view.header;
  const uint64_t body_at = record.at + header.body_at();
  Segment& segment = *record.segment;
  visit->asked = false;
  co_await answer(visit);
  while (co_await next_question(*visit)) {
    visit->asked = false;
    Result<FileRange> body = co_await owned.read_body(segment, body_at, header, visit->first_slice);
    visit->outcome = body ? Visit::Outcome::found : Visit::Outcome::failed;
    if (body) visit->body = *std::move(body);
    co_await answer(visit);
  }
  if (visit->broken.load(std::memory_order_relaxed)) owned.drop(entry);
}

Task<bool> DiskShard::next_question(Visit& visit) {
  if (!visit.asked && !visit.gone.load(std::memory_order_relaxed)) {
    runtime::Waiter waiter(io_.reactor, {after(io_.reactor.now(), patience), &scope_.cancel()});
    visit.serving = &waiter;
    (void)co_await waiter;
    visit.serving = nullptr;
  }
  co_return visit.asked && !visit.gone.load(std::memory_order_relaxed) && !stopping_;
}

Task<> DiskShard::answer(VisitRef visit) {
  if (visit->gone.load(std::memory_order_relaxed)) co_return;
  const auto answered = [visit] { hand_back(visit); };
  (void)co_await mail(visit->asker, answered, {after(io_.reactor.now(), patience)});
}

}  // namespace weir::edge::disk
