#pragma once
// List<T>: an intrusive doubly linked list. T derives from ListNode<T>; a node is in at most one
// list and unlinks itself when it dies. No allocation; every operation O(1). Not for use from two
// threads. Clang's analyzer cannot see that a list never links to a node that has died, nor that
// one which is not empty has a first.

#include "base/assert.h"

namespace weir {

template <class T>
class List;

template <class T>
class ListNode {
 public:
  ListNode() = default;
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;
  ~ListNode() { unlink(); }

  bool linked() const { return next_ != nullptr; }
  void unlink() {
    if (!next_) return;
    prev_->next_ = next_;
    next_->prev_ = prev_;
    next_ = prev_ = nullptr;
  }

 private:
  friend class List<T>;
  ListNode* next_ = nullptr;
  ListNode* prev_ = nullptr;
};

template <class T>
class List {
 public:
  List() { head_.next_ = head_.prev_ = &head_; }
  List(const List&) = delete;
  List& operator=(const List&) = delete;
  ~List() {
    while (pop_front()) {
    }
    head_.next_ = head_.prev_ = nullptr;
  }

  bool empty() const { return head_.next_ == &head_; }
  T* front() {
    // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDelete)
    return empty() ? nullptr : static_cast<T*>(head_.next_);
  }
  T* back() { return empty() ? nullptr : static_cast<T*>(head_.prev_); }
  // The node behind `node`, or nullptr at the end.
  T* next(T& node) {
    ListNode<T>* n = static_cast<ListNode<T>&>(node).next_;
    return n == &head_ ? nullptr : static_cast<T*>(n);
  }
  void push_back(T& node) { link(node, head_.prev_, &head_); }
  void push_front(T& node) { link(node, &head_, head_.next_); }
  T* pop_front() {
    T* node = front();
    if (node) static_cast<ListNode<T>*>(node)->unlink();
    return node;
  }
  // Takes all nodes of `other`, in order, behind ours.
  void splice_back(List& other) {
    if (other.empty()) return;
    ListNode<T>*first = other.head_.next_, *last = other.head_.prev_;
    first->prev_ = head_.prev_;  // NOLINT(clang-analyzer-core.NullDereference)
    head_.prev_->next_ = first;
    last->next_ = &head_;
    head_.prev_ = last;
    other.head_.next_ = other.head_.prev_ = &other.head_;
  }

 private:
  void link(ListNode<T>& node, ListNode<T>* prev, ListNode<T>* next) {
    WEIR_ASSERT(!node.next_);
    node.prev_ = prev;
    node.next_ = next;
    prev->next_ = next->prev_ = &node;
  }

  ListNode<T> head_;
};

}  // namespace weir
