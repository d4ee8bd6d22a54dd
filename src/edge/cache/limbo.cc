#include "edge/cache/limbo.h"

#include <algorithm>
#include <cstdlib>

namespace weir::edge::cache {
namespace {

constexpr uint64_t not_stamped = UINT64_MAX;
// What is let go in one step, some quarter of a millisecond of each: 1 us an object, and 4 a page
// that the kernel may still be sending, which cannot be used again.
constexpr size_t objects_a_step = 256, looks_a_step = 256;
constexpr uint64_t sliced_bytes_a_step = 256 * 1024;

}  // namespace

Limbo::~Limbo() {
  stamped_.splice_back(fresh_);
  stamped_.splice_back(read_);
  stamped_.splice_back(ending_);
  while (Object* object = stamped_.pop_front())
    object->unref();
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
  // Whoever still fills one looks at how many hold it.
  const Body* body = object.body_.get();
  if (body && !body->in_one_piece() && body->state() == BodyState::complete && !body->given_up())
    read_.push_back(object);
  else
    object.unref();
}

void Limbo::stamp_new() {
  if (fresh_.empty() && (blocks_.empty() || blocks_.back().stamp != not_stamped)) return;
  const uint64_t stamp = epochs_.stamp();
  for (Object* object = fresh_.front(); object; object = fresh_.next(*object))
    object->retired_at_ = stamp;
  stamped_.splice_back(fresh_);
  for (Block& block : blocks_)
    if (block.stamp == not_stamped) block.stamp = stamp;
}

// Nobody finds them any more: who holds none will not hold one again.
void Limbo::look_who_reads() {
  List<Object> still;
  for (size_t i = 0; i < looks_a_step && !read_.empty(); ++i) {
    Object& object = *read_.pop_front();
    if (object.references() > 1) {
      still.push_back(object);
    } else if (object.body_->references() > 1) {
      object.unref();  // another object has the same body
    } else {
      bytes_ += object.body_->charged();
      ending_.push_back(object);
    }
  }
  read_.splice_back(still);
}

void Limbo::end_bodies() {
  uint64_t left = sliced_bytes_a_step;
  while (Object* object = left > 0 ? ending_.front() : nullptr) {
    Body& body = *object->body_;
    const uint64_t before = body.charged();
    left -= std::min(left, body.shed(left));
    bytes_ -= before - body.charged();
    if (body.has_slices()) continue;
    bytes_ -= body.charged();
    ending_.pop_front();
    object->unref();
  }
}

void Limbo::end_step() {
  if (empty()) return;
  stamp_new();
  const uint64_t held = epochs_.oldest_held();
  for (size_t i = 0; i < objects_a_step && !stamped_.empty(); ++i) {
    if (stamped_.front()->retired_at_ >= held) break;
    release(*stamped_.pop_front());
  }
  while (!blocks_.empty() && blocks_.front().stamp < held) {
    release(blocks_.front());
    blocks_.pop_front();
  }
  look_who_reads();
  end_bodies();
}

}  // namespace weir::edge::cache
