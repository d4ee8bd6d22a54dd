#include "edge/rules/held_ranges.h"

#include <vector>

#include <doctest/doctest.h>

namespace weir::edge {

TEST_CASE("ranges that touch become one, others stay apart and in order") {
  HeldRanges held;
  CHECK(held.add({10, 19}));
  CHECK(held.add({30, 39}));
  CHECK(held.add({0, 4}));
  CHECK(held.ranges().size() == 3);
  CHECK(held.add({20, 29}));
  CHECK(held.ranges().size() == 2);
  CHECK(held.ranges()[1] == ByteRange{10, 39});
  CHECK(held.add({3, 50}));
  CHECK(held.ranges().size() == 1);
  CHECK(held.ranges()[0] == ByteRange{0, 50});
}

TEST_CASE("what is asked for goes from the first byte that is missing to the last") {
  HeldRanges held;
  CHECK(held.gap({0, 9}) == ByteRange{0, 9});
  held.add({0, 4});
  CHECK(!held.gap({1, 3}));
  CHECK(held.gap({1, 5}) == ByteRange{5, 5});
  CHECK(held.gap({0, 9}) == ByteRange{5, 9});
  held.add({8, 9});
  CHECK(held.gap({0, 9}) == ByteRange{5, 7});
  CHECK(held.gap({8, 12}) == ByteRange{10, 12});
  held.add({14, 15});
  CHECK(held.gap({3, 19}) == ByteRange{5, 19});
  CHECK(held.gap({0, UINT64_MAX}) == ByteRange{5, UINT64_MAX});
}

TEST_CASE("the number of islands is bounded, joining always works") {
  HeldRanges held;
  for (uint64_t i = 0; i < held_ranges_max; ++i)
    REQUIRE(held.add({i * 10, i * 10 + 1}));
  CHECK(!held.add({5000, 5001}));
  CHECK(held.ranges().size() == held_ranges_max);
  CHECK(held.add({2, 9}));
  CHECK(held.add({5000, 5001}));
  CHECK(held.add({UINT64_MAX - 1, UINT64_MAX}) == false);
}

TEST_CASE("a set of bytes and the ranges agree about everything, in any order") {
  uint64_t state = 7;
  const auto next = [&](uint64_t below) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % below;
  };
  for (int round = 0; round < 500; ++round) {
    HeldRanges held;
    std::vector<bool> model(64);
    for (int i = 0; i < 12; ++i) {
      const uint64_t first = next(60), last = first + next(4);
      REQUIRE(held.add({first, last}));
      for (uint64_t at = first; at <= last && at < model.size(); ++at)
        model[at] = true;
      const uint64_t from = next(60), to = from + next(4);
      ByteRange missing{from, to};
      while (missing.first <= to && model[missing.first])
        ++missing.first;
      while (missing.last > missing.first && model[missing.last])
        --missing.last;
      const auto gap = held.gap({from, to});
      CHECK(gap.has_value() == (missing.first <= to));
      if (gap) CHECK(*gap == missing);
    }
    for (size_t i = 1; i < held.ranges().size(); ++i)
      CHECK(held.ranges()[i].first > held.ranges()[i - 1].last + 1);
  }
}

}  // namespace weir::edge
