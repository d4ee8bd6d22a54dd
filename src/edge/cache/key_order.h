#pragma once
// KeyOrder: the objects of a partition by key, for purges by prefix. A treap (Seidel and Aragon
// 1996) through links inside the objects: an insertion searches from the top, a removal needs no
// search. What decides its shape comes from the seeded hash, so that no choice of keys unbalances
// it. Owner's only.

#include <string_view>

#include "edge/cache/object.h"

namespace weir::edge::cache {

class KeyOrder {
 public:
  void insert(Object& object);
  void erase(Object& object);
  // The first object whose key is `key` or comes behind it; nullptr: none.
  Object* at_or_behind(std::string_view key) const;
  // The one behind `object`; equal keys stand beside each other.
  static Object* next(const Object& object);

  // Brings what an erase() reads besides the object closer.
  static void prefetch(const Object& object) {
    for (const Object* near : {object.parent_, object.left_, object.right_})
      if (near) __builtin_prefetch(static_cast<const void*>(&near->parent_));
  }

 private:
  static uint64_t weight(const Object& object);
  static bool before(const Object& a, const Object& b);
  void rotate_up(Object& object);
  void hang(Object* parent, const Object& instead_of, Object* child);

  Object* root_ = nullptr;
};

}  // namespace weir::edge::cache
