#include "edge/disk/disk_index.h"

#include <map>

#include <doctest/doctest.h>

#include "base/random.h"

namespace weir::edge::disk {
namespace {

using Entry = DiskIndex::Entry;

Entry entry_at(uint64_t hash, uint32_t at, uint16_t segment = 0, uint16_t variant = 0) {
  return {hash, at, 10, segment, variant, 1000};
}

size_t count(const DiskIndex& index, uint64_t hash) {
  std::array<Entry, DiskIndex::found_max> found;
  return index.find(hash, found);
}

}  // namespace

TEST_CASE("an index agrees with a map, whatever is put and erased") {
  DiskIndex index(100'000);
  std::map<uint64_t, uint32_t> model;
  Random random(5);
  for (uint32_t step = 0; step < 200'000; ++step) {
    // Few tables and many collisions: the upper bits choose the table, the lower the place.
    const uint64_t hash = random.below(3) << 54 | random.below(2000) % 500 << 3;
    if (random.below(3) > 0) {
      CHECK(index.put(entry_at(hash, step)));
      model[hash] = step;
    } else if (model.contains(hash)) {
      CHECK(index.erase(entry_at(hash, model[hash])));
      CHECK(!index.erase(entry_at(hash, model[hash])));
      model.erase(hash);
    }
  }
  CHECK(index.size() == model.size());
  for (const auto& [hash, at] : model) {
    std::array<Entry, DiskIndex::found_max> found;
    REQUIRE(index.find(hash, found) == 1);
    CHECK(found[0].at == at);
  }
}

TEST_CASE("variants of a key stand side by side, and an equal one is replaced") {
  DiskIndex index(100);
  CHECK(index.put(entry_at(1, 10, 0, 4)));
  CHECK(index.put(entry_at(1, 20, 0, 8)));
  CHECK(index.put(entry_at(1, 30, 0, 4)));
  CHECK(count(index, 1) == 2);
  index.erase_hash(1);
  CHECK(count(index, 1) == 0);
  CHECK(index.size() == 0);
}

TEST_CASE("a full index refuses what is new, and takes what replaces") {
  DiskIndex index(2);
  CHECK(index.put(entry_at(1, 1)));
  CHECK(index.put(entry_at(2, 2)));
  CHECK(!index.put(entry_at(3, 3)));
  CHECK(index.put(entry_at(2, 4)));
}

TEST_CASE("a segment leaves as a whole, and tells what was hit") {
  DiskIndex index(1000);
  for (uint64_t i = 0; i < 100; ++i)
    CHECK(index.put(entry_at(i * 0x9e3779b97f4a7c15u, static_cast<uint32_t>(i), i % 2)));
  index.touch(entry_at(2 * 0x9e3779b97f4a7c15u, 2, 0));
  index.touch(entry_at(3 * 0x9e3779b97f4a7c15u, 3, 1));
  std::vector<Entry> hot;
  for (size_t table = 0; table < DiskIndex::table_count; ++table)
    index.erase_segment(table, 0, hot);
  CHECK(index.size() == 50);
  REQUIRE(hot.size() == 1);
  CHECK(hot[0].at == 2);
}

}  // namespace weir::edge::disk
