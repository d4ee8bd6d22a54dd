#pragma once
// Partition: one part of the disk tier: its segments, index, purges and journal, under one
// directory that it locks. Owned by one shard. Says nothing of HTTP. What it limits: bytes of its
// segments, entries of its index, what waits to be written, purges that it remembers; when one is
// full, the new thing is not stored, except for purges, which then cover everything.
//
// Nothing of a partition is needed for being right: a look-up that fails for whatever reason is a
// miss. Only purges must not be lost.

#include <deque>
#include <memory>
#include <optional>

#include "edge/disk/disk_index.h"
#include "edge/disk/disk_settings.h"
#include "edge/disk/disk_source.h"
#include "edge/disk/purge_journal.h"
#include "edge/disk/record.h"
#include "edge/disk/segment_writer.h"

namespace weir::edge::disk {

struct PartitionSetup {
  std::string directory;  // of this partition
  uint32_t number = 0;
  uint32_t meta_format = 0;
  DiskSettings settings;
  std::atomic<uint64_t>* waiting_bytes = nullptr;  // of all partitions; outlives them

  uint64_t bytes() const { return settings.bytes / settings.partitions; }
  size_t entries_max() const;
  // Largest record.
  uint64_t record_bytes_max() const;
};

// A record that was found, with the blocks around its beginning.
struct FoundRecord {
  FileRange page;
  RecordView view;  // of the page
  Segment* segment = nullptr;
  uint64_t at = 0;  // of the record, in its segment
  DiskIndex::Entry entry{};
  Duration shift{};  // to add to a monotonic time of the meta block
  bool stale = false;

  // The whole record is in the page, and its body was verified.
  bool whole() const { return page.view().size() >= view.header.bytes(); }
};

class Partition {
 public:
  // Of a record, read at once.
  static constexpr uint64_t page_bytes = 256 * 1024;

  Partition(PartitionSetup setup, const DiskIo& io, DiskMetrics& metrics);
  ~Partition();

  // Opens it and writes what is offered, until close() was called and all is written.
  Task<> run();
  void close();

  // The `skip`-th newest answer stored under `key`, verified but for the body of a record that is
  // larger than a page; nullopt: none (any more). Waits for the partition to open, for the first
  // second.
  Task<std::optional<FoundRecord>> find(std::string_view key, uint32_t skip);
  // The blocks with the slices from `first` on, at most a page. The caller pins the segment.
  Task<Result<FileRange>> read_body(Segment& segment, uint64_t body_at, const RecordHeader& header,
                                    uint64_t first);
  // It turned out to be broken.
  void drop(const DiskIndex::Entry& entry);

  // Takes it to be written, or drops it.
  void offer(std::unique_ptr<DiskSource> source);

  // In force on return to the caller's next suspension; done when it is on disk as well. Errors:
  // io, closed, and those of waits.
  Task<Result<>> purge(PurgeKind kind, std::string_view text, bool soft, Wait wait);

 private:
  enum class State : uint8_t { opening, open, failed, closed };
  struct Staged {
    DiskIndex::Entry entry;
    uint64_t end;  // of the record
    Stamp stamp;
    std::string key, tags;
  };
  struct EarlyPurge {
    PurgeKind kind;
    std::string text;
    bool soft;
  };

  // partition_open.cc
  Task<Result<>> open();
  Task<Result<>> take_lock();
  Task<Result<>> load_journal(std::vector<uint64_t>& serials);
  Task<Result<>> take_up(uint64_t serial);
  Task<Result<>> finish(Segment& segment, const Recovered& found);
  Task<Result<>> discard(std::vector<uint64_t>& serials);
  Task<Result<std::vector<uint64_t>>> list_serials();
  void index(const Segment& segment, const Recovered& found);
  Task<> begin_to_serve();
  Task<> shut();

  // partition.cc
  Stamp stamp_at(MonoTime time) const { return Stamp::at(epoch_, time); }
  uint32_t wall_seconds() const;
  Duration shift_of(const RecordHeader& header) const;
  std::vector<DiskIndex::Entry> candidates(uint64_t hash) const;
  enum class Judged : uint8_t { good, other_key, gone };
  Judged judge(FoundRecord& found, std::string_view key);
  Task<Result<FileRange>> read_page(Segment& segment, const DiskIndex::Entry& entry);
  void account();

  // partition_write.cc
  Task<> write_queue();
  Task<> write(DiskSource& source);
  Task<Result<>> write_record(RecordHeader header, const RecordTexts& texts,
                              const DiskSource& source);
  Task<std::vector<uint32_t>> checksums(const DiskSource& source);
  Task<Result<>> append_body(const DiskSource& source);
  Task<Result<>> end_record(const RecordHeader& header, const RecordTexts& texts, uint64_t at);
  Task<Result<>> flush();
  void publish();
  Task<Result<>> make_room(uint64_t record_bytes);
  Task<Result<>> begin_segment();
  Task<> end_segment();
  // The segment lives while it is pinned; adds what was hit there.
  Task<Segment*> drop_oldest(std::vector<DiskIndex::Entry>& hot);
  Task<> rewrite(Segment& segment, const std::vector<DiskIndex::Entry>& hot);
  Task<Result<>> rewrite_one(Segment& segment, const DiskIndex::Entry& entry);
  void write_failed();
  Task<> forget_old_purges();
  void sweep_retired();
  uint16_t free_slot() const;
  uint64_t segments_bytes() const;

  const PartitionSetup setup_;
  const DiskIo& io_;
  DiskMetrics& metrics_;
  runtime::Scope scope_;
  State state_ = State::opening;
  bool closing_ = false;
  FilePtr lock_;
  PartitionIdentity identity_;
  uint32_t epoch_ = 1;
  uint64_t next_serial_ = 1;
  DiskIndex index_;
  PurgeLedger ledger_;
  PurgeJournal journal_;
  std::deque<EarlyPurge> early_purges_;
  bool early_purges_kept_ = false;

  std::vector<std::unique_ptr<Segment>> segments_;  // oldest first
  std::vector<Segment*> slots_;
  std::vector<std::unique_ptr<Segment>> retired_;  // while somebody still reads
  std::unique_ptr<SegmentWriter> writer_;          // of the newest
  std::vector<Staged> staged_;
  std::deque<std::unique_ptr<DiskSource>> queue_;
  uint64_t queue_bytes_ = 0;
  MonoTime write_again_at_{};
  MonoTime flush_at_ = never;
  // Look-ups wait for it to open until then, and are misses afterwards.
  const MonoTime opened_by_;
  runtime::WaitQueue work_;
  runtime::WaitQueue opened_;
  // What the gauges say of us.
  int64_t told_bytes_ = 0, told_objects_ = 0;
};

}  // namespace weir::edge::disk
