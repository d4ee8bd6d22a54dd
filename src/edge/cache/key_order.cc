#include "edge/cache/key_order.h"

#include "base/hash.h"

namespace weir::edge::cache {

uint64_t KeyOrder::weight(const Object& object) {
  // The address tells variants apart, which share a hash.
  return hash_detail::fold(object.hash_, reinterpret_cast<uintptr_t>(&object) | 1);
}

bool KeyOrder::before(const Object& a, const Object& b) {
  const int order = a.key().compare(b.key());
  return order != 0 ? order < 0 : &a < &b;
}

void KeyOrder::insert(Object& object) {
  Object* parent = nullptr;
  Object** place = &root_;
  while (*place) {
    parent = *place;
    place = before(object, *parent) ? &parent->left_ : &parent->right_;
  }
  object.parent_ = parent;
  object.left_ = object.right_ = nullptr;
  *place = &object;
  const uint64_t own = weight(object);
  while (object.parent_ && weight(*object.parent_) < own)
    rotate_up(object);
}

void KeyOrder::erase(Object& object) {
  while (object.left_ && object.right_) {
    const bool left = weight(*object.left_) > weight(*object.right_);
    rotate_up(left ? *object.left_ : *object.right_);
  }
  hang(object.parent_, object, object.left_ ? object.left_ : object.right_);
  object.parent_ = object.left_ = object.right_ = nullptr;
}

// Puts `child` below `parent` (nullptr: at the top) where `instead_of` hangs.
void KeyOrder::hang(Object* parent, const Object& instead_of, Object* child) {
  if (child) child->parent_ = parent;
  if (!parent)
    root_ = child;
  else if (parent->left_ == &instead_of)
    parent->left_ = child;
  else
    parent->right_ = child;
}

void KeyOrder::rotate_up(Object& object) {
  Object& parent = *object.parent_;
  hang(parent.parent_, parent, &object);
  Object*& across = parent.left_ == &object ? parent.left_ : parent.right_;
  Object*& inner = parent.left_ == &object ? object.right_ : object.left_;
  across = inner;
  if (inner) inner->parent_ = &parent;
  inner = &parent;
  parent.parent_ = &object;
}

Object* KeyOrder::at_or_behind(std::string_view key) const {
  Object* found = nullptr;
  for (Object* at = root_; at;) {
    const bool right = at->key() < key;
    if (!right) found = at;
    at = right ? at->right_ : at->left_;
  }
  return found;
}

Object* KeyOrder::next(const Object& object) {
  if (Object* at = object.right_) {
    while (at->left_)
      at = at->left_;
    return at;
  }
  const Object* at = &object;
  while (at->parent_ && at->parent_->right_ == at)
    at = at->parent_;
  return at->parent_;
}

}  // namespace weir::edge::cache
