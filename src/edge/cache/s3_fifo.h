#pragma once
// S3Fifo: which object has to go when memory is short. S3-FIFO (Yang et al., SOSP 2023), counted in
// bytes: new objects enter a small queue; those that are asked for again while they are in it move
// to the main queue, the rest leaves soon, so that a scan or a one-hit wonder never pushes out what
// is used; a ghost remembers the keys of those that left, and what comes back goes straight to the
// main queue, which gives a second chance to whatever was asked for since it last came by. A hit
// only raises the object's heat (two bits), by whichever shard, without a lock; everything else is
// the owner's. The store and `weir cachesim` run this same class.
//
// Node: derives from ListNode<Node>, with the members policy_ (PolicyState), heat_ (an
// std::atomic<uint8_t>, at most 3) and hash_, of which this class is a friend.

#include <atomic>
#include <cstdint>

#include "base/list.h"
#include "edge/cache/ghost_table.h"

namespace weir::edge::cache {

enum class PolicyQueue : uint8_t { none, small, main };

struct PolicyState {
  uint64_t bytes = 0;
  PolicyQueue queue = PolicyQueue::none;
  bool left_main = false;  // evicted from there: it was asked for more than once
};

template <class Node>
class S3Fifo {
 public:
  // Of the capacity, the part of the small queue.
  static constexpr double small_share = 0.1;
  // Heat above which an object of the small queue moves to the main one: one more request is
  // enough. The paper asks for two, which misses up to 0.6 points more on Zipf's law.
  static constexpr uint8_t promotion_heat = 0;
  // Objects that one eviction looks at, at most, before it takes what comes: bounds its time.
  static constexpr int spared_max = 256;

  // `capacity`: the bytes that it is run at, which decide the queues' shares; whoever uses it
  // evicts until its own budget holds. `ghosts`: how many keys are remembered at most.
  S3Fifo(uint64_t capacity, size_t ghosts) : ghosts_(ghosts) { set_capacity(capacity); }
  void set_capacity(uint64_t capacity) {
    small_bytes_max_ = static_cast<uint64_t>(static_cast<double>(capacity) * small_share);
  }

  // True when the ghost knew it.
  bool insert(Node& node, uint64_t bytes) {
    node.policy_.bytes = bytes;
    const bool known = ghosts_.take(node.hash_);
    known ? push(main_, node, PolicyQueue::main) : push(small_, node, PolicyQueue::small);
    return known;
  }
  void erase(Node& node) {
    Queue& queue = node.policy_.queue == PolicyQueue::main ? main_ : small_;
    queue.bytes -= node.policy_.bytes;
    --queue.count;
    node.unlink();
    node.policy_.queue = PolicyQueue::none;
  }
  // The next to go, taken out of its queue; nullptr when there is none.
  Node* evict() {
    for (int spared = 0;; ++spared) {
      const bool from_small = small_.bytes > small_bytes_max_ || main_.nodes.empty();
      if (from_small && small_.nodes.empty()) return nullptr;
      Node* victim = from_small ? evict_small(spared) : evict_main(spared);
      if (victim) return victim;
    }
  }

  uint64_t bytes() const { return small_.bytes + main_.bytes; }
  uint64_t small_bytes() const { return small_.bytes; }
  size_t count() const { return small_.count + main_.count; }
  uint64_t ghost_bytes() const { return ghosts_.bytes(); }

 private:
  struct Queue {
    List<Node> nodes;  // the next to go first
    uint64_t bytes = 0;
    size_t count = 0;
  };

  void push(Queue& queue, Node& node, PolicyQueue name) {
    node.policy_.queue = name;
    queue.nodes.push_back(node);
    queue.bytes += node.policy_.bytes;
    ++queue.count;
  }
  // nullptr: it moved to the main queue instead.
  Node* evict_small(int spared) {
    Node& node = *small_.nodes.front();
    erase(node);
    if (node.heat_.load(std::memory_order_relaxed) > promotion_heat && spared < spared_max) {
      node.heat_.store(0, std::memory_order_relaxed);
      push(main_, node, PolicyQueue::main);
      return nullptr;
    }
    ghosts_.add(node.hash_, main_.count);
    return &node;
  }
  // nullptr: it was given another round.
  Node* evict_main(int spared) {
    Node& node = *main_.nodes.front();
    const uint8_t heat = node.heat_.load(std::memory_order_relaxed);
    erase(node);
    if (heat == 0 || spared >= spared_max) {
      node.policy_.left_main = true;
      return &node;
    }
    node.heat_.store(static_cast<uint8_t>(heat - 1), std::memory_order_relaxed);
    push(main_, node, PolicyQueue::main);
    return nullptr;
  }

  uint64_t small_bytes_max_;
  Queue small_;
  Queue main_;
  GhostTable ghosts_;
};

}  // namespace weir::edge::cache
