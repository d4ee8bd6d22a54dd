#include "edge/disk/segment_writer.h"

#include <algorithm>

#include "edge/disk/record.h"

namespace weir::edge::disk {

using runtime::WriteMode;

SegmentWriter::SegmentWriter(const DiskIo& io, Segment& segment, uint64_t segment_bytes,
                             DiskMetrics& metrics)
    : io_(io), segment_(segment), segment_bytes_(segment_bytes), metrics_(metrics) {}

Task<Result<>> SegmentWriter::begin(const SegmentHead& head) {
  WEIR_CO_CHECK(co_await segment_.file->allocate(0, segment_bytes_, io_.patient()));
  co_return co_await write_blocks(io_, *segment_.file, 0, encode_head(head), WriteMode::cached);
}

Task<Result<>> SegmentWriter::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t part = std::min(bytes.size(), batch_.room());
    const size_t at = batch_.size();
    batch_.resize(at + part);
    std::ranges::copy(bytes.substr(0, part), batch_.data() + at);
    bytes.remove_prefix(part);
    if (batch_.room() == 0) WEIR_CO_CHECK(co_await flush());
  }
  co_return Result<>{};
}

Task<Result<>> SegmentWriter::add_to_list(const ListEntry& entry, Stamp stamp) {
  segment_.oldest = std::min(segment_.oldest, stamp);
  list_.entries.push_back(entry);
  if (list_.entries.size() < list_entries_max) co_return Result<>{};
  co_return co_await append_list();
}

Task<Result<>> SegmentWriter::append_list() {
  if (list_.entries.empty()) co_return Result<>{};
  list_.previous_at = last_list_at_;
  last_list_at_ = position();
  const std::string bytes = encode_list(segment_.serial, list_);
  list_.entries.clear();
  co_return co_await append(bytes);
}

Task<Result<>> SegmentWriter::flush() {
  if (batch_.empty()) co_return Result<>{};
  const size_t bytes = batch_.size();
  batch_.resize(runtime::align_up(bytes, block_bytes));
  std::fill(batch_.data() + bytes, batch_.data() + batch_.size(), '\0');
  Result<AlignedBuffer> wrote = co_await segment_.file->write_at(std::move(batch_), batch_at_,
                                                                 WriteMode::cached, io_.patient());
  if (!wrote) co_return std::unexpected(wrote.error());
  batch_ = *std::move(wrote);
  metrics_.bytes_written.add(batch_.size());
  written_ = batch_at_ + bytes;
  batch_at_ += batch_.size();
  batch_.resize(0);
  co_return Result<>{};
}

Task<Result<>> SegmentWriter::seal() {
  WEIR_CO_CHECK(co_await append_list());
  WEIR_CO_CHECK(co_await flush());
  // A seal names what is there, also after a loss of power.
  WEIR_CO_CHECK(co_await segment_.file->sync(io_.patient()));
  const SegmentSeal seal{segment_.serial, last_list_at_, batch_at_, segment_.oldest};
  WEIR_CO_CHECK(co_await write_blocks(io_, *segment_.file, block_bytes, encode_seal(seal),
                                      WriteMode::cached));
  WEIR_CO_CHECK(co_await segment_.file->truncate(batch_at_, io_.patient()));
  segment_.bytes = batch_at_;
  co_return Result<>{};
}

}  // namespace weir::edge::disk
