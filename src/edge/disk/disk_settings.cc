#include "edge/disk/disk_settings.h"

#include <algorithm>

#include "base/units.h"
#include "edge/disk/segment_format.h"

namespace weir::edge::disk {
namespace {

constexpr uint64_t segments_of_a_partition = 16;
constexpr uint64_t segment_least = 256 * KiB, segment_most = 4 * GiB;

std::optional<std::string> check(const DiskSettings& settings) {
  const uint64_t needed = 4 * settings.partitions * settings.segment_size();
  if (settings.bytes == 0 || settings.bytes >= needed) return std::nullopt;
  return "bytes must be 0 or hold four segments of each partition: at least " +
         format_bytes(needed) + "; lower partitions or segment_bytes otherwise";
}

}  // namespace

uint64_t DiskSettings::segment_size() const {
  const uint64_t fit = bytes / std::max<uint64_t>(partitions, 1) / segments_of_a_partition;
  const uint64_t wanted = segment_bytes.value_or(std::clamp(fit, segment_least, segment_most));
  return wanted / block_bytes * block_bytes;
}

const settings::Group<DiskSettings>& disk_settings() {
  using S = DiskSettings;
  using settings::field;
  static const settings::Group<S> group{
      "",
      "The second tier of the cache, on disk under the directory runtime.data; what is stored "
      "there "
      "survives restarts.",
      {field(
           &S::bytes, "bytes", 0,
           "Room on disk for stored answers; 0 is off, and removes what an earlier run left. Leave "
           "a tenth of the file system free.")
           .in_bytes()
           .between(0, 1024 * 1024 * GiB),
       field(&S::admission, "admission", Admission::hit_once,
             {{"hit_once", Admission::hit_once}, {"all", Admission::all}},
             "What is written: answers that were hit, when memory evicts them and at a stop, or "
             "every stored answer at once; all wears the disk, and survives a crash."),
       field(&S::partitions, "partitions", 16,
             "Into how many parts the tier is cut, shared out among the shards; not fewer than "
             "shards. Changing it discards what is stored.")
           .between(1, 256),
       field(&S::segment_bytes, "segment_bytes", settings::automatic,
             "Size of the files that are written and dropped as a whole; automatic takes a "
             "sixteenth of a partition.")
           .in_bytes()
           .between(segment_least, segment_most),
       field(&S::object_bytes_max, "object_bytes_max", 64 * MiB,
             "Largest answer that is written; nothing above a quarter of a segment is either.")
           .in_bytes()
           .between(4 * KiB, 1 * GiB),
       field(&S::index_bytes, "index_bytes", 256 * MiB,
             "Memory for the index, about 32 bytes an answer; when it is full nothing more is "
             "written until old answers leave.")
           .in_bytes()
           .between(1 * MiB, 64 * GiB),
       field(&S::queue_max, "queue_max", 1024,
             "Answers that may wait to be written in one partition; more are dropped and counted.")
           .between(1, 65536),
       field(&S::queue_bytes_max, "queue_bytes_max", 4 * MiB,
             "Bytes of answers that may wait to be written in one partition.")
           .in_bytes()
           .between(64 * KiB, 4 * GiB),
       field(&S::reads_max, "reads_max", 256,
             "Reads that a shard serves at a time; when more come they are misses, and counted.")
           .between(1, 4096),
       field(&S::purges_max, "purges_max", 20'000,
             "Purges that a partition remembers while older answers may still be on disk; when "
             "more come, all that is stored then counts as purged.")
           .between(16, 10'000'000),
       field(&S::flush_after, "flush_after", seconds(1),
             "How long answers wait for others to be written together with.")
           .between(milliseconds(1), seconds(60)),
       field(&S::timeout, "timeout", seconds(2), "How long a read may take before it is a miss.")
           .between(milliseconds(1), minutes(1))},
      check};
  return group;
}

}  // namespace weir::edge::disk
