#pragma once
// PurgeErrand: a purge on its way to one shard, for all of its partitions or for one. Belongs to
// the owner until it answers, to the asker afterwards; mail hands it over.

#include <optional>
#include <string>

#include "edge/disk/counted.h"
#include "edge/disk/purge_ledger.h"
#include "runtime/waiter.h"

namespace weir::edge::disk {

struct PurgeErrand {
  PurgeKind kind;
  std::string text;
  bool soft = false;
  std::optional<uint32_t> partition;  // none: all
  size_t asker = 0, owner = 0;        // shards
  Duration patience{};                // how long it may take
  Result<> result;
  // --- the asker's ---
  runtime::Waiter* waiting = nullptr;
  bool answered = false;

  std::atomic<uint32_t> references{1};
};
using PurgeErrandRef = CountedRef<PurgeErrand>;

}  // namespace weir::edge::disk
