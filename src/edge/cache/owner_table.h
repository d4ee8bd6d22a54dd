#pragma once
// OwnerTable<Node>: a hash table of nodes that are its user's own, chained through the nodes. It
// grows a little at each insertion, so that none takes long. Owner's only. Node has the members
// `uint64_t hash` and `Node* next_in_table`.

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "base/assert.h"

namespace weir::edge::cache {

template <class Node>
class OwnerTable {
 public:
  size_t size() const { return size_; }

  // The node of that hash which `same(node)` accepts; nullptr: none.
  template <class Same>
  Node* find(uint64_t hash, Same same) const {
    for (Node* node = *place_of(hash); node; node = node->next_in_table)
      if (node->hash == hash && same(*node)) return node;
    return nullptr;
  }
  void insert(Node& node) {
    if (size_ >= table_.size() && larger_.empty()) larger_.resize(table_.size() * 2);
    move_some();
    Node** place = place_of(node.hash);
    node.next_in_table = *place;
    *place = &node;
    ++size_;
  }
  void erase(Node& node) {
    Node** place = place_of(node.hash);
    while (*place != &node) {
      WEIR_ASSERT(*place);
      place = &(*place)->next_in_table;
    }
    *place = node.next_in_table;
    --size_;
  }
  // In no order; `visit` may not change the table.
  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto* table : {&table_, &larger_})
      for (Node* node : *table)
        while (node) {
          Node* const next = node->next_in_table;
          visit(*node);
          node = next;
        }
  }
  uint64_t bytes() const { return (table_.capacity() + larger_.capacity()) * sizeof(Node*); }
  // What `n` insertions may add to it.
  uint64_t growth_bytes(size_t n) const {
    return size_ + n < table_.size() || !larger_.empty() ? 0 : table_.size() * 2 * sizeof(Node*);
  }

 private:
  static constexpr size_t first_size = 64, moved_at_once = 4;

  Node** place_of(uint64_t hash) const {
    const size_t index = hash & (table_.size() - 1);
    const auto& table = index < moved_ ? larger_ : table_;
    return const_cast<Node**>(&table[hash & (table.size() - 1)]);
  }
  // What hangs in the places before moved_ has moved.
  void move_some() {
    if (larger_.empty()) return;
    for (size_t i = 0; i < moved_at_once && moved_ < table_.size(); ++i, ++moved_) {
      Node* node = table_[moved_];
      table_[moved_] = nullptr;
      while (node) {
        Node* const next = node->next_in_table;
        Node*& head = larger_[node->hash & (larger_.size() - 1)];
        node->next_in_table = head;
        head = node;
        node = next;
      }
    }
    if (moved_ < table_.size()) return;
    table_ = std::move(larger_);
    larger_ = {};
    moved_ = 0;
  }

  std::vector<Node*> table_ = std::vector<Node*>(first_size);
  std::vector<Node*> larger_;
  size_t moved_ = 0;
  size_t size_ = 0;
};

}  // namespace weir::edge::cache
