#pragma once
// Limbo: what left the index of a partition but may still be looked at by a shard whose turn goes
// on: objects, and tables that were outgrown. Owner's only. At the end of each step what has come
// is stamped, and what every shard has left behind is let go: at most so much in a step that nobody
// waits long for it. A body of slices is kept until nobody reads it any more, so that it is here
// that it ends, a little in each step, and not all at once wherever its last reader is.

#include <deque>

#include "edge/cache/epochs.h"
#include "edge/cache/object.h"

namespace weir::edge::cache {

class Limbo {
 public:
  explicit Limbo(Epochs& epochs) : epochs_(epochs) {}
  Limbo(const Limbo&) = delete;
  Limbo& operator=(const Limbo&) = delete;
  // Nobody reads any more.
  ~Limbo();

  // Takes over the index's reference.
  void retire(Object& object);
  // From malloc, and charged to `account` until it is freed.
  void retire_block(void* block, ByteAccount& account);
  void end_step();
  bool empty() const {
    return fresh_.empty() && stamped_.empty() && blocks_.empty() && read_.empty() &&
           ending_.empty();
  }
  // Of what is in it and about to be free; counted where it was before.
  uint64_t bytes() const { return bytes_; }

 private:
  struct Block {
    void* block;
    ByteAccount* account;
    uint64_t stamp;
  };
  void release(Object& object);
  void release(const Block& block);
  void stamp_new();
  void look_who_reads();
  void end_bodies();

  Epochs& epochs_;
  List<Object> fresh_;
  List<Object> stamped_;  // by stamp
  List<Object> read_;     // with bodies of slices, which readers may hold
  List<Object> ending_;   // with such that nobody holds
  std::deque<Block> blocks_;
  uint64_t bytes_ = 0;
};

}  // namespace weir::edge::cache
