#pragma once
// Segment: one file of a partition: records are appended to it until it is full, then it is only
// read, and at last dropped as a whole. recover() takes one up again at a start. Owned by its
// partition, on one shard; a pin keeps it readable after it was dropped.

#include <string>
#include <vector>

#include "base/list.h"
#include "edge/disk/disk_io.h"
#include "edge/disk/disk_metrics.h"

namespace weir::edge::disk {

struct Segment : ListNode<Segment> {
  uint16_t slot = 0;  // names it in the index
  uint64_t serial = 0;
  std::string path;
  FilePtr file;
  uint64_t bytes = 0;        // on disk
  Stamp oldest{UINT64_MAX};  // of its records
  uint32_t pins = 0;
};

std::string segment_path(const std::string& directory, uint64_t serial);
// nullopt: not the name of a segment.
std::optional<uint64_t> serial_of(std::string_view name);

class SegmentPin {
 public:
  explicit SegmentPin(Segment& segment) : segment_(segment) { ++segment_.pins; }
  SegmentPin(const SegmentPin&) = delete;
  SegmentPin& operator=(const SegmentPin&) = delete;
  ~SegmentPin() { --segment_.pins; }

 private:
  Segment& segment_;
};

// What stands in a segment.
struct Recovered {
  uint32_t epoch = 0;
  uint64_t end = 0;
  Stamp oldest{UINT64_MAX};
  std::vector<ListEntry> entries;  // oldest first
  bool sealed = false;
  uint64_t last_list_at = 0;
};

// By its lists, or, where it was not finished, by its records up to the first that is not whole.
// Errors: not_found (another's file, or none of ours), io.
Task<Result<Recovered>> recover(const DiskIo& io, File& file, uint64_t serial,
                                const PartitionIdentity& identity, DiskMetrics& metrics);

}  // namespace weir::edge::disk
