#include "edge/cache/body.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <malloc.h>
#include <new>

#include "edge/cache/body_reader.h"

namespace weir::edge::cache {

uint64_t allocated_bytes(const void* block) {
  return ::malloc_usable_size(const_cast<void*>(block));
}

Body* Body::make(ByteAccount& account, std::optional<uint64_t> length, const BodyShape& shape,
                 uint64_t taken) {
  const bool sliced = !length || *length > one_piece_bytes_max;
  void* block = std::malloc(sizeof(Body) + (sliced ? 0 : *length));
  WEIR_ASSERT(block);
  Body* body = new (block) Body(account, length, sliced, shape, taken);
  body->charge(block);
  body->refund();
  return body;
}

Body::Body(ByteAccount& account, std::optional<uint64_t> length, bool sliced,
           const BodyShape& shape, uint64_t taken)
    : promised_(length.value_or(unknown)),
      slice_bytes_(shape.slice_bytes),
      sliced_(sliced),
      account_(&account),
      memory_(shape.memory),
      prepaid_(taken) {
  if (!sliced) return;
  direct_slices_ = place_of(std::min(shape.stored_bytes_max, promised_ - 1)).slice + 2;
  directory_ = std::make_unique<Directory>();
  charge(directory_.get());
}

Body::~Body() {
  for_each_slice([this](char* slice) { free_slice(slice); });
  if (directory_)
    for (auto& block : *directory_)
      std::free(block.load(std::memory_order_relaxed));
  Feed::free_cells(*this);
  account_->subtract(charged_);
}

template <class Each>
void Body::for_each_slice(Each each) {
  for (size_t block = 0; directory_ && block < directory_blocks; ++block) {
    std::atomic<char*>* slots = (*directory_)[block].load(std::memory_order_acquire);
    for (size_t i = 0; slots && i < first_block_slices << block; ++i)
      if (char* slice = slots[i].load(std::memory_order_relaxed)) each(slice);
  }
}

void Body::lend() {
  if (!memory_ || !sliced_ || lent_.load(std::memory_order_relaxed)) return;
  WEIR_ASSERT(state() == BodyState::complete);
  lent_.store(true, std::memory_order_relaxed);
  for_each_slice([this](const char* slice) {
    if (memory_->has(slice)) memory_->lend(slice);
  });
}

void Body::unref() {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  this->~Body();
  std::free(this);
}

char* Body::make_slice(uint64_t bytes) {
  constexpr uint64_t piece = runtime::FileMemory::piece_bytes;
  if (char* slice = memory_ && bytes == piece ? memory_->take() : nullptr) {
    charge(bytes);
    return slice;
  }
  auto* slice = static_cast<char*>(std::malloc(bytes));
  WEIR_ASSERT(slice);
  charge(slice);
  return slice;
}

uint64_t Body::free_slice(char* slice) {
  if (memory_ && memory_->has(slice)) {
    memory_->give_back(slice);
    return runtime::FileMemory::piece_bytes;
  }
  const uint64_t bytes = allocated_bytes(slice);
  std::free(slice);
  return bytes;
}

void Body::charge(uint64_t bytes) {
  const uint64_t paid = std::min(bytes, prepaid_);
  prepaid_ -= paid;
  charged_ += bytes;
  account_->add(bytes - paid);
}

void Body::move_charge(ByteAccount& to) {
  if (account_ == &to) return;
  account_->subtract(charged_);
  account_ = &to;
  to.add(charged_);
  Feed::charge_cells(*this, to);
}

std::optional<uint64_t> Body::length() const {
  if (promised_ != unknown) return promised_;
  if (state() == BodyState::complete) return published();
  return std::nullopt;
}

// Slices double from first_slice_bytes up to slice_bytes_ where the length is unknown; the last one
// of a known length is as long as needed.
Body::Place Body::place_of(uint64_t offset) const {
  if (promised_ != unknown) {
    const uint64_t index = offset / slice_bytes_;
    const uint64_t start = index * slice_bytes_;
    return {static_cast<size_t>(index), start, std::min(slice_bytes_, promised_ - start)};
  }
  uint64_t start = 0;
  uint64_t bytes = first_slice_bytes;
  size_t index = 0;
  for (; bytes < slice_bytes_ && offset >= start + bytes; ++index, bytes *= 2)
    start += bytes;
  const uint64_t further = (offset - start) / bytes;
  return {index + static_cast<size_t>(further), start + further * bytes, bytes};
}

// Where nothing is stored any more, the slots of what readers have passed are used again.
size_t Body::slot_index(size_t slice) const {
  return slice < direct_slices_ ? slice
                                : direct_slices_ + (slice - direct_slices_) % passing_slices_max;
}

// nullptr when its block of pointers was not made yet.
std::atomic<char*>* Body::slot_of(size_t slice) const {
  slice = slot_index(slice);
  size_t block = 0;
  for (size_t slots = first_block_slices; slice >= slots; slots *= 2, ++block)
    slice -= slots;
  if (block >= directory_blocks) return nullptr;
  std::atomic<char*>* slots = (*directory_)[block].load(std::memory_order_acquire);
  return slots ? slots + slice : nullptr;
}

std::string_view Body::view(uint64_t offset) const {
  const uint64_t end = published();
  if (offset >= end) return {};
  if (!sliced_) return {inline_bytes() + offset, end - offset};
  const Place place = place_of(offset);
  const std::atomic<char*>* slot = slot_of(place.slice);
  const char* bytes = slot ? slot->load(std::memory_order_acquire) : nullptr;
  if (!bytes) return {};
  return {bytes + (offset - place.start), std::min(end, place.start + place.bytes) - offset};
}

std::span<char> Body::room() {
  const uint64_t end = published_.load(std::memory_order_relaxed);
  if (end >= promised_) return {};
  if (!sliced_) return {inline_bytes() + end, promised_ - end};
  const Place place = place_of(end);
  char* bytes = slice_at(place);
  if (!bytes) return {};
  return {bytes + (end - place.start), place.start + place.bytes - end};
}

char* Body::slice_at(const Place& place) {
  std::atomic<char*>* slot = slot_of(place.slice);
  if (!slot) {
    size_t block = 0;
    while (block < directory_blocks && (*directory_)[block].load(std::memory_order_relaxed))
      ++block;
    if (block == directory_blocks) return nullptr;
    void* slots = std::calloc(first_block_slices << block, sizeof(std::atomic<char*>));
    WEIR_ASSERT(slots);
    charge(slots);
    (*directory_)[block].store(static_cast<std::atomic<char*>*>(slots), std::memory_order_release);
    slot = slot_of(place.slice);
  }
  char* bytes = slot->load(std::memory_order_relaxed);
  if (bytes) return bytes;
  bytes = make_slice(place.bytes);
  slot->store(bytes, std::memory_order_release);
  return bytes;
}

uint64_t Body::growth_for(uint64_t n) const {
  if (!sliced_) return 0;
  const uint64_t end = published_.load(std::memory_order_relaxed) + n;
  uint64_t bytes = 0;
  for (uint64_t at = end - n; at < std::min(end, promised_);) {
    const Place place = place_of(at);
    const std::atomic<char*>* slot = slot_of(place.slice);
    // A block of pointers may come with it.
    if (!slot) bytes += allocation_rest + slot_index(place.slice) * sizeof(std::atomic<char*>) * 2;
    if (!slot || !slot->load(std::memory_order_relaxed)) bytes += place.bytes + place.bytes / 8;
    at = place.start + place.bytes;
  }
  return bytes;
}

void Body::publish(uint64_t n) {
  published_.store(published_.load(std::memory_order_relaxed) + n, std::memory_order_release);
}

bool Body::complete() {
  if (promised_ != unknown && published_.load(std::memory_order_relaxed) != promised_) {
    fail({ErrorCode::invalid, "fewer bytes than promised"});
    return false;
  }
  state_.store(BodyState::complete, std::memory_order_release);
  return true;
}

void Body::fail(Error error) {
  error_ = error;
  state_.store(BodyState::failed, std::memory_order_release);
}

// How much memory that was.
uint64_t Body::free_slice_at(const Place& place) {
  std::atomic<char*>* slot = slot_of(place.slice);
  char* bytes = slot ? slot->exchange(nullptr, std::memory_order_acq_rel) : nullptr;
  if (!bytes) return 0;
  const uint64_t freed = free_slice(bytes);
  charged_ -= freed;
  account_->subtract(freed);
  return freed;
}

// Both at a slice's start.
void Body::free_slices(uint64_t from, uint64_t to) {
  while (from < to) {
    const Place place = place_of(from);
    free_slice_at(place);
    from = place.start + place.bytes;
  }
}

bool Body::has_slices() const {
  return sliced_ && dropped_.load(std::memory_order_relaxed) < published();
}

uint64_t Body::shed(uint64_t bytes) {
  uint64_t freed = 0;
  while (freed < bytes && has_slices()) {
    const Place place = place_of(dropped_.load(std::memory_order_relaxed));
    freed += free_slice_at(place);
    dropped_.store(place.start + place.bytes, std::memory_order_relaxed);
  }
  return freed;
}

}  // namespace weir::edge::cache
