#pragma once
// Object: one stored answer: what the edge wrote about it (head, meta) and a Body. Immutable but
// for a few atomic marks. Made by the shard that fetched it, put in the index by the owner of its
// key, found and read by every shard without a lock.
//
// A pointer that find() gave is good until the coroutine that asked suspends. To keep it longer: a
// Pin (shard_store.h), which costs no shared write, or an ObjectRef, which is counted and may go to
// other shards. Either outlives eviction and purge.
//
//   one allocation: [Object][meta][key][variant][head][TagLink...][tag texts...]

#include <atomic>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/list.h"
#include "base/time.h"
#include "edge/cache/body.h"
#include "edge/cache/s3_fifo.h"

namespace weir::edge::cache {

class Object;

// What an object is made from; copied.
struct ObjectDraft {
  std::string_view variant;  // tells the answers under one key apart; an equal one is replaced
  std::string_view head;     // bytes of the answer's head, as they are sent
  std::string_view meta;     // the edge's own block of facts; not looked at here
  std::span<const std::string_view> tags = {};  // by which it can be purged
};

// A key and what it hashes to.
struct HashedKey {
  std::string_view text;
  uint64_t hash;
};

// Why an object left the index.
enum class Removal : uint8_t { replaced, evicted, purged, failed, given_up, expired };

// An object under one tag, in the owner's tag index.
struct TagNode;
struct TagLink : ListNode<TagLink> {
  Object* object = nullptr;
  TagNode* tag = nullptr;
  std::string_view text;
};

enum class ObjectKind : uint8_t {
  answer,
  // No answer: says that answers to this key could not be stored lately, so that requests for it go
  // on without waiting for each other.
  uncacheable
};

class Object : public ListNode<Object> {
 public:
  static constexpr size_t meta_alignment = 16;

  // Null when a part exceeds part_bytes_max, or there are more tags than tags_max.
  static constexpr size_t part_bytes_max = 1 << 20, tags_max = 1024;
  // `taken`: what was taken from `account` for it.
  static Object* make(ByteAccount& account, HashedKey key, const ObjectDraft& draft, BodyRef body,
                      uint64_t taken = 0);
  // At most what make() takes.
  static uint64_t memory_for(std::string_view key, const ObjectDraft& draft);
  // A mark that answers of this key were not storable; `why` is its meta.
  static Object* make_uncacheable(ByteAccount& account, HashedKey key, std::string_view variant,
                                  MonoTime until, std::string_view why);
  // The same answer with another place for its bytes.
  static Object* copy(ByteAccount& account, const Object& of, BodyRef body, uint64_t taken);
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  // --- any shard ---
  // Of this block, without the body.
  uint64_t memory() const { return charged_; }
  ObjectKind kind() const { return kind_; }
  bool uncacheable(MonoTime now) const {
    return kind_ == ObjectKind::uncacheable && now < uncacheable_until_;
  }
  MonoTime uncacheable_until() const { return uncacheable_until_; }
  // Of a mark: whether that was the reason; never the empty one.
  bool declined_for(std::string_view reason) const { return !reason.empty() && meta() == reason; }
  std::string_view key() const { return {text() + meta_bytes_, key_bytes_}; }
  std::string_view variant() const { return {key().data() + key_bytes_, variant_bytes_}; }
  std::string_view head() const { return {variant().data() + variant_bytes_, head_bytes_}; }
  std::string_view meta() const { return {text(), meta_bytes_}; }
  // The meta block as the struct that it was written from.
  template <class T>
    requires(std::is_trivially_copyable_v<T> && alignof(T) <= meta_alignment)
  const T& meta_as() const {
    WEIR_ASSERT(meta_bytes_ >= sizeof(T));
    return *reinterpret_cast<const T*>(text());
  }
  Body& body() const { return *body_; }
  uint64_t hash() const { return hash_; }
  // The next older answer under the same key. Only while the turn protects it, not through a Pin.
  const Object* next_variant() const { return next_variant_.load(std::memory_order_acquire); }
  // Rises with every insertion of the owner; 0 until inserted.
  uint64_t stamp() const { return stamp_.load(std::memory_order_acquire); }

  // A hit: eviction spares what was hit. A write only where it changes something.
  void touch() const {
    const uint8_t heat = heat_.load(std::memory_order_relaxed);
    if (heat < heat_max) heat_.store(static_cast<uint8_t>(heat + 1), std::memory_order_relaxed);
  }
  static constexpr uint8_t heat_max = 3;
  uint8_t heat() const { return heat_.load(std::memory_order_relaxed); }
  // A soft purge has made it stale, whatever its lifetime says.
  bool made_stale() const { return stale_since() != never; }
  // Since when; never: none has.
  MonoTime stale_since() const { return stale_since_.load(std::memory_order_acquire); }
  // True for the first who asks: refresh it. Until end_refresh(), or a new object takes its place.
  bool begin_refresh() const { return !refreshing_.exchange(true, std::memory_order_acq_rel); }
  void end_refresh() const { refreshing_.store(false, std::memory_order_release); }

  void ref() const { references_.fetch_add(1, std::memory_order_relaxed); }
  void unref() const;
  uint32_t references() const { return references_.load(std::memory_order_acquire); }

 private:
  friend class Partition;
  friend class ObjectIndex;
  friend class KeyOrder;
  friend class TagIndex;
  friend class Limbo;
  template <class Node>
  friend class S3Fifo;

  // The first soft purge counts: a second makes nothing usable for longer.
  void make_stale(MonoTime since) {
    if (!made_stale()) stale_since_.store(since, std::memory_order_release);
  }

  Object(ByteAccount& account, uint64_t hash);
  ~Object();
  static Object* make(ByteAccount& account, HashedKey key, const ObjectDraft& draft,
                      uint64_t taken);
  void write(std::string_view key, const ObjectDraft& draft);
  char* text() { return reinterpret_cast<char*>(this + 1); }
  const char* text() const { return reinterpret_cast<const char*>(this + 1); }
  std::span<TagLink> tags() { return {tag_links_, tag_count_}; }

  // --- read by every shard ---
  uint64_t hash_;
  std::atomic<Object*> next_variant_{nullptr};
  BodyRef body_;  // none of an uncacheable mark
  uint32_t meta_bytes_ = 0, key_bytes_ = 0, variant_bytes_ = 0, head_bytes_ = 0;
  MonoTime uncacheable_until_{};
  std::atomic<uint64_t> stamp_{0};
  std::atomic<MonoTime> stale_since_{never};
  mutable std::atomic<uint32_t> references_{1};
  mutable std::atomic<uint8_t> heat_{0};
  mutable std::atomic<bool> refreshing_{false};
  ObjectKind kind_ = ObjectKind::answer;

  // --- the owner's: eviction, order of keys, tags, accounts ---
  alignas(64) PolicyState policy_;
  bool indexed_ = false;
  bool filling_ = false;
  uint16_t tag_count_ = 0;
  uint64_t charged_ = 0;  // of this block; the body has its own
  ByteAccount* account_;
  TagLink* tag_links_ = nullptr;
  Object* parent_ = nullptr;  // in the order of keys
  Object* left_ = nullptr;
  Object* right_ = nullptr;
  uint64_t retired_at_ = 0;
};

// A counted reference, for any shard.
class ObjectRef {
 public:
  ObjectRef() = default;
  // Adopts the reference that Object::make() gave.
  static ObjectRef adopt(const Object* object) { return ObjectRef(object); }
  // Adds one; the caller is protected by its turn, a Pin or another reference.
  explicit ObjectRef(const Object& object) : object_(&object) { object.ref(); }
  ObjectRef(ObjectRef&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  ObjectRef& operator=(ObjectRef&& other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~ObjectRef() {
    if (object_) object_->unref();
  }
  explicit operator bool() const { return object_ != nullptr; }
  const Object* get() const { return object_; }
  const Object* operator->() const { return object_; }
  const Object& operator*() const { return *object_; }
  // Gives the reference to the caller.
  const Object* let_go() { return std::exchange(object_, nullptr); }

 private:
  explicit ObjectRef(const Object* object) : object_(object) {}
  const Object* object_ = nullptr;
};

}  // namespace weir::edge::cache
