#include "edge/cache/ghost_table.h"

#include <algorithm>
#include <bit>

namespace weir::edge::cache {

GhostTable::GhostTable(size_t keys)
    // Twice the room: a full bucket forgets what is not the oldest of all.
    : mask_(std::bit_ceil(std::max<size_t>(keys * 2 / ways, 1)) - 1),
      buckets_(new Bucket[mask_ + 1]) {}

void GhostTable::add(uint64_t hash, size_t window) {
  window_ = static_cast<uint32_t>(std::min<size_t>(window, (mask_ + 1) * ways));
  if (++clock_ == 0) clock_ = 1;
  Ghost* place = nullptr;
  for (Ghost& ghost : bucket_of(hash).ghosts) {
    if (ghost.print == print_of(hash) && ghost.added != 0) {
      place = &ghost;
      break;
    }
    if (!place || clock_ - ghost.added > clock_ - place->added || ghost.added == 0) place = &ghost;
    if (ghost.added == 0) break;
  }
  *place = {print_of(hash), clock_};
}

bool GhostTable::take(uint64_t hash) {
  for (Ghost& ghost : bucket_of(hash).ghosts) {
    if (ghost.print != print_of(hash) || !remembered(ghost)) continue;
    ghost.added = 0;
    return true;
  }
  return false;
}

}  // namespace weir::edge::cache
