// How a partition is taken up at a start, and left at a stop.
#include <algorithm>

#include "edge/disk/partition.h"

namespace weir::edge::disk {

namespace {

constexpr size_t directory_entries_max = 100'000;
constexpr Duration lock_again_after = milliseconds(200);

}  // namespace

Task<Result<>> Partition::open() {
  // Every shard makes the tier's directory; one of them is the first.
  WEIR_CO_CHECK(co_await make_lasting_directory(io_, parent_of(setup_.directory)));
  WEIR_CO_CHECK(co_await make_lasting_directory(io_, setup_.directory));
  WEIR_CO_CHECK(co_await take_lock());
  Result<std::vector<uint64_t>> serials = co_await list_serials();
  if (!serials) co_return std::unexpected(serials.error());
  WEIR_CO_CHECK(co_await load_journal(*serials));
  for (const uint64_t serial : *serials) {
    if (closing_) co_return fail(ErrorCode::cancelled, "closed while it was opened");
    const Result<> taken = co_await take_up(serial);
    if (!taken) metrics_.broken_segment.add();
  }
  ++epoch_;
  std::vector<DiskIndex::Entry> hot;
  while (segments_bytes() > setup_.bytes())
    (void)co_await drop_oldest(hot);
  sweep_retired();
  co_return Result<>{};
}

// Until the process before us has let go of it.
Task<Result<>> Partition::take_lock() {
  WEIR_CO_TRY(lock_, co_await File::open(io_.reactor, setup_.directory + "/lock",
                                         {.write = true, .create = true}, io_.patient()));
  for (;;) {
    WEIR_CO_TRY(const bool taken, co_await lock_->try_lock(io_.patient()));
    if (taken) co_return Result<>{};
    if (closing_) co_return fail(ErrorCode::cancelled, "closed while another process had it");
    (void)co_await work_.wait({after(io_.reactor.now(), lock_again_after)});
  }
}

Task<Result<std::vector<uint64_t>>> Partition::list_serials() {
  const auto names = co_await runtime::list_directory(io_.reactor, setup_.directory,
                                                      directory_entries_max, io_.patient());
  if (!names) co_return std::unexpected(names.error());
  std::vector<uint64_t> serials;
  for (const std::string& name : *names)
    if (const std::optional<uint64_t> serial = serial_of(name)) serials.push_back(*serial);
  std::ranges::sort(serials);
  co_return serials;
}

Task<Result<>> Partition::load_journal(std::vector<uint64_t>& serials) {
  if (!serials.empty()) next_serial_ = serials.back() + 1;
  const Result<PurgeJournal::Loaded> loaded = co_await journal_.load(ledger_);
  if (!loaded && loaded.error().code == ErrorCode::invalid) metrics_.broken_journal.add();
  const bool usable = loaded && loaded->identity.partition == setup_.number &&
                      loaded->identity.partitions == setup_.settings.partitions &&
                      loaded->epoch < Stamp::epoch_max;
  if (!usable) {
    if (!serials.empty() || loaded) metrics_.discarded.add();
    co_return co_await discard(serials);
  }
  identity_ = loaded->identity;
  epoch_ = loaded->epoch;
  co_return Result<>{};
}

// Begins anew. What was stored goes first: without its journal it must not be used.
Task<Result<>> Partition::discard(std::vector<uint64_t>& serials) {
  for (const uint64_t serial : serials) {
    WEIR_CO_CHECK(co_await runtime::remove_file(io_.reactor, segment_path(setup_.directory, serial),
                                                io_.patient()));
  }
  serials.clear();
  WEIR_CO_CHECK(co_await runtime::sync_directory(io_.reactor, setup_.directory, io_.patient()));
  ledger_ = PurgeLedger(setup_.settings.purges_max);
  identity_ = {setup_.number, setup_.settings.partitions, io_.reactor.random()()};
  epoch_ = 0;
  co_return co_await journal_.write(identity_, ledger_);
}

// An error: it is not ours or cannot be read, and is gone.
Task<Result<>> Partition::take_up(uint64_t serial) {
  auto segment = std::make_unique<Segment>();
  segment->serial = serial;
  segment->path = segment_path(setup_.directory, serial);
  Result<FilePtr> file = co_await open_unbuffered(io_, segment->path, {.write = true});
  Result<Recovered> found = fail(ErrorCode::io, "not read");
  if (file) {
    segment->file = *std::move(file);
    found = co_await recover(io_, *segment->file, serial, identity_, metrics_);
  }
  if (!found || found->entries.empty() || found->epoch >= Stamp::epoch_max) {
    (void)co_await runtime::remove_file(io_.reactor, segment->path, io_.patient());
    if (!found) co_return std::unexpected(found.error());
    co_return Result<>{};
  }
  epoch_ = std::max(epoch_, found->epoch);
  segment->oldest = found->oldest;
  segment->bytes = runtime::align_up(found->end, block_bytes);
  if (!found->sealed && !co_await finish(*segment, *found)) metrics_.write_errors.add();
  segment->slot = free_slot();
  index(*segment, *found);
  if (segment->slot >= slots_.size()) slots_.resize(segment->slot + 1u);
  slots_[segment->slot] = segment.get();
  segments_.push_back(std::move(segment));
  co_return Result<>{};
}

// Gives a segment that a crash left its lists and its seal, so that the next start has less to
// read.
Task<Result<>> Partition::finish(Segment& segment, const Recovered& found) {
  uint64_t at = segment.bytes, last = 0;
  SegmentList list;
  for (size_t from = 0; from < found.entries.size(); from += list_entries_max) {
    const size_t to = std::min(found.entries.size(), from + list_entries_max);
    list.entries.assign(found.entries.begin() + static_cast<ptrdiff_t>(from),
                        found.entries.begin() + static_cast<ptrdiff_t>(to));
    list.previous_at = last;
    const std::string bytes = encode_list(segment.serial, list);
    WEIR_CO_CHECK(co_await write_blocks(io_, *segment.file, at, bytes, runtime::WriteMode::cached));
    last = at;
    at = runtime::align_up(at + bytes.size(), block_bytes);
  }
  // Lists before the seal: a seal names what is there.
  WEIR_CO_CHECK(co_await segment.file->sync(io_.patient()));
  const SegmentSeal seal{segment.serial, last, at, segment.oldest};
  WEIR_CO_CHECK(co_await write_blocks(io_, *segment.file, block_bytes, encode_seal(seal),
                                      runtime::WriteMode::cached));
  WEIR_CO_CHECK(co_await segment.file->truncate(at, io_.patient()));
  segment.bytes = at;
  co_return Result<>{};
}

void Partition::index(const Segment& segment, const Recovered& found) {
  const uint32_t now = wall_seconds();
  for (const ListEntry& entry : found.entries) {
    if (entry.expires <= now || entry.units == 0) continue;
    (void)index_.put({entry.hash, entry.at, entry.units, segment.slot,
                      static_cast<uint16_t>(entry.variant & ~DiskIndex::Entry::heat_bits),
                      entry.expires});
  }
}

// Purges that came while it was not open are in force before the first look-up; everything on disk
// is older.
Task<> Partition::begin_to_serve() {
  const Stamp now = stamp_at(io_.reactor.fresh_now());
  for (const EarlyPurge& early : early_purges_)
    ledger_.add({early.kind, early.soft, now, early.text});
  state_ = State::open;
  metrics_.open.add();
  early_purges_kept_ = true;
  for (const EarlyPurge& early : early_purges_) {
    const PurgeEntry entry{early.kind, early.soft, now, early.text};
    if (!co_await journal_.append(entry, io_.patient())) early_purges_kept_ = false;
  }
  early_purges_.clear();
}

Task<> Partition::shut() {
  co_await end_segment();
  state_ = State::closed;
  metrics_.open.subtract();
  // The next process waits for the lock; by then every operation of ours has ended.
  co_await scope_.join();
  lock_.reset();
}

}  // namespace weir::edge::disk
