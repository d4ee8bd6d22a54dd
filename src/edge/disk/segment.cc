#include "edge/disk/segment.h"

#include <algorithm>
#include <charconv>

#include "edge/disk/record.h"

namespace weir::edge::disk {
namespace {

constexpr std::string_view prefix = "segment-";
constexpr size_t serial_digits = 16;
constexpr uint64_t window_bytes = 1 << 20;

ListEntry entry_of(const RecordHeader& header, uint64_t at, uint16_t variant) {
  return {header.key_hash, static_cast<uint32_t>(at / record_alignment),
          static_cast<uint32_t>(header.bytes() / record_alignment), header.expires, variant};
}

// Reads the records of a segment that was not finished, one after the other.
class RecordScan {
 public:
  RecordScan(const DiskIo& io, File& file, uint64_t serial)
      : io_(io), file_(file), serial_(serial) {}

  Task<Result<>> run(Recovered& out) {
    for (uint64_t at = segment_data_at;;) {
      const Result<uint64_t> size = co_await element_at(at, out);
      if (!size) co_return std::unexpected(size.error());
      if (*size > 0) {
        at += *size;
        out.end = at;
        continue;
      }
      // Behind a pause of the writer the next one begins a block.
      if (at % block_bytes == 0) co_return Result<>{};
      at = runtime::align_up(at, block_bytes);
    }
  }

 private:
  // Size of the record or list that begins there; 0: nothing whole does.
  Task<Result<uint64_t>> element_at(uint64_t at, Recovered& out) {
    Result<std::string_view> bytes = co_await view(at, record_header_bytes);
    if (!bytes) co_return std::unexpected(bytes.error());
    if (const auto list = list_size(*bytes, serial_)) co_return *list;
    const std::optional<RecordHeader> header = decode_header(*bytes, serial_);
    if (!header) co_return 0;
    bytes = co_await view(at, header->body_at());
    if (!bytes) co_return std::unexpected(bytes.error());
    const std::optional<RecordView> record = decode_record(*bytes, serial_);
    if (!record) co_return 0;
    out.entries.push_back(entry_of(*header, at, variant_mark(record->texts.variant)));
    out.oldest = std::min(out.oldest, header->stamp);
    co_return header->bytes();
  }

  // At least `bytes` from `at` on, unless the file ends before.
  Task<Result<std::string_view>> view(uint64_t at, uint64_t bytes) {
    if (at < from_ || at + bytes > from_ + window_.view().size()) {
      Result<FileRange> range =
          co_await read_range(file_, at, std::max(bytes, window_bytes), io_.patient());
      if (!range) co_return std::unexpected(range.error());
      window_ = *std::move(range);
      from_ = at;
    }
    const std::string_view all = window_.view();
    co_return all.substr(std::min<uint64_t>(at - from_, all.size()));
  }

  const DiskIo& io_;
  File& file_;
  uint64_t serial_;
  FileRange window_;
  uint64_t from_ = 0;
};

// The lists of a finished segment, from the last to the first.
Task<Result<bool>> read_lists(const DiskIo& io, File& file, const SegmentSeal& seal,
                              Recovered& out) {
  std::vector<SegmentList> lists;
  constexpr uint64_t list_bytes_max = list_head_bytes + list_entries_max * sizeof(ListEntry) + 16;
  for (uint64_t at = seal.last_list_at; at != 0;) {
    Result<FileRange> range = co_await read_range(file, at, list_bytes_max, io.patient());
    if (!range) co_return std::unexpected(range.error());
    std::optional<SegmentList> list = decode_list(range->view(), seal.serial);
    if (!list || list->previous_at >= at) co_return false;
    at = list->previous_at;
    lists.push_back(*std::move(list));
  }
  for (auto list = lists.rbegin(); list != lists.rend(); ++list)
    out.entries.insert(out.entries.end(), list->entries.begin(), list->entries.end());
  out.sealed = true;
  out.end = seal.end;
  out.oldest = seal.oldest;
  out.last_list_at = seal.last_list_at;
  co_return true;
}

}  // namespace

std::string segment_path(const std::string& directory, uint64_t serial) {
  char digits[serial_digits + 1];
  for (size_t i = 0; i < serial_digits; ++i)
    digits[i] = "0123456789abcdef"[serial >> 4 * (serial_digits - 1 - i) & 15];
  digits[serial_digits] = '\0';
  return directory + '/' + std::string(prefix) + digits;
}

std::optional<uint64_t> serial_of(std::string_view name) {
  if (!name.starts_with(prefix) || name.size() != prefix.size() + serial_digits)
    return std::nullopt;
  uint64_t serial = 0;
  const char* end = name.data() + name.size();
  const auto [at, error] = std::from_chars(name.data() + prefix.size(), end, serial, 16);
  if (error != std::errc() || at != end) return std::nullopt;
  return serial;
}

Task<Result<Recovered>> recover(const DiskIo& io, File& file, uint64_t serial,
                                const PartitionIdentity& identity, DiskMetrics& metrics) {
  Result<FileRange> blocks = co_await read_range(file, 0, segment_data_at, io.patient());
  if (!blocks) co_return std::unexpected(blocks.error());
  const std::optional<SegmentHead> head = decode_head(blocks->view());
  if (!head || head->serial != serial || head->identity != identity)
    co_return fail(ErrorCode::not_found, "not a segment of this partition");
  Recovered out{.epoch = head->epoch, .end = segment_data_at};
  const std::string_view second =
      blocks->view().substr(std::min<size_t>(block_bytes, blocks->view().size()));
  if (const std::optional<SegmentSeal> seal = decode_seal(second, serial)) {
    const Result<bool> read = co_await read_lists(io, file, *seal, out);
    if (!read) co_return std::unexpected(read.error());
    if (*read) co_return out;
    metrics.broken_list.add();
    out.entries.clear();
  }
  RecordScan scan(io, file, serial);
  const Result<> scanned = co_await scan.run(out);
  if (!scanned) co_return std::unexpected(scanned.error());
  co_return out;
}

}  // namespace weir::edge::disk
