#include "edge/cache/limbo.h"

#include <cstdlib>

namespace weir::edge::cache {
namespace {

constexpr uint64_t not_stamped = UINT64_MAX;

}  // namespace

Limbo::~Limbo() {
  stamped_.splice_back(fresh_);
  while (Object* object = stamped_.pop_front())
    release(*object);
  for (const Block& block : blocks_)
    release(block);
}

void Limbo::retire(Object& object) {
  bytes_ += object.policy_.bytes;
  fresh_.push_back(object);
}

void Limbo::retire_block(void* block, ByteAccount& account) {
  bytes_ += allocated_bytes(block);
  blocks_.push_back({block, &account, not_stamped});
}

void Limbo::release(const Block& block) {
  const uint64_t bytes = allocated_bytes(block.block);
  bytes_ -= bytes;
  std::free(block.block);
  block.account->subtract(bytes);
}

void Limbo::release(Object& object) {
  bytes_ -= object.policy_.bytes;
  object.unref();
}

void Limbo::end_step() {
  if (empty()) return;
  if (!fresh_.empty() || (!blocks_.empty() && blocks_.back().stamp == not_stamped)) {
    const uint64_t stamp = epochs_.stamp();
    for (Object* object = fresh_.front(); object; object = fresh_.next(*object))
      object->retired_at_ = stamp;
    stamped_.splice_back(fresh_);
    for (Block& block : blocks_)
      if (block.stamp == not_stamped) block.stamp = stamp;
  }
  const uint64_t held = epochs_.oldest_held();
  while (!stamped_.empty() && stamped_.front()->retired_at_ < held)
    release(*stamped_.pop_front());
  while (!blocks_.empty() && blocks_.front().stamp < held) {
    release(blocks_.front());
    blocks_.pop_front();
  }
}

}  // namespace weir::edge::cache
