#pragma once
// DiskTier: the cache's second tier, on disk, of the whole process; DiskShard: as one shard sees
// it. A key belongs to a partition by its hash, a partition to a shard by its number, so that
// another number of shards finds everything again. Whoever owns a partition reads and writes it;
// other shards ask by mail. Nothing here is on the way of a hit in memory.
//
// Look-ups are for whoever was about to ask an origin: hold the right to fill the key first
// (cache::Fill), so that a purge that comes meanwhile finds it. A failure of any kind is a miss.
//
// Times: a stored answer's monotonic times are of the run that stored it; add DiskAnswer::shift().

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "edge/disk/purge_errand.h"
#include "edge/disk/visit.h"
#include "runtime/shard.h"

namespace weir::edge::disk {

class DiskShard;

class DiskTier {
 public:
  // `directory`: of this tier alone, whose parent exists. `meta_format`: of the meta blocks; those
  // of another are not used. Made before the shards, ends after them.
  DiskTier(const DiskSettings& settings, std::string directory, size_t shards,
           uint32_t meta_format);
  DiskTier(const DiskTier&) = delete;
  DiskTier& operator=(const DiskTier&) = delete;

  bool on() const { return settings_.bytes > 0; }
  const DiskSettings& settings() const { return settings_; }

 private:
  friend class DiskShard;
  uint32_t partition_of(std::string_view key) const;
  size_t owner_of(uint32_t partition) const { return partition % shards_.size(); }
  PartitionSetup setup_of(uint32_t partition);
  std::string directory_of(uint32_t partition) const;

  const DiskSettings settings_;
  const std::string directory_;
  const uint32_t meta_format_;
  std::vector<std::atomic<DiskShard*>> shards_;
  std::atomic<uint64_t> waiting_bytes_{0};  // of what was offered and is not written
  std::atomic<size_t> leaving_{0};          // shards that have made their last offers
};

// A stored answer that was found: everything but the body was verified.
class DiskAnswer {
 public:
  DiskAnswer(DiskShard& shard, VisitRef visit) : shard_(shard), visit_(std::move(visit)) {}
  DiskAnswer(const DiskAnswer&) = delete;
  DiskAnswer& operator=(const DiskAnswer&) = delete;
  ~DiskAnswer();

  std::string_view key() const { return texts().key; }
  std::string_view variant() const { return texts().variant; }
  std::string_view meta() const { return texts().meta; }  // as it was written
  std::string_view head() const { return texts().head; }
  std::vector<std::string_view> tags() const;
  uint64_t body_bytes() const { return visit_->record.view.header.body_bytes; }
  Duration shift() const { return visit_->record.shift; }
  // When that was, by this run's clock.
  MonoTime written() const {
    return MonoTime(Duration(visit_->record.view.header.written_mono)) + shift();
  }
  // A soft purge has made it stale, then or later.
  bool stale() const { return visit_->record.stale; }

  // The next bytes of the body, verified; valid until the next call. Empty: that was all. Errors:
  // invalid (broken), io, timed_out, cancelled.
  Task<Result<std::string_view>> next(Wait wait);

 private:
  const RecordTexts& texts() const { return visit_->record.view.texts; }
  Result<std::string_view> verify(const FileRange& range, size_t skip, uint64_t bytes);

  DiskShard& shard_;
  VisitRef visit_;
  uint64_t position_ = 0;
};

// Whether a stored variant answers the request, by what was stored with it.
struct VariantFits {
  bool (*call)(void* request, std::string_view variant, std::string_view meta);
  void* request;
};

class DiskShard {
 public:
  DiskShard(DiskTier& tier, runtime::Shard& shard, telemetry::Recorder& recorder);
  DiskShard(const DiskShard&) = delete;
  DiskShard& operator=(const DiskShard&) = delete;
  // After stop().
  ~DiskShard();

  // Opens the partitions of this shard, in the background. Where the tier is off, the first shard
  // removes what an earlier run left.
  void start();
  // Writes what is waiting, and lets go of the files. Look-ups are misses from now on.
  Task<> stop();

  bool on() const { return tier_.on() && !stopping_; }
  bool admits_all() const { return on() && tier_.settings_.admission == Admission::all; }
  // Bytes that were offered by all shards and are not written yet.
  uint64_t waiting_bytes() const { return tier_.waiting_bytes_.load(std::memory_order_relaxed); }
  // This shard offers nothing more; waits until that is so for all, at most until `wait` says.
  Task<> last_offer_made(Wait wait);
  // The newest answer to `key` that fits, or nullptr.
  Task<std::unique_ptr<DiskAnswer>> find(std::string key, VariantFits fits, Wait wait);
  // Takes it to be written, or drops it, without waiting.
  void offer(std::unique_ptr<DiskSource> source);
  // Before the purge of memory, which is not to be left out where this one fails: what was found
  // here before and is on its way into memory is then purged there; the other way round a look-up
  // between the two would bring back what is void. Done when it is in force here, and kept: nothing
  // that was stored before comes back. Errors: overloaded, io, closed, timed_out,
  // cancelled.
  Task<Result<>> purge(PurgeKind kind, std::string text, bool soft, Wait wait);

 private:
  friend class DiskAnswer;
  // Mail that must not be lost is tried again while the ring is full.
  template <class Mail>
  Task<Result<>> mail(size_t to, Mail message, Wait wait) {
    while (!shard_.post(to, Mail(message))) {
      if (io_.reactor.now() >= wait.until)
        co_return fail(ErrorCode::overloaded, "a mailbox is full");
      WEIR_CO_CHECK(
          co_await runtime::sleep(io_.reactor, {after(io_.reactor.now(), mail_again_after)}));
    }
    co_return Result<>{};
  }
  Task<Result<>> ask(VisitRef visit, Wait wait);
  void end(const VisitRef& visit);
  // On the owner.
  void receive(VisitRef visit);
  Task<> serve(VisitRef visit);
  Task<> serve_body(VisitRef visit, Partition& partition);
  Task<> answer(VisitRef visit);
  static void hand_back(const VisitRef& visit);
  Task<bool> next_question(Visit& visit);
  Task<Result<>> wait_for(PurgeErrandRef errand, Wait wait);
  void receive(PurgeErrandRef errand);
  Task<> serve(PurgeErrandRef errand);
  Partition* partition(uint32_t number);
  Task<> clean(uint32_t from);
  Task<> remove_partition(std::string directory);

  static constexpr Duration mail_again_after = milliseconds(1);
  static constexpr Duration patience = seconds(10);  // with an asker that says nothing
  static constexpr uint32_t purges_running_max = 1024;

  DiskTier& tier_;
  runtime::Shard& shard_;
  const DiskIo io_;
  DiskMetrics metrics_;
  runtime::Scope scope_;
  std::vector<std::unique_ptr<Partition>> partitions_;  // of this shard
  uint32_t reads_ = 0;
  uint32_t purges_ = 0;
  bool stopping_ = false;
  bool stopped_ = false;  // no task may begin any more
};

}  // namespace weir::edge::disk
