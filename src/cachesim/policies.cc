#include "cachesim/policies.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/hash.h"
#include "base/list.h"
#include "edge/cache/s3_fifo.h"

namespace weir::cachesim {
namespace {

// Least recently used.
class Lru final : public CachePolicy {
 public:
  Lru(uint64_t capacity, size_t objects) : capacity_(capacity), nodes_(new Node[objects]) {}

  bool request(uint32_t object, uint64_t bytes) override {
    Node& node = nodes_[object];
    if (node.linked()) {
      node.unlink();
      order_.push_back(node);
      return true;
    }
    if (bytes > capacity_) return false;
    for (; used_ + bytes > capacity_; used_ -= order_.pop_front()->bytes) {
    }
    node.bytes = bytes;
    used_ += bytes;
    order_.push_back(node);
    return false;
  }

 private:
  struct Node : ListNode<Node> {
    uint64_t bytes = 0;
  };
  uint64_t capacity_;
  uint64_t used_ = 0;
  std::unique_ptr<Node[]> nodes_;
  List<Node> order_;
};

// SIEVE (Zhang et al., NSDI 2024): one queue, a bit for each object that was hit, and a hand that
// moves from the oldest towards the newest and takes the first whose bit is not set.
class Sieve final : public CachePolicy {
 public:
  Sieve(uint64_t capacity, size_t objects) : capacity_(capacity), nodes_(new Node[objects]) {}

  bool request(uint32_t object, uint64_t bytes) override {
    Node& node = nodes_[object];
    if (node.linked()) {
      node.visited = true;
      return true;
    }
    if (bytes > capacity_) return false;
    while (used_ + bytes > capacity_)
      evict();
    node.bytes = bytes;
    node.visited = false;
    used_ += bytes;
    queue_.push_back(node);
    return false;
  }

 private:
  struct Node : ListNode<Node> {
    uint64_t bytes = 0;
    bool visited = false;
  };

  void evict() {
    Node* at = hand_ ? hand_ : queue_.front();
    while (std::exchange(at->visited, false)) {
      at = queue_.next(*at);
      if (!at) at = queue_.front();
    }
    hand_ = queue_.next(*at);
    at->unlink();
    used_ -= at->bytes;
  }

  uint64_t capacity_;
  uint64_t used_ = 0;
  std::unique_ptr<Node[]> nodes_;
  List<Node> queue_;  // oldest first
  Node* hand_ = nullptr;
};

// S3-FIFO as its paper describes it (Yang et al., SOSP 2023), with an exact ghost queue.
class PaperS3Fifo final : public CachePolicy {
 public:
  PaperS3Fifo(uint64_t capacity, size_t objects)
      : capacity_(capacity), small_max_(capacity / 10), nodes_(new Node[objects]) {}

  bool request(uint32_t object, uint64_t bytes) override {
    Node& node = nodes_[object];
    if (node.where == Where::small || node.where == Where::main) {
      node.frequency = std::min(node.frequency + 1, 3);
      return true;
    }
    if (bytes > capacity_) return false;
    const bool ghost = node.where == Where::ghost;
    if (ghost) {
      node.unlink();
      ghost_bytes_ -= node.bytes;
    }
    while (small_bytes_ + main_bytes_ + bytes > capacity_)
      small_bytes_ > small_max_ || main_.empty() ? evict_small() : evict_main();
    node.bytes = bytes;
    node.frequency = 0;
    ghost ? put_main(node) : put_small(node);
    return false;
  }

 private:
  enum class Where : uint8_t { nowhere, small, main, ghost };
  struct Node : ListNode<Node> {
    uint64_t bytes = 0;
    int frequency = 0;
    Where where = Where::nowhere;
  };

  void put_small(Node& node) {
    node.where = Where::small;
    small_bytes_ += node.bytes;
    small_.push_back(node);
  }
  void put_main(Node& node) {
    node.where = Where::main;
    main_bytes_ += node.bytes;
    main_.push_back(node);
  }
  void evict_small() {
    Node& node = *small_.pop_front();
    small_bytes_ -= node.bytes;
    if (node.frequency > 1) {
      node.frequency = 0;
      return put_main(node);
    }
    node.where = Where::ghost;
    ghost_bytes_ += node.bytes;
    ghosts_.push_back(node);
    while (ghost_bytes_ > capacity_ - small_max_) {
      Node& oldest = *ghosts_.pop_front();
      oldest.where = Where::nowhere;
      ghost_bytes_ -= oldest.bytes;
    }
  }
  void evict_main() {
    Node& node = *main_.pop_front();
    main_bytes_ -= node.bytes;
    if (node.frequency > 0) {
      --node.frequency;
      return put_main(node);
    }
    node.where = Where::nowhere;
  }

  uint64_t capacity_, small_max_;
  uint64_t small_bytes_ = 0, main_bytes_ = 0, ghost_bytes_ = 0;
  std::unique_ptr<Node[]> nodes_;
  List<Node> small_, main_, ghosts_;  // oldest first
};

// What the edge's store runs.
class Ours final : public CachePolicy {
 public:
  Ours(uint64_t capacity, size_t objects)
      : capacity_(capacity), nodes_(new Node[objects]), policy_(capacity, objects) {
    for (size_t i = 0; i < objects; ++i)
      nodes_[i].hash_ = hash_detail::fold(i + 1, 0x9e3779b97f4a7c15u);
  }

  bool request(uint32_t object, uint64_t bytes) override {
    Node& node = nodes_[object];
    if (node.policy_.queue != edge::cache::PolicyQueue::none) {
      const uint8_t heat = node.heat_.load(std::memory_order_relaxed);
      if (heat < 3) node.heat_.store(static_cast<uint8_t>(heat + 1), std::memory_order_relaxed);
      return true;
    }
    if (bytes > capacity_) return false;
    while (policy_.bytes() + bytes > capacity_)
      policy_.evict();
    node.heat_.store(0, std::memory_order_relaxed);
    policy_.insert(node, bytes);
    return false;
  }

 private:
  class Node : public ListNode<Node> {
    friend class edge::cache::S3Fifo<Node>;
    friend class Ours;
    edge::cache::PolicyState policy_;
    std::atomic<uint8_t> heat_{0};
    uint64_t hash_ = 0;
  };
  uint64_t capacity_;
  std::unique_ptr<Node[]> nodes_;
  edge::cache::S3Fifo<Node> policy_;
};

template <class Policy>
std::unique_ptr<CachePolicy> make(uint64_t capacity, size_t objects) {
  return std::make_unique<Policy>(capacity, objects);
}

}  // namespace

std::span<const PolicyChoice> policy_choices() {
  static constexpr std::array<PolicyChoice, 4> choices{{{"LRU", make<Lru>},
                                                        {"SIEVE", make<Sieve>},
                                                        {"S3-FIFO", make<PaperS3Fifo>},
                                                        {"weir", make<Ours>}}};
  return choices;
}

}  // namespace weir::cachesim
