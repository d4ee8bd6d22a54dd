#include "base/random.h"

#include <set>
#include <string>

#include <doctest/doctest.h>

#include "base/hash.h"

namespace weir {

TEST_CASE("one seed gives one sequence") {
  Random a(7), b(7), c(8);
  CHECK(a() == b());
  CHECK(a() == b());
  CHECK(Random(7)() != c());
}

TEST_CASE("below stays below and reaches every value") {
  Random random(1);
  std::set<uint64_t> seen;
  for (int i = 0; i < 1000; ++i)
    seen.insert(random.below(10));
  CHECK(seen.size() == 10);
  CHECK(*seen.rbegin() == 9);
}

TEST_CASE("hash depends on every byte, on the length and on the seed") {
  const std::string text = "the quick brown fox jumps over the lazy dog";
  for (size_t n = 0; n <= text.size(); ++n) {
    const std::string prefix = text.substr(0, n);
    const uint64_t h = hash(prefix, 1);
    CHECK(h != hash(prefix, 2));
    for (size_t i = 0; i < n; ++i) {
      std::string other = prefix;
      other[i] = static_cast<char>(other[i] ^ 1);
      CHECK(hash(other, 1) != h);
    }
    CHECK(hash(prefix + '\0', 1) != h);
  }
}

}  // namespace weir
