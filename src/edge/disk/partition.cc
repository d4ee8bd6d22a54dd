#include "edge/disk/partition.h"

#include <algorithm>

#include "base/hash.h"

namespace weir::edge::disk {

using Entry = DiskIndex::Entry;

size_t PartitionSetup::entries_max() const {
  // A table is half to three quarters full.
  constexpr uint64_t entry_bytes = 2 * sizeof(Entry);
  return settings.index_bytes / settings.partitions / entry_bytes;
}

uint64_t PartitionSetup::record_bytes_max() const {
  return std::min(settings.object_bytes_max, settings.segment_size() / 4);
}

Partition::Partition(PartitionSetup setup, const DiskIo& io, DiskMetrics& metrics)
    : setup_(std::move(setup)),
      io_(io),
      metrics_(metrics),
      scope_(io.reactor),
      index_(setup_.entries_max()),
      ledger_(setup_.settings.purges_max),
      journal_(io, setup_.directory, scope_, metrics),
      opened_by_(after(io.reactor.now(), seconds(1))),
      work_(io.reactor),
      opened_(io.reactor) {}

Partition::~Partition() = default;

Task<> Partition::run() {
  const Result<> opened = co_await open();
  if (!opened && !closing_) metrics_.open_errors.add();
  if (!opened) state_ = State::failed;
  if (opened) co_await begin_to_serve();
  opened_.wake_all();
  account();
  if (opened) {
    co_await write_queue();
    co_await shut();
  }
  queue_.clear();
  setup_.waiting_bytes->fetch_sub(queue_bytes_, std::memory_order_relaxed);
  co_await scope_.join();
}

void Partition::close() {
  closing_ = true;
  work_.wake_all();
}

uint32_t Partition::wall_seconds() const {
  return static_cast<uint32_t>(nanos(io_.reactor.wall_now()) / 1'000'000'000);
}

// Within a run the monotonic clock says it all; from one run to the next only the wall clock is
// left, and if it went backwards, no time has passed.
Duration Partition::shift_of(const RecordHeader& header) const {
  if (header.stamp.epoch() == epoch_) return Duration(0);
  const int64_t now_wall = nanos(io_.reactor.wall_now()), now_mono = nanos(io_.reactor.now());
  const int64_t passed = std::max<int64_t>(0, now_wall - header.written_wall);
  return Duration(now_mono - passed - header.written_mono);
}

// Those that are worth reading, newest first.
std::vector<Entry> Partition::candidates(uint64_t hash) const {
  std::array<Entry, DiskIndex::found_max> found;
  const size_t count = index_.find(hash, found);
  std::vector<Entry> sorted(found.begin(), found.begin() + static_cast<ptrdiff_t>(count));
  std::ranges::sort(sorted, [this](const Entry& a, const Entry& b) {
    const uint64_t a_serial = slots_[a.segment]->serial, b_serial = slots_[b.segment]->serial;
    return a_serial != b_serial ? a_serial > b_serial : a.at > b.at;
  });
  return sorted;
}

Task<Result<FileRange>> Partition::read_page(Segment& segment, const Entry& entry) {
  const uint64_t at = uint64_t{entry.at} * record_alignment;
  const uint64_t bytes = uint64_t{entry.units} * record_alignment;
  WEIR_CO_TRY(FileRange page,
              co_await read_range(*segment.file, at, std::min(bytes, page_bytes), io_.soon()));
  metrics_.bytes_read.add(page.buffer.size());
  const std::optional<RecordHeader> header = decode_header(page.view(), segment.serial);
  // The texts of a record may be longer than a page.
  if (header && header->body_at() > page.view().size() && header->body_at() <= bytes) {
    WEIR_CO_TRY(page, co_await read_range(*segment.file, at, header->body_at(), io_.soon()));
    metrics_.bytes_read.add(page.buffer.size());
  }
  co_return page;
}

// After a read: is it what the index said, what was asked for, and still wanted?
Partition::Judged Partition::judge(FoundRecord& found, std::string_view key) {
  std::optional<RecordView> view = decode_record(found.page.view(), found.segment->serial);
  if (!view || view->header.key_hash != found.entry.hash) {
    metrics_.broken_record.add();
    return Judged::gone;
  }
  if (view->texts.key != key) return Judged::other_key;
  if (view->header.meta_format != setup_.meta_format) return Judged::gone;
  found.view = *view;
  if (found.whole()) {
    const std::string_view body = found.page.view().substr(view->header.body_at());
    for (uint64_t i = 0; i < slices_of(view->header.body_bytes); ++i) {
      const uint64_t from = i * slice_bytes;
      const uint64_t size = std::min<uint64_t>(slice_bytes, view->header.body_bytes - from);
      if (view->sound_slice(i, body.substr(from, size))) continue;
      metrics_.broken_body.add();
      return Judged::gone;
    }
  }
  const Purged purged = ledger_.look(view->header.stamp, key, view->texts.tags);
  if (purged == Purged::hard) return Judged::gone;
  found.stale = purged == Purged::soft || (view->header.flags & RecordHeader::stale);
  found.shift = shift_of(view->header);
  return Judged::good;
}

Task<std::optional<FoundRecord>> Partition::find(std::string_view key, uint32_t skip) {
  if (state_ == State::opening && io_.reactor.now() < opened_by_)
    (void)co_await opened_.wait({opened_by_});
  if (state_ != State::open) {
    metrics_.opening.add();
    co_return std::nullopt;
  }
  const uint64_t key_hash = hash(key, identity_.seed);
  for (;;) {
    const std::vector<Entry> sorted = candidates(key_hash);
    if (skip >= sorted.size()) break;
    const Entry entry = sorted[skip];
    if (entry.expires <= wall_seconds()) {
      index_.erase(entry);
      continue;
    }
    Segment& segment = *slots_[entry.segment];
    const SegmentPin pin(segment);
    Result<FileRange> page = co_await read_page(segment, entry);
    if (!page) {
      metrics_.read_errors.add();
      if (page.error().code == ErrorCode::io) index_.erase(entry);
      break;
    }
    FoundRecord found{.page = *std::move(page),
                      .segment = &segment,
                      .at = uint64_t{entry.at} * record_alignment,
                      .entry = entry};
    const Judged judged = judge(found, key);
    if (judged == Judged::good) {
      index_.touch(entry);
      co_return found;
    }
    judged == Judged::gone ? void(index_.erase(entry)) : void(++skip);
  }
  account();
  co_return std::nullopt;
}

Task<Result<FileRange>> Partition::read_body(Segment& segment, uint64_t body_at,
                                             const RecordHeader& header, uint64_t first) {
  const uint64_t from = first * slice_bytes;
  const uint64_t bytes = std::min<uint64_t>(page_bytes, header.body_bytes - from);
  Result<FileRange> read = co_await read_range(*segment.file, body_at + from, bytes, io_.soon());
  if (read) metrics_.bytes_read.add(read->buffer.size());
  if (!read) metrics_.read_errors.add();
  co_return read;
}

void Partition::drop(const Entry& entry) {
  metrics_.broken_body.add();
  if (state_ == State::open) index_.erase(entry);
  account();
}

void Partition::offer(std::unique_ptr<DiskSource> source) {
  const uint64_t bytes = source->draft().body_bytes + source->draft().head.size();
  if (state_ == State::failed || closing_) return metrics_.failed.add();
  if (bytes > setup_.record_bytes_max()) return metrics_.too_large.add();
  if (queue_.size() >= setup_.settings.queue_max ||
      queue_bytes_ + bytes > std::max(setup_.settings.queue_bytes_max, bytes))
    return metrics_.full.add();
  queue_bytes_ += bytes;
  setup_.waiting_bytes->fetch_add(bytes, std::memory_order_relaxed);
  queue_.push_back(std::move(source));
  work_.wake_one();
}

Task<Result<>> Partition::purge(PurgeKind kind, std::string_view text, bool soft, Wait wait) {
  if (state_ == State::opening) {
    early_purges_.push_back({kind, std::string(text), soft});
    if (early_purges_.size() > setup_.settings.purges_max)
      early_purges_ = {{PurgeKind::all, "", false}};
    WEIR_CO_CHECK(co_await opened_.wait(wait));
    co_return early_purges_kept_ ? Result<>{} : fail(ErrorCode::closed, "a partition did not open");
  }
  if (state_ != State::open) co_return fail(ErrorCode::closed, "a partition is not open");
  const PurgeEntry entry{kind, soft, stamp_at(io_.reactor.fresh_now()), text};
  const uint64_t overflows = ledger_.overflows();
  ledger_.add(entry);
  if (ledger_.overflows() > overflows) metrics_.discarded.add();
  if (kind == PurgeKind::key && !soft) index_.erase_hash(hash(text, identity_.seed));
  account();
  co_return co_await journal_.append(entry, wait);
}

uint64_t Partition::segments_bytes() const {
  uint64_t bytes = 0;
  for (const auto& segment : segments_)
    bytes += segment->bytes;
  return bytes;
}

void Partition::account() {
  const auto bytes = static_cast<int64_t>(segments_bytes());
  const auto objects = static_cast<int64_t>(index_.size());
  metrics_.bytes.add(bytes - told_bytes_);
  metrics_.objects.add(objects - told_objects_);
  told_bytes_ = bytes;
  told_objects_ = objects;
}

}  // namespace weir::edge::disk
