#include "base/list.h"

#include <doctest/doctest.h>

namespace weir {
namespace {

struct Item : ListNode<Item> {
  explicit Item(int v) : value(v) {}
  int value;
};

}  // namespace

TEST_CASE("nodes come out in the order they went in") {
  Item a(1), b(2), c(3);
  List<Item> list;
  list.push_back(b);
  list.push_back(c);
  list.push_front(a);
  CHECK(list.pop_front() == &a);
  CHECK(list.front() == &b);
  CHECK(list.back() == &c);
  CHECK(list.next(b) == &c);
  CHECK(list.next(c) == nullptr);
}

TEST_CASE("a node that dies leaves its list") {
  List<Item> list;
  Item a(1);
  list.push_back(a);
  {
    Item b(2);
    list.push_back(b);
  }
  CHECK(list.back() == &a);
}

TEST_CASE("splice takes everything and leaves the other list empty") {
  Item a(1), b(2), c(3);
  List<Item> left, right;
  left.push_back(a);
  right.push_back(b);
  right.push_back(c);
  left.splice_back(right);
  CHECK(right.empty());
  CHECK(left.back() == &c);
  CHECK(left.next(a) == &b);
  right.splice_back(left);
  CHECK(right.front() == &a);
}

}  // namespace weir
