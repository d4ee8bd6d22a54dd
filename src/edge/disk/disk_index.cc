#include "edge/disk/disk_index.h"

#include <algorithm>

namespace weir::edge::disk {

bool DiskIndex::put(const Entry& entry) {
  Slot& slot = tables_[table_of(entry.hash)];
  if (!slot.entries.empty()) {
    const size_t mask = slot.entries.size() - 1;
    for (size_t at = home(slot.entries, entry.hash); slot.entries[at].units; at = (at + 1) & mask) {
      Entry& there = slot.entries[at];
      if (there.hash != entry.hash || there.variant() != entry.variant()) continue;
      there = entry;
      return true;
    }
  }
  if (size_ >= entries_max_) return false;
  if ((slot.used + 1) * 4 > slot.entries.size() * 3) grow(slot);
  place(slot.entries, entry);
  ++slot.used;
  ++size_;
  return true;
}

void DiskIndex::grow(Slot& slot) {
  Table larger(std::max<size_t>(8, slot.entries.size() * 2), Entry{});
  for (const Entry& entry : slot.entries)
    if (entry.units) place(larger, entry);
  bytes_ += (larger.size() - slot.entries.size()) * sizeof(Entry);
  slot.entries.swap(larger);
}

void DiskIndex::place(Table& table, const Entry& entry) {
  size_t at = home(table, entry.hash);
  while (table[at].units)
    at = (at + 1) & (table.size() - 1);
  table[at] = entry;
}

size_t DiskIndex::find(uint64_t hash, std::array<Entry, found_max>& out) const {
  const Table& table = tables_[table_of(hash)].entries;
  size_t found = 0;
  if (table.empty()) return 0;
  for (size_t at = home(table, hash); table[at].units && found < found_max;
       at = (at + 1) & (table.size() - 1))
    if (table[at].hash == hash) out[found++] = table[at];
  return found;
}

DiskIndex::Entry* DiskIndex::locate(const Entry& entry) {
  Table& table = tables_[table_of(entry.hash)].entries;
  if (table.empty()) return nullptr;
  for (size_t at = home(table, entry.hash); table[at].units; at = (at + 1) & (table.size() - 1))
    if (table[at].same_place(entry)) return &table[at];
  return nullptr;
}

void DiskIndex::touch(const Entry& entry) {
  Entry* there = locate(entry);
  if (there && there->heat() < Entry::heat_bits) ++there->mark;
}

bool DiskIndex::erase(const Entry& entry) {
  Entry* there = locate(entry);
  if (!there) return false;
  Slot& slot = tables_[table_of(entry.hash)];
  remove_at(slot, static_cast<size_t>(there - slot.entries.data()));
  return true;
}

void DiskIndex::erase_hash(uint64_t hash) {
  std::array<Entry, found_max> found;
  while (find(hash, found) > 0)
    erase(found[0]);
}

// Moves back what stands behind, so that no hole ends a search too early.
void DiskIndex::remove_at(Slot& slot, size_t at) {
  Table& table = slot.entries;
  const size_t mask = table.size() - 1;
  size_t hole = at;
  for (size_t next = (at + 1) & mask; table[next].units; next = (next + 1) & mask) {
    const size_t wanted = home(table, table[next].hash);
    if (((next - wanted) & mask) < ((next - hole) & mask)) continue;
    table[hole] = table[next];
    hole = next;
  }
  table[hole].units = 0;
  --slot.used;
  --size_;
}

void DiskIndex::clear() {
  for (Slot& slot : tables_)
    slot = {};
  size_ = 0;
  bytes_ = 0;
}

void DiskIndex::erase_segment(size_t table, uint16_t segment, std::vector<Entry>& hot) {
  Slot& slot = tables_[table];
  std::vector<Entry> leaving;
  for (const Entry& entry : slot.entries)
    if (entry.units && entry.segment == segment) leaving.push_back(entry);
  for (const Entry& entry : leaving) {
    if (entry.heat() > 0) hot.push_back(entry);
    erase(entry);
  }
}

}  // namespace weir::edge::disk
