#include "edge/cache/object.h"

#include <cstdlib>
#include <new>
#include <vector>

namespace weir::edge::cache {
namespace {

constexpr size_t padded(size_t bytes) {
  return (bytes + alignof(TagLink) - 1) / alignof(TagLink) * alignof(TagLink);
}

bool fits(std::string_view key, const ObjectDraft& draft) {
  size_t tag_bytes = 0;
  for (const std::string_view tag : draft.tags)
    tag_bytes += tag.size();
  for (const size_t part :
       {key.size(), draft.variant.size(), draft.head.size(), draft.meta.size(), tag_bytes})
    if (part > Object::part_bytes_max) return false;
  return draft.tags.size() <= Object::tags_max;
}

size_t text_bytes(std::string_view key, const ObjectDraft& draft) {
  size_t bytes = padded(draft.meta.size() + key.size() + draft.variant.size() + draft.head.size());
  for (const std::string_view tag : draft.tags)
    bytes += sizeof(TagLink) + tag.size();
  return bytes;
}

}  // namespace

Object* Object::make(ByteAccount& account, HashedKey key, const ObjectDraft& draft, BodyRef body,
                     uint64_t taken) {
  if (!fits(key.text, draft)) {
    account.subtract(taken);
    return nullptr;
  }
  Object* object = make(account, key, draft, taken);
  object->body_ = std::move(body);
  return object;
}

uint64_t Object::memory_for(std::string_view key, const ObjectDraft& draft) {
  const uint64_t bytes = sizeof(Object) + text_bytes(key, draft);
  return bytes + bytes / 4 + 2 * alignof(Object);
}

Object* Object::copy(ByteAccount& account, const Object& of, BodyRef body, uint64_t taken) {
  std::vector<std::string_view> tags;
  for (size_t i = 0; i < of.tag_count_; ++i)
    tags.push_back(of.tag_links_[i].text);
  const ObjectDraft draft{
      .variant = of.variant(), .head = of.head(), .meta = of.meta(), .tags = tags};
  return make(account, {of.key(), of.hash()}, draft, std::move(body), taken);
}

Object* Object::make_uncacheable(ByteAccount& account, HashedKey key, std::string_view variant,
                                 MonoTime until, std::string_view why) {
  const ObjectDraft draft{.variant = variant, .meta = why};
  if (!fits(key.text, draft)) return nullptr;
  Object* object = make(account, key, draft, 0);
  object->kind_ = ObjectKind::uncacheable;
  object->uncacheable_until_ = until;
  return object;
}

Object* Object::make(ByteAccount& account, HashedKey key, const ObjectDraft& draft,
                     uint64_t taken) {
  const uint64_t bytes = sizeof(Object) + text_bytes(key.text, draft);
  void* block = std::aligned_alloc(
      alignof(Object), (bytes + alignof(Object) - 1) / alignof(Object) * alignof(Object));
  WEIR_ASSERT(block);
  auto* object = new (block) Object(account, key.hash);
  object->charged_ = allocated_bytes(block);
  account.settle(taken, object->charged_);
  object->write(key.text, draft);
  return object;
}

Object::Object(ByteAccount& account, uint64_t hash) : hash_(hash), account_(&account) {}

Object::~Object() {
  WEIR_ASSERT(!indexed_);
  for (TagLink& link : tags())
    link.~TagLink();
}

void Object::write(std::string_view key, const ObjectDraft& draft) {
  char* at = text();
  const auto put = [&at](std::string_view part) {
    // memcpy from nowhere is undefined even for no bytes.
    if (!part.empty()) std::memcpy(at, part.data(), part.size());
    at += part.size();
    return static_cast<uint32_t>(part.size());
  };
  meta_bytes_ = put(draft.meta);
  key_bytes_ = put(key);
  variant_bytes_ = put(draft.variant);
  head_bytes_ = put(draft.head);
  at = text() + padded(static_cast<size_t>(at - text()));
  tag_count_ = static_cast<uint16_t>(draft.tags.size());
  tag_links_ = reinterpret_cast<TagLink*>(at);
  at += draft.tags.size() * sizeof(TagLink);
  for (size_t i = 0; i < draft.tags.size(); ++i) {
    auto* link = new (tag_links_ + i) TagLink;
    link->object = this;
    link->text = {at, draft.tags[i].size()};
    put(draft.tags[i]);
  }
}

void Object::unref() const {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  auto* self = const_cast<Object*>(this);
  ByteAccount& account = *account_;
  const uint64_t charged = charged_;
  self->~Object();
  std::free(self);
  account.subtract(charged);
}

}  // namespace weir::edge::cache
