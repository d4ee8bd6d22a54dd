#include "edge/disk/disk_tier.h"

#include <algorithm>

#include "base/hash.h"

namespace weir::edge::disk {
namespace {

// Tells the partitions apart from run to run; who aims at one partition gains nothing.
constexpr uint64_t partition_seed = 0x77656972;
constexpr size_t directory_entries_max = 100'000;

}  // namespace

DiskTier::DiskTier(const DiskSettings& settings, std::string directory, size_t shards,
                   uint32_t meta_format)
    : settings_(settings),
      directory_(std::move(directory)),
      meta_format_(meta_format),
      shards_(shards) {}

uint32_t DiskTier::partition_of(std::string_view key) const {
  return static_cast<uint32_t>(hash(key, partition_seed) % settings_.partitions);
}

std::string DiskTier::directory_of(uint32_t partition) const {
  std::string digits = std::to_string(partition);
  digits.insert(0, 3 - std::min<size_t>(3, digits.size()), '0');
  return directory_ + "/partition-" + digits;
}

PartitionSetup DiskTier::setup_of(uint32_t partition) {
  return {directory_of(partition), partition, meta_format_, settings_, &waiting_bytes_};
}

DiskShard::DiskShard(DiskTier& tier, runtime::Shard& shard, telemetry::Recorder& recorder)
    : tier_(tier),
      shard_(shard),
      io_{shard.reactor(), tier.settings_.timeout},
      metrics_(recorder),
      scope_(shard.reactor()) {
  tier_.shards_[shard.index()].store(this, std::memory_order_release);
}

DiskShard::~DiskShard() {
  tier_.shards_[shard_.index()].store(nullptr, std::memory_order_release);
}

void DiskShard::start() {
  if (tier_.on()) {
    for (uint32_t i = 0; i < tier_.settings_.partitions; ++i)
      if (tier_.owner_of(i) == shard_.index())
        partitions_.push_back(std::make_unique<Partition>(tier_.setup_of(i), io_, metrics_));
    for (const auto& partition : partitions_)
      scope_.spawn(partition->run());
  }
  if (shard_.index() == 0 && !tier_.directory_.empty())
    scope_.spawn(clean(tier_.on() ? tier_.settings_.partitions : 0));
}

Task<> DiskShard::stop() {
  stopping_ = true;
  for (const auto& partition : partitions_)
    partition->close();
  scope_.cancel().request();
  co_await scope_.join();
  stopped_ = true;
}

Task<> DiskShard::last_offer_made(Wait wait) {
  constexpr Duration look_again_after = milliseconds(2);
  tier_.leaving_.fetch_add(1, std::memory_order_release);
  while (tier_.leaving_.load(std::memory_order_acquire) < tier_.shards_.size() &&
         io_.reactor.now() < wait.until)
    (void)co_await runtime::sleep(io_.reactor, {after(io_.reactor.now(), look_again_after)});
  // What the others sent before they came here is in our mail, which the next turn begins with.
  co_await pause(io_.reactor);
  co_await pause(io_.reactor);
}

// What another layout, or a run that had the tier on, has left behind.
Task<> DiskShard::clean(uint32_t from) {
  const auto names = co_await runtime::list_directory(io_.reactor, tier_.directory_,
                                                      directory_entries_max, io_.patient());
  if (!names) co_return;
  for (const std::string& name : *names) {
    const std::string directory = tier_.directory_ + '/' + name;
    bool current = false;
    for (uint32_t i = 0; i < from; ++i)
      current = current || directory == tier_.directory_of(i);
    if (name.starts_with("partition-") && !current) co_await remove_partition(directory);
  }
}

// The segments go first: without its journal nothing of a partition is used.
Task<> DiskShard::remove_partition(std::string directory) {
  const auto names = co_await runtime::list_directory(io_.reactor, directory, directory_entries_max,
                                                      io_.patient());
  if (!names) co_return;
  Result<FilePtr> lock = co_await File::open(io_.reactor, directory + "/lock",
                                             {.write = true, .create = true}, io_.patient());
  if (!lock || !(co_await (*lock)->try_lock(io_.patient())).value_or(false)) co_return;
  for (const std::string& name : *names) {
    if (!serial_of(name)) continue;
    const std::string path = std::string(directory).append("/").append(name);
    (void)co_await runtime::remove_file(io_.reactor, path, io_.patient());
  }
  (void)co_await runtime::remove_file(io_.reactor, directory + "/purges", io_.patient());
}

Partition* DiskShard::partition(uint32_t number) {
  const size_t at = number / tier_.shards_.size();
  return at < partitions_.size() ? partitions_[at].get() : nullptr;
}

void DiskShard::offer(std::unique_ptr<DiskSource> source) {
  if (!on()) return;
  const uint32_t number = tier_.partition_of(source->draft().key);
  const size_t owner = tier_.owner_of(number);
  if (owner == shard_.index()) {
    if (Partition* here = partition(number)) here->offer(std::move(source));
    return;
  }
  auto take = [&tier = tier_, number, owner, source = std::move(source)]() mutable {
    DiskShard* there = tier.shards_[owner].load(std::memory_order_acquire);
    Partition* part = there && !there->stopping_ ? there->partition(number) : nullptr;
    if (part) part->offer(std::move(source));
  };
  if (!shard_.post(owner, std::move(take))) metrics_.full.add();
}

std::vector<std::string_view> DiskAnswer::tags() const {
  std::vector<std::string_view> tags;
  for_each_tag(texts().tags, [&](std::string_view tag) { tags.push_back(tag); });
  return tags;
}

}  // namespace weir::edge::disk
