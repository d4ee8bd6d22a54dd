// How a partition writes what it is offered, and makes room for it.
#include <algorithm>

#include "base/hash.h"
#include "edge/disk/crc32c.h"
#include "edge/disk/partition.h"

namespace weir::edge::disk {

using Entry = DiskIndex::Entry;

namespace {

constexpr Duration write_again_after = seconds(1);
// Purges are kept longer than an answer can be on its way to us.
constexpr Duration purge_memory = minutes(10);
constexpr uint64_t bytes_between_pauses = 1 << 20;
// Each has a descriptor; only many restarts in a row make more than fit into the bytes.
constexpr size_t segments_max = 64;

}  // namespace

Task<> Partition::write_queue() {
  for (;;) {
    if (!queue_.empty()) {
      const std::unique_ptr<DiskSource> source = std::move(queue_.front());
      queue_.pop_front();
      const uint64_t bytes = source->draft().body_bytes + source->draft().head.size();
      co_await write(*source);
      queue_bytes_ -= bytes;
      setup_.waiting_bytes->fetch_sub(bytes, std::memory_order_relaxed);
      account();
    }
    if (writer_ && writer_->has_unwritten() && io_.reactor.now() >= flush_at_)
      (void)co_await flush();
    if (!queue_.empty()) continue;
    if (closing_) co_return;
    (void)co_await work_.wait({writer_ && writer_->has_unwritten() ? flush_at_ : never});
  }
}

Task<> Partition::write(DiskSource& source) {
  const DiskDraft& draft = source.draft();
  const std::optional<std::string> tags = encode_tags(draft.tags);
  const uint64_t key_hash = hash(draft.key, identity_.seed);
  const RecordTexts texts{draft.meta, draft.key, draft.variant, draft.head,
                          tags ? std::string_view(*tags) : ""};
  size_t longest = 0;
  for (const std::string_view text : {draft.meta, draft.key, draft.variant, draft.head})
    longest = std::max(longest, text.size());
  if (!tags || longest > record_part_max) co_return metrics_.too_large.add();
  std::vector<Entry> there = candidates(key_hash);
  std::erase_if(there, [&](const Entry& entry) {
    return entry.variant() != variant_mark(draft.variant) || entry.expires <= wall_seconds();
  });
  if (draft.from_disk && !there.empty()) co_return metrics_.present.add();
  RecordHeader header{.key_hash = key_hash,
                      .stamp = stamp_at(draft.stored),
                      .written_wall = nanos(io_.reactor.wall_now()),
                      .written_mono = nanos(io_.reactor.now()),
                      .body_bytes = draft.body_bytes,
                      .meta_format = setup_.meta_format};
  const int64_t expires = nanos(draft.expires) / 1'000'000'000;
  header.expires = static_cast<uint32_t>(std::clamp<int64_t>(expires, 0, UINT32_MAX));
  const Purged purged = ledger_.look(header.stamp, draft.key, texts.tags);
  if (purged == Purged::hard) co_return metrics_.purged.add();
  if (draft.stale || purged == Purged::soft) header.flags = RecordHeader::stale;
  if (!writer_ && io_.reactor.now() < write_again_at_) co_return metrics_.failed.add();
  if (!co_await write_record(header, texts, source)) write_failed();
}

Task<std::vector<uint32_t>> Partition::checksums(const DiskSource& source) {
  const uint64_t bytes = source.draft().body_bytes;
  std::vector<uint32_t> slices(slices_of(bytes));
  for (uint64_t at = 0; at < bytes;) {
    const uint64_t slice_end = std::min(bytes, (at / slice_bytes + 1) * slice_bytes);
    const std::string_view run = source.body(at).substr(0, slice_end - at);
    WEIR_ASSERT(!run.empty());
    slices[at / slice_bytes] = crc32c(run, slices[at / slice_bytes]);
    at += run.size();
    if (at % bytes_between_pauses == 0) co_await pause(io_.reactor);
  }
  co_return slices;
}

Task<Result<>> Partition::write_record(RecordHeader header, const RecordTexts& texts,
                                       const DiskSource& source) {
  const std::vector<uint32_t> slices = co_await checksums(source);
  const uint64_t bytes =
      encode_record(header, texts, slices).size() + align_record(header.body_bytes);
  if (bytes > setup_.record_bytes_max()) {
    metrics_.too_large.add();
    co_return Result<>{};
  }
  WEIR_CO_CHECK(co_await make_room(bytes));
  header.serial = writer_->segment().serial;
  const uint64_t at = writer_->position();
  WEIR_CO_CHECK(co_await writer_->append(encode_record(header, texts, slices)));
  WEIR_CO_CHECK(co_await append_body(source));
  co_return co_await end_record(header, texts, at);
}

Task<Result<>> Partition::append_body(const DiskSource& source) {
  const uint64_t bytes = source.draft().body_bytes;
  for (uint64_t at = 0; at < bytes;) {
    const std::string_view run =
        source.body(at).substr(0, std::min(bytes - at, SegmentWriter::batch_bytes));
    WEIR_CO_CHECK(co_await writer_->append(run));
    at += run.size();
  }
  co_return Result<>{};
}

// Everything of it but the padding was appended.
Task<Result<>> Partition::end_record(const RecordHeader& header, const RecordTexts& texts,
                                     uint64_t at) {
  constexpr char zeros[record_alignment] = {};
  const uint64_t padding = align_record(header.body_bytes) - header.body_bytes;
  WEIR_CO_CHECK(co_await writer_->append({zeros, padding}));
  const uint64_t end = writer_->position();
  const Entry entry{header.key_hash,
                    static_cast<uint32_t>(at / record_alignment),
                    static_cast<uint32_t>((end - at) / record_alignment),
                    writer_->segment().slot,
                    variant_mark(texts.variant),
                    header.expires};
  if (staged_.empty()) flush_at_ = after(io_.reactor.now(), setup_.settings.flush_after);
  staged_.push_back({entry, end, header.stamp, std::string(texts.key), std::string(texts.tags)});
  WEIR_CO_CHECK(co_await writer_->add_to_list(
      {entry.hash, entry.at, entry.units, entry.expires, entry.mark}, header.stamp));
  publish();
  co_return Result<>{};
}

Task<Result<>> Partition::flush() {
  const Result<> flushed = co_await writer_->flush();
  if (flushed)
    publish();
  else
    write_failed();
  account();
  co_return flushed;
}

// What is in the file can be found from now on, unless it was purged meanwhile.
void Partition::publish() {
  size_t done = 0;
  for (; done < staged_.size() && staged_[done].end <= writer_->written(); ++done) {
    const Staged& staged = staged_[done];
    if (ledger_.look(staged.stamp, staged.key, staged.tags) == Purged::hard)
      metrics_.purged.add();
    else if (index_.put(staged.entry))
      metrics_.written.add();
    else
      metrics_.no_index.add();
  }
  staged_.erase(staged_.begin(), staged_.begin() + static_cast<ptrdiff_t>(done));
}

// The segment is left as it is; what was published from it can still be read.
void Partition::write_failed() {
  metrics_.write_errors.add();
  metrics_.failed.add(staged_.size() + 1);
  staged_.clear();
  writer_.reset();
  write_again_at_ = after(io_.reactor.now(), write_again_after);
}

Task<Result<>> Partition::make_room(uint64_t record_bytes) {
  if (writer_ && writer_->fits(record_bytes)) co_return Result<>{};
  co_await end_segment();
  const uint64_t segment_bytes = setup_.settings.segment_size();
  std::vector<Entry> hot;
  Segment* dropped = nullptr;
  while (!segments_.empty() &&
         (segments_.size() >= segments_max || segments_bytes() + segment_bytes > setup_.bytes())) {
    hot.clear();
    dropped = co_await drop_oldest(hot);
  }
  Result<> begun;
  if (dropped) {
    const SegmentPin pin(*dropped);
    begun = co_await begin_segment();
    if (begun) co_await rewrite(*dropped, hot);
  } else {
    begun = co_await begin_segment();
  }
  sweep_retired();
  co_await forget_old_purges();
  if (begun && (!writer_ || !writer_->fits(record_bytes)))
    co_return fail(ErrorCode::io, "no segment to write to");
  co_return begun;
}

Task<Result<>> Partition::begin_segment() {
  auto segment = std::make_unique<Segment>();
  segment->serial = next_serial_++;
  segment->path = segment_path(setup_.directory, segment->serial);
  WEIR_CO_TRY(segment->file,
              co_await open_unbuffered(io_, segment->path, {.write = true, .create = true}));
  segment->bytes = setup_.settings.segment_size();
  segment->slot = free_slot();
  auto writer = std::make_unique<SegmentWriter>(io_, *segment, segment->bytes, metrics_);
  Result<> begun = co_await writer->begin({identity_, segment->serial, epoch_});
  if (begun) begun = co_await runtime::sync_directory(io_.reactor, setup_.directory, io_.patient());
  if (!begun) {
    (void)co_await runtime::remove_file(io_.reactor, segment->path, io_.patient());
    co_return begun;
  }
  if (segment->slot >= slots_.size()) slots_.resize(segment->slot + 1u);
  slots_[segment->slot] = segment.get();
  segments_.push_back(std::move(segment));
  writer_ = std::move(writer);
  co_return Result<>{};
}

Task<> Partition::end_segment() {
  if (!writer_) co_return;
  if (!co_await writer_->seal()) co_return write_failed();
  publish();
  writer_.reset();
}

Task<Segment*> Partition::drop_oldest(std::vector<Entry>& hot) {
  Segment* oldest = segments_.front().get();
  constexpr size_t tables_between_pauses = 64;
  for (size_t table = 0; table < DiskIndex::table_count; ++table) {
    index_.erase_segment(table, oldest->slot, hot);
    if (table % tables_between_pauses == 0) co_await pause(io_.reactor);
  }
  // Look-ups may have found something in tables that were done already; none can any more.
  slots_[oldest->slot] = nullptr;
  if (!co_await runtime::remove_file(io_.reactor, oldest->path, io_.patient()))
    metrics_.write_errors.add();
  retired_.push_back(std::move(segments_.front()));
  segments_.erase(segments_.begin());
  co_return oldest;
}

// What was hit on disk is written again, the rest of the segment is gone; at most a quarter of a
// segment, so that there is always room for something new.
Task<> Partition::rewrite(Segment& segment, const std::vector<Entry>& hot) {
  uint64_t left = setup_.settings.segment_size() / 4;
  for (const Entry& entry : hot) {
    const uint64_t bytes = uint64_t{entry.units} * record_alignment;
    if (bytes > left || !writer_ || !writer_->fits(bytes)) continue;
    left -= bytes;
    if (!co_await rewrite_one(segment, entry)) co_return write_failed();
  }
}

// An error is one of writing; what cannot be read is left behind.
Task<Result<>> Partition::rewrite_one(Segment& segment, const Entry& entry) {
  const Result<FileRange> page = co_await read_page(segment, entry);
  if (!page) co_return Result<>{};
  const std::optional<RecordView> view = decode_record(page->view(), segment.serial);
  if (!view || entry.expires <= wall_seconds() ||
      ledger_.look(view->header.stamp, view->texts.key, view->texts.tags) == Purged::hard)
    co_return Result<>{};
  std::vector<uint32_t> slices(slices_of(view->header.body_bytes));
  for (size_t i = 0; i < slices.size(); ++i)
    slices[i] = view->slice_crc(i);
  RecordHeader header = view->header;
  header.serial = writer_->segment().serial;
  const uint64_t at = writer_->position();
  const uint64_t body_at = uint64_t{entry.at} * record_alignment + header.body_at();
  WEIR_CO_CHECK(co_await writer_->append(encode_record(header, view->texts, slices)));
  for (uint64_t slice = 0; slice < slices.size(); slice += page_bytes / slice_bytes) {
    const Result<FileRange> part = co_await read_body(segment, body_at, header, slice);
    const uint64_t bytes = std::min<uint64_t>(page_bytes, header.body_bytes - slice * slice_bytes);
    // Broken or not, the bytes keep their checksums, and are judged when they are read.
    std::string body(part ? part->view().substr(0, bytes) : "");
    body.resize(bytes, '\0');
    WEIR_CO_CHECK(co_await writer_->append(body));
  }
  co_return co_await end_record(header, view->texts, at);
}

Task<> Partition::forget_old_purges() {
  const MonoTime now = io_.reactor.now();
  const bool young = now.time_since_epoch() < purge_memory;
  Stamp oldest = stamp_at(young ? MonoTime() : now - purge_memory);
  for (const auto& segment : segments_)
    oldest = std::min(oldest, segment->oldest);
  ledger_.forget_before(oldest);
  co_await journal_.compact(identity_, ledger_);
}

void Partition::sweep_retired() {
  std::erase_if(retired_, [](const auto& segment) { return segment->pins == 0; });
}

uint16_t Partition::free_slot() const {
  const auto free = std::ranges::find(slots_, nullptr);
  return static_cast<uint16_t>(free - slots_.begin());
}

}  // namespace weir::edge::disk
