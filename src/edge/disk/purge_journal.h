#pragma once
// PurgeJournal: the purges of one partition, on disk before they are answered, so that nothing that
// was purged comes back after a restart; many that come at once share one write. Its head names the
// partition. When it has grown far beyond the ledger it is written afresh. On one shard.
//
// A journal that cannot be read to its end may hide a purge, so that the partition then drops all
// that it has; the same where there is none.

#include <string>

#include "edge/disk/disk_io.h"
#include "edge/disk/disk_metrics.h"
#include "edge/disk/purge_ledger.h"
#include "runtime/scope.h"

namespace weir::edge::disk {

class PurgeJournal {
 public:
  PurgeJournal(const DiskIo& io, std::string directory, runtime::Scope& scope,
               DiskMetrics& metrics);

  struct Loaded {
    PartitionIdentity identity;
    uint32_t epoch = 0;  // the latest that is named
  };
  // Fills the ledger. Errors: not_found (none), invalid (not to be trusted), io.
  Task<Result<Loaded>> load(PurgeLedger& ledger);
  // A fresh one in its place, with what the ledger has.
  Task<Result<>> write(const PartitionIdentity& identity, const PurgeLedger& ledger);

  // Returns once the entry is on disk. Errors: io, timed_out, cancelled; it may be there all the
  // same, and is tried again with the next.
  Task<Result<>> append(const PurgeEntry& entry, Wait wait);
  // Writes it afresh where that is worth it. Nothing happens while appends are under way.
  Task<> compact(const PartitionIdentity& identity, const PurgeLedger& ledger);

 private:
  static constexpr uint64_t bytes_max = 1u << 30, compact_above = 256 * 1024;

  Task<Result<std::string>> read_all();
  Task<> flush();

  const DiskIo& io_;
  const std::string directory_;
  runtime::Scope& scope_;
  DiskMetrics& metrics_;
  FilePtr file_;
  uint64_t size_ = 0;
  std::string pending_;
  uint64_t asked_ = 0, durable_ = 0;  // bytes since the start
  uint64_t failures_ = 0;
  uint64_t compacted_size_ = 0;
  bool busy_ = false;
  runtime::WaitQueue progress_;
};

}  // namespace weir::edge::disk
