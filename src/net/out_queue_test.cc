#include "net/out_queue.h"

#include <string>

#include <doctest/doctest.h>

namespace weir::net {
namespace {

// Counts who still holds it.
struct Owner {
  int pins = 0;
  Pin pin() {
    ++pins;
    return {[](void* self) { --static_cast<Owner*>(self)->pins; }, this};
  }
};

std::string all_of(const OutQueue& queue, size_t* pieces = nullptr) {
  std::array<iovec, OutQueue::pieces_max> parts;
  const size_t count = queue.pieces(parts);
  if (pieces) *pieces = count;
  std::string text;
  for (size_t i = 0; i < count; ++i)
    text.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
  return text;
}

}  // namespace

TEST_CASE("own and pinned bytes leave in the order in which they came") {
  Owner owner;
  OutQueue queue;
  queue.append_pinned("<first>", owner.pin());
  queue.own().append("head");
  queue.append_pinned("<body>", owner.pin());
  queue.append_pinned("<next>", owner.pin());
  queue.own().append("tail");
  size_t pieces = 0;
  CHECK(all_of(queue, &pieces) == "<first>head<body><next>tail");
  CHECK(pieces == 5);
  CHECK(queue.size() == 27);
  CHECK(owner.pins == 3);
  queue.clear();
  CHECK(queue.empty());
  CHECK(owner.pins == 0);
}

TEST_CASE("a rewound queue has what it had, and has let go of the rest") {
  Owner kept, dropped;
  OutQueue queue;
  queue.own().append("a");
  queue.append_pinned("b", kept.pin());
  const OutQueue::Mark mark = queue.mark();
  queue.own().append("c");
  queue.append_pinned("d", dropped.pin());
  queue.rewind(mark);
  CHECK(all_of(queue) == "ab");
  CHECK(queue.size() == mark.size());
  CHECK(kept.pins == 1);
  CHECK(dropped.pins == 0);
}

TEST_CASE("more pinned runs than there is room for are copied, and nothing is held for them") {
  Owner owner;
  std::string expected;
  {
    OutQueue queue;
    for (size_t i = 0; i < OutQueue::pinned_max + 3; ++i) {
      queue.own().append("h");
      queue.append_pinned("body", owner.pin());
      expected += "hbody";
    }
    CHECK(all_of(queue) == expected);
    CHECK(owner.pins == OutQueue::pinned_max);
  }
  CHECK(owner.pins == 0);
}

}  // namespace weir::net
