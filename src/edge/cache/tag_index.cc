#include "edge/cache/tag_index.h"

#include "base/hash.h"

namespace weir::edge::cache {

namespace {

// Of a tag, what an allocator adds to its node and to its text.
constexpr uint64_t node_rest = 96;

}  // namespace

TagIndex::TagIndex(ByteAccount& account) : account_(account) {
  charge_table();
}

TagIndex::~TagIndex() {
  tags_.for_each([](TagNode& node) { delete &node; });
}

TagNode* TagIndex::find(std::string_view tag) const {
  return tags_.find(hash_of(tag), [tag](const TagNode& node) { return node.text == tag; });
}

TagNode& TagIndex::find_or_make(std::string_view tag) {
  if (TagNode* node = find(tag)) return *node;
  auto* node = new TagNode;
  node->hash = hash_of(tag);
  node->text = tag;
  // A text that does not fit into the string itself is an allocation of its own.
  node->charged =
      allocated_bytes(node) + (tag.size() >= sizeof(std::string) / 2 ? tag.size() + 17 : 0);
  account_.add(node->charged);
  tags_.insert(*node);
  charge_table();
  return *node;
}

void TagIndex::charge_table() {
  const uint64_t bytes = tags_.bytes();
  account_.settle(std::exchange(table_charged_, bytes), bytes);
}

uint64_t TagIndex::memory_for(const Object& object) const {
  if (object.tag_count_ == 0) return 0;
  uint64_t bytes = tags_.growth_bytes(object.tag_count_);
  for (size_t i = 0; i < object.tag_count_; ++i)
    bytes += sizeof(TagNode) + object.tag_links_[i].text.size() + node_rest;
  return bytes;
}

void TagIndex::insert(Object& object) {
  for (TagLink& link : object.tags()) {
    TagNode& node = find_or_make(link.text);
    link.tag = &node;
    ++node.links_count;
    node.links.push_back(link);
  }
}

void TagIndex::erase(Object& object) {
  for (TagLink& link : object.tags()) {
    TagNode* node = std::exchange(link.tag, nullptr);
    if (!node) continue;
    link.unlink();
    if (--node->links_count > 0) continue;
    tags_.erase(*node);
    account_.subtract(node->charged);
    delete node;
  }
}

void TagIndex::take(std::string_view tag, List<TagLink>& links) {
  if (TagNode* node = find(tag)) links.splice_back(node->links);
}

void TagIndex::give_back(TagLink& link) {
  link.tag->links.push_back(link);
}

}  // namespace weir::edge::cache
