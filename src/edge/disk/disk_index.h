#pragma once
// DiskIndex: where the answers of one partition lie: 24 bytes an answer, by hash of the key, in
// many small tables so that none takes long to grow. Knows no keys: whoever reads a record
// compares. On one shard; bounded by entries_max.

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace weir::edge::disk {

using std::size_t;

class DiskIndex {
 public:
  struct Entry {
    uint64_t hash;
    uint32_t at;     // in the segment, in units of record_alignment
    uint32_t units;  // size, likewise; 0: no entry
    uint16_t segment;
    uint16_t mark;     // hash of the variant, and the heat
    uint32_t expires;  // wall clock, s

    static constexpr uint16_t heat_bits = 3;
    uint16_t variant() const { return static_cast<uint16_t>(mark & ~heat_bits); }
    unsigned heat() const { return mark & heat_bits; }
    bool same_place(const Entry& other) const {
      return hash == other.hash && segment == other.segment && at == other.at;
    }
  };
  static_assert(sizeof(Entry) == 24);

  explicit DiskIndex(size_t entries_max) : entries_max_(entries_max) {}

  // In the place of the answer of the same key and variant, if there is one. False when full.
  bool put(const Entry& entry);
  static constexpr size_t found_max = 4;
  // The answers under a hash, in no order; at most found_max of them. How many there are.
  size_t find(uint64_t hash, std::array<Entry, found_max>& out) const;
  void touch(const Entry& entry);
  // False when it is not there (any more).
  bool erase(const Entry& entry);
  void erase_hash(uint64_t hash);
  void clear();

  // For going through all of it in slices.
  static constexpr size_t table_count = 1024;
  // Takes out what lies in `segment` and in table `table`; adds what was hot to `hot`.
  void erase_segment(size_t table, uint16_t segment, std::vector<Entry>& hot);

  size_t size() const { return size_; }
  uint64_t bytes() const { return bytes_ + sizeof tables_; }

 private:
  using Table = std::vector<Entry>;  // open addressing, a power of two, at most 3/4 full

  struct Slot {
    Table entries;
    uint32_t used = 0;
  };
  static size_t table_of(uint64_t hash) { return hash >> 54; }
  static size_t home(const Table& table, uint64_t hash) { return hash & (table.size() - 1); }
  Entry* locate(const Entry& entry);
  void grow(Slot& slot);
  static void place(Table& table, const Entry& entry);
  void remove_at(Slot& slot, size_t at);

  std::array<Slot, table_count> tables_;
  size_t entries_max_;
  size_t size_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace weir::edge::disk
