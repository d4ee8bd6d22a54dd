// Whoever knows how the cache hashes its keys can make keys that meet in one place; only the seed,
// which each process draws for itself, keeps them apart.
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "base/hash.h"

namespace weir::edge::cache {
namespace {

constexpr uint64_t buckets = 1 << 14;

std::vector<std::string> keys_that_meet(size_t count, uint64_t seed) {
  std::vector<std::string> keys;
  for (uint64_t i = 0; keys.size() < count; ++i) {
    std::string key = "http://shop.test/x?a=" + std::to_string(i);
    if (hash(key, seed) % buckets == 0) keys.push_back(std::move(key));
  }
  return keys;
}

size_t most_in_one_bucket(const std::vector<std::string>& keys, uint64_t seed) {
  std::map<uint64_t, size_t> counts;
  size_t most = 0;
  for (const std::string& key : keys)
    most = std::max(most, ++counts[hash(key, seed) % buckets]);
  return most;
}

}  // namespace

TEST_CASE(
    "keys that were made to meet in one bucket do not meet under the seed of another process") {
  const std::vector<std::string> keys = keys_that_meet(200, 1);
  CHECK(most_in_one_bucket(keys, 1) == keys.size());
  for (uint64_t seed = 2; seed < 50; ++seed)
    CHECK(most_in_one_bucket(keys, seed * 0x9e3779b97f4a7c15) <= 5);
}

TEST_CASE("no bytes that a URL can have make the hash forget its seed") {
  // A step of the hash multiplies; a factor of zero would wipe out all that came before. The bytes
  // that make one are none of a request target.
  for (char c = 0x21; c < 0x7f; ++c) {
    const std::string key(64, c);
    CHECK(hash(key, 1) != hash(key, 2));
  }
}

}  // namespace weir::edge::cache
