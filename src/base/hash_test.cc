#include "base/hash.h"

#include <set>
#include <string>

#include <doctest/doctest.h>

namespace weir {
namespace {

std::string bytes_of(uint64_t word) {
  return {reinterpret_cast<const char*>(&word), sizeof word};
}

}  // namespace

// The constants of the function, with which a factor of its products becomes 0.
TEST_CASE("no bytes make the hash forget its seed or what else there is") {
  constexpr uint64_t k1 = 0xe7037ed1a0b428dbu, k2 = 0x8ebc6af09c88c6e3u;
  for (const uint64_t word : {k1, k2})
    for (size_t before = 0; before <= 24; before += 8)
      for (size_t behind = 0; behind <= 21; behind += 3) {
        CAPTURE(before);
        CAPTURE(behind);
        std::set<uint64_t> seen;
        for (uint64_t i = 0; i < 200; ++i) {
          std::string text = std::string(before, 'a') + bytes_of(word) + std::string(behind, 'b');
          CHECK(seen.insert(hash(text, i)).second);
          text += bytes_of(i);
          CHECK(seen.insert(hash(text, 200)).second);
          CHECK(seen.insert(hash(bytes_of(i) + text, 200)).second);
        }
      }
}

}  // namespace weir
