#pragma once
// Body: the bytes of one stored answer, once, where they are sent from. Written by the shard that
// fills it, front to back, while any shard reads what is published already; immutable afterwards.
// Counted: objects, fills and readers hold it (BodyRef). A body of known, moderate length is one
// allocation; a larger one, or one of unknown length, is made of slices that come as bytes do. Does
// not know what is stored: objects do (object.h). Waiting for more bytes is body_reader.h.
//
//   one allocation: [Body][bytes...]
//   slices:         [Body] -> directory of 16 blocks of 8, 16, 32, ... slice pointers -> slices
//
// A body that is too long to be stored passes through: behind BodyShape::stored_bytes_max the
// pointers are used in turn, so that its length has no limit while its memory has.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "edge/cache/byte_account.h"
#include "runtime/file_memory.h"

namespace weir::edge::cache {

struct FeedCell;

enum class BodyState : uint8_t { filling, complete, failed };

// How the bodies of a store are cut.
struct BodyShape {
  uint64_t slice_bytes = 256 * 1024;        // of the largest slices; a power of two
  uint64_t stored_bytes_max = 64ull << 30;  // a longer body is given up
  // Where slices of that size lie, while there is room in it; it outlives the bodies.
  runtime::FileMemory* memory = nullptr;
};

class Body {
 public:
  static constexpr uint64_t one_piece_bytes_max = 256 * 1024;
  static constexpr uint64_t first_slice_bytes = 4096;  // where the length is unknown; then doubling
  // Slices of a body that passes through which may be there at a time.
  static constexpr size_t passing_slices_max = 512;

  // An empty body that is being filled; its bytes are charged to `account`, which outlives it and
  // from which `taken` bytes were taken for it. `length`: as the origin promised it; none: unknown.
  // Holds one reference for the caller.
  static Body* make(ByteAccount& account, std::optional<uint64_t> length,
                    const BodyShape& shape = {}, uint64_t taken = 0);
  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;

  // At most what make() takes.
  static uint64_t memory_for(std::optional<uint64_t> length) {
    const uint64_t bytes = length && *length <= one_piece_bytes_max ? *length : 0;
    return allocation_rest + bytes + bytes / 8;
  }

  // --- any shard, while it holds a reference ---
  BodyState state() const { return state_.load(std::memory_order_acquire); }
  // Bytes that are there to be read; final unless filling (read the state first).
  uint64_t published() const { return published_.load(std::memory_order_acquire); }
  // The whole length, where it is known.
  std::optional<uint64_t> length() const;
  // The longest contiguous run of published bytes that begins at `offset`; empty: none is there.
  std::string_view view(uint64_t offset) const;
  // All bytes, of a complete body in one piece; has_whole() says whether it is one.
  bool has_whole() const { return !sliced_ && state() == BodyState::complete; }
  std::string_view whole() const { return view(0); }
  bool in_one_piece() const { return !sliced_; }
  // Will not be stored: bytes are dropped once every reader has passed them.
  bool given_up() const { return given_up_.load(std::memory_order_acquire); }
  // Why it failed; meaningful once it has.
  Error error() const { return error_; }
  // It is complete and asked for again: streams may send it without a copy (file_memory.h).
  void lend();

  // --- the filling shard ---
  // Where the next bytes go, at least one byte; empty: the promised length is reached or no more
  // can be had.
  std::span<char> room();
  // At most the memory that `n` further bytes take; 0 for a body in one piece, which has it
  // already.
  uint64_t growth_for(uint64_t n) const;
  // `bytes` were taken from its account for what room() will allocate; refund() gives back the
  // rest.
  void prepay(uint64_t bytes) { prepaid_ += bytes; }
  void refund() { account_->subtract(std::exchange(prepaid_, 0)); }
  // `n` bytes were written at room(); visible to readers from now on.
  void publish(uint64_t n);
  // False when fewer bytes came than were promised: it is then failed.
  bool complete();
  void fail(Error error);
  // Feed::drop_passed() may free what readers have passed from now on.
  void give_up() { given_up_.store(true, std::memory_order_release); }

  // Memory, with what the allocator adds.
  uint64_t charged() const { return charged_; }
  bool charged_to(const ByteAccount& account) const { return account_ == &account; }
  // Moves the charge, after it has been completed; by the owner of what holds it.
  void move_charge(ByteAccount& to);

  // --- who alone holds it, to end it piece by piece ---
  uint32_t references() const { return references_.load(std::memory_order_acquire); }
  bool has_slices() const;
  // Frees slices from the front, until it was `bytes` or all; how much memory that was. Its bytes
  // are not to be read any more.
  uint64_t shed(uint64_t bytes);

  void ref() { references_.fetch_add(1, std::memory_order_relaxed); }
  void unref();

 private:
  friend class Feed;
  friend class BodyReader;
  static constexpr size_t directory_blocks = 16, first_block_slices = 8;
  // More than the body itself, its directory, and what an allocator rounds up by.
  static constexpr uint64_t allocation_rest = 1024;
  using Directory = std::array<std::atomic<std::atomic<char*>*>, directory_blocks>;
  struct Place {
    size_t slice;
    uint64_t start, bytes;  // of the slice
  };

  Body(ByteAccount& account, std::optional<uint64_t> length, bool sliced, const BodyShape& shape,
       uint64_t taken);
  ~Body();
  Place place_of(uint64_t offset) const;
  size_t slot_index(size_t slice) const;
  std::atomic<char*>* slot_of(size_t slice) const;
  char* slice_at(const Place& place);
  uint64_t free_slice_at(const Place& place);
  void free_slices(uint64_t from, uint64_t to);
  void charge(const void* block) { charge(allocated_bytes(block)); }
  void charge(uint64_t bytes);
  template <class Each>
  void for_each_slice(Each each);
  char* make_slice(uint64_t bytes);
  // How much memory that was.
  uint64_t free_slice(char* slice);
  char* inline_bytes() { return reinterpret_cast<char*>(this + 1); }
  const char* inline_bytes() const { return reinterpret_cast<const char*>(this + 1); }

  static constexpr uint64_t unknown = UINT64_MAX;
  std::atomic<uint64_t> published_{0};
  uint64_t promised_;
  const uint64_t slice_bytes_;
  size_t direct_slices_ = 0;  // those that have a pointer of their own
  std::atomic<uint32_t> references_{1};
  std::atomic<BodyState> state_{BodyState::filling};
  std::atomic<bool> given_up_{false};
  std::atomic<bool> lent_{false};
  const bool sliced_;
  Error error_{ErrorCode::closed, "no error"};
  ByteAccount* account_;
  runtime::FileMemory* memory_;
  std::atomic<uint64_t> charged_{0};  // a report may read it while it grows
  uint64_t prepaid_ = 0;              // of the account, not charged yet
  std::unique_ptr<Directory> directory_;
  std::atomic<uint64_t> dropped_{0};       // bytes at the front that are gone, or are about to go
  std::atomic<FeedCell*> cells_{nullptr};  // of the shards that waited (body_reader.h)
};

// A counted reference.
class BodyRef {
 public:
  BodyRef() = default;
  // Adopts the reference that Body::make() gave.
  static BodyRef adopt(Body* body) { return BodyRef(body); }
  // Adds one; the caller holds one already, or is protected by its turn.
  explicit BodyRef(Body& body) : body_(&body) { body.ref(); }
  BodyRef(BodyRef&& other) noexcept : body_(std::exchange(other.body_, nullptr)) {}
  BodyRef& operator=(BodyRef&& other) noexcept {
    std::swap(body_, other.body_);
    return *this;
  }
  ~BodyRef() {
    if (body_) body_->unref();
  }
  explicit operator bool() const { return body_ != nullptr; }
  Body* get() const { return body_; }
  Body* operator->() const { return body_; }
  Body& operator*() const { return *body_; }

 private:
  explicit BodyRef(Body* body) : body_(body) {}
  Body* body_ = nullptr;
};

}  // namespace weir::edge::cache
