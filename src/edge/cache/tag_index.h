#pragma once
// TagIndex: the objects of a partition by tag, for purges by tag. Each object brings its links with
// it; a tag is here as long as an object has it. Owner's only.

#include <string>

#include "edge/cache/object.h"
#include "edge/cache/owner_table.h"

namespace weir::edge::cache {

struct TagNode {
  uint64_t hash = 0;
  TagNode* next_in_table = nullptr;
  size_t links_count = 0;
  std::string text;
  List<TagLink> links;
  uint64_t charged = 0;
};

class TagIndex {
 public:
  explicit TagIndex(ByteAccount& account);
  TagIndex(const TagIndex&) = delete;
  TagIndex& operator=(const TagIndex&) = delete;
  ~TagIndex();

  void insert(Object& object);
  // At most what insert() takes.
  uint64_t memory_for(const Object& object) const;
  void erase(Object& object);
  // Moves the links of all objects that have the tag now to `links`. They leave that list when
  // their object is erased here; give_back() puts one back.
  void take(std::string_view tag, List<TagLink>& links);
  void give_back(TagLink& link);
  size_t size() const { return tags_.size(); }

  static uint64_t hash_of(std::string_view tag) { return hash(tag, tag_seed); }

 private:
  static constexpr uint64_t tag_seed = 0x7461675f73656564u;
  TagNode* find(std::string_view tag) const;
  TagNode& find_or_make(std::string_view tag);
  void charge_table();

  ByteAccount& account_;
  OwnerTable<TagNode> tags_;
  uint64_t table_charged_ = 0;
};

}  // namespace weir::edge::cache
