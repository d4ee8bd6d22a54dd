#pragma once
// DiskSource: an answer that is offered to the disk: what is written about it, and its body, whose
// bytes stay where they are until they were written. Made on any shard, used and dropped on the one
// that owns its partition; everything in it is immutable.

#include <string_view>
#include <vector>

#include "base/time.h"

namespace weir::edge::disk {

struct DiskDraft {
  std::string_view key, variant, meta, head;
  std::vector<std::string_view> tags;
  uint64_t body_bytes = 0;
  MonoTime stored;         // when the cache took it; what was purged since is not written
  WallTime expires;        // of no use to anybody from then on
  bool stale = false;      // a soft purge has made it so
  bool from_disk = false;  // it came from there: not written again if it still is
};

class DiskSource {
 public:
  virtual ~DiskSource() = default;
  const DiskDraft& draft() const { return draft_; }
  // The longest run of the body that begins at `offset`.
  virtual std::string_view body(uint64_t offset) const = 0;

 protected:
  DiskDraft draft_;
};

}  // namespace weir::edge::disk
