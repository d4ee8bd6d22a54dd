#include "edge/disk/purge_journal.h"

#include <algorithm>

namespace weir::edge::disk {

using runtime::FileOptions;
using runtime::WriteMode;

PurgeJournal::PurgeJournal(const DiskIo& io, std::string directory, runtime::Scope& scope,
                           DiskMetrics& metrics)
    : io_(io),
      directory_(std::move(directory)),
      scope_(scope),
      metrics_(metrics),
      progress_(io.reactor) {}

Task<Result<std::string>> PurgeJournal::read_all() {
  WEIR_CO_TRY(file_, co_await File::open(io_.reactor, directory_ + "/purges", {.write = true},
                                         io_.patient()));
  WEIR_CO_TRY(size_, co_await file_->size(io_.patient()));
  if (size_ > bytes_max) co_return fail(ErrorCode::invalid, "a journal of purges is too large");
  std::string all;
  constexpr size_t part_bytes = 1 << 20;
  while (all.size() < size_) {
    WEIR_CO_TRY(
        const AlignedBuffer part,
        co_await file_->read_at(AlignedBuffer(part_bytes), part_bytes, all.size(), io_.patient()));
    if (part.empty()) break;
    all += part.view();
  }
  co_return all;
}

Task<Result<PurgeJournal::Loaded>> PurgeJournal::load(PurgeLedger& ledger) {
  const Result<std::string> all = co_await read_all();
  if (!all) co_return std::unexpected(all.error());
  const std::optional<PartitionIdentity> identity = decode_identity(*all);
  if (!identity) co_return fail(ErrorCode::invalid, "a journal of purges has no head");
  Loaded loaded{.identity = *identity};
  std::string_view rest = std::string_view(*all).substr(block_bytes);
  while (!rest.empty()) {
    const std::optional<PurgeEntry> entry = decode_purge(rest);
    if (!entry) co_return fail(ErrorCode::invalid, "a journal of purges is broken");
    ledger.add(*entry);
    loaded.epoch = std::max(loaded.epoch, entry->stamp.epoch());
  }
  compacted_size_ = size_;
  co_return loaded;
}

Task<Result<>> PurgeJournal::write(const PartitionIdentity& identity, const PurgeLedger& ledger) {
  std::string all = encode_identity(identity);
  ledger.for_each([&](const PurgeEntry& entry) { all += encode_purge(entry); });
  const std::string path = directory_ + "/purges", fresh = path + ".new";
  const FileOptions options{.write = true, .create = true, .truncate = true};
  WEIR_CO_TRY(FilePtr file, co_await File::open(io_.reactor, fresh, options, io_.patient()));
  AlignedBuffer buffer(all.size());
  buffer.resize(all.size());
  std::ranges::copy(all, buffer.data());
  const Result<AlignedBuffer> written =
      co_await file->write_at(std::move(buffer), 0, WriteMode::cached, io_.patient());
  if (!written) co_return std::unexpected(written.error());
  WEIR_CO_CHECK(co_await file->sync(io_.patient()));
  WEIR_CO_CHECK(co_await runtime::rename_file(io_.reactor, fresh, path, io_.patient()));
  // From here on it counts, whether or not its name is safe yet.
  file_ = std::move(file);
  size_ = compacted_size_ = all.size();
  co_return co_await runtime::sync_directory(io_.reactor, directory_, io_.patient());
}

Task<Result<>> PurgeJournal::append(const PurgeEntry& entry, Wait wait) {
  const std::string bytes = encode_purge(entry);
  pending_ += bytes;
  asked_ += bytes.size();
  const uint64_t wanted = asked_, failures = failures_;
  if (!busy_) scope_.spawn(flush());
  while (durable_ < wanted) {
    if (failures_ != failures) co_return fail(ErrorCode::io, "a purge could not be kept on disk");
    WEIR_CO_CHECK(co_await progress_.wait(wait));
  }
  co_return Result<>{};
}

Task<> PurgeJournal::flush() {
  busy_ = true;
  while (!pending_.empty() && file_) {
    const std::string taken = std::move(pending_);
    pending_.clear();
    AlignedBuffer buffer(taken.size());
    buffer.resize(taken.size());
    std::ranges::copy(taken, buffer.data());
    const Result<AlignedBuffer> written =
        co_await file_->write_at(std::move(buffer), size_, WriteMode::durable, io_.patient());
    if (!written) {
      // The next append writes it again, to the same place.
      pending_.insert(0, taken);
      ++failures_;
      metrics_.journal_errors.add();
      break;
    }
    size_ += taken.size();
    durable_ += taken.size();
    progress_.wake_all();
  }
  busy_ = false;
  progress_.wake_all();
}

Task<> PurgeJournal::compact(const PartitionIdentity& identity, const PurgeLedger& ledger) {
  if (busy_ || size_ < compact_above || size_ < 2 * compacted_size_) co_return;
  busy_ = true;
  // What the ledger has forgotten must not come back with a segment whose removal was lost.
  if (!co_await runtime::sync_directory(io_.reactor, directory_, io_.patient())) {
    metrics_.journal_errors.add();
    busy_ = false;
    co_return;
  }
  // What is pending is in the ledger already; to write it twice does no harm.
  if (!co_await write(identity, ledger)) metrics_.journal_errors.add();
  busy_ = false;
  if (!pending_.empty()) scope_.spawn(flush());
}

}  // namespace weir::edge::disk
