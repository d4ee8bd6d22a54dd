#pragma once
// PurgeLedger: what was purged in one partition, and when: a stored answer of an earlier moment, or
// of the same one, is purged. Kept until nothing on disk is old enough to care. Holds at most
// entries_max; when full, everything that is stored by then counts as purged, which is safe. The
// journal's record of a purge is here as well; where it lies is the partition's matter. Pure.
//
//   journal record: magic u32, crc of what follows u32, kind u8, soft u8, 0 u16, text bytes u32,
//                   stamp u64, text; padding to 8

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "edge/disk/record.h"

namespace weir::edge::disk {

enum class PurgeKind : uint8_t {
  key,
  prefix,  // of the key
  tag,
  all
};

struct PurgeEntry {
  PurgeKind kind;
  bool soft = false;  // makes stale instead of removing
  Stamp stamp;
  std::string_view text;
};

enum class Purged : uint8_t { no, soft, hard };

class PurgeLedger {
 public:
  explicit PurgeLedger(size_t entries_max) : entries_max_(entries_max) {}

  void add(const PurgeEntry& entry);
  Purged look(Stamp stored, std::string_view key, std::string_view tags) const;
  // Forgets what is older than everything that is stored.
  void forget_before(Stamp oldest);
  size_t size() const { return keys_.size() + tags_.size() + prefixes_.size(); }
  // How often it was full.
  uint64_t overflows() const { return overflows_; }
  // Every entry, in any order, for a fresh journal.
  template <class Each>
  void for_each(Each each) const;

 private:
  struct Moments {
    Stamp soft, hard;
    void note(bool is_soft, Stamp stamp) {
      Stamp& moment = is_soft ? soft : hard;
      moment = std::max(moment, stamp);
    }
    Stamp latest() const { return std::max(soft, hard); }
  };
  using Map = std::map<std::string, Moments, std::less<>>;
  static void judge(const Moments& moments, Stamp stored, Purged& worst);
  static void judge(const Map& map, std::string_view text, Stamp stored, Purged& worst);
  template <class Each>
  static void tell(PurgeKind kind, std::string_view text, const Moments& moments, Each& each);

  size_t entries_max_;
  uint64_t overflows_ = 0;
  Moments all_;
  Map keys_, tags_, prefixes_;
  std::map<size_t, size_t> prefix_sizes_;  // how many prefixes have that size
};

std::string encode_purge(const PurgeEntry& entry);
// Takes one record from the front of `journal`; nullopt: what stands there is none.
std::optional<PurgeEntry> decode_purge(std::string_view& journal);

template <class Each>
void PurgeLedger::tell(PurgeKind kind, std::string_view text, const Moments& moments, Each& each) {
  if (moments.soft > Stamp{}) each(PurgeEntry{kind, true, moments.soft, text});
  if (moments.hard > Stamp{}) each(PurgeEntry{kind, false, moments.hard, text});
}

template <class Each>
void PurgeLedger::for_each(Each each) const {
  tell(PurgeKind::all, {}, all_, each);
  for (const auto& [text, moments] : keys_)
    tell(PurgeKind::key, text, moments, each);
  for (const auto& [text, moments] : tags_)
    tell(PurgeKind::tag, text, moments, each);
  for (const auto& [text, moments] : prefixes_)
    tell(PurgeKind::prefix, text, moments, each);
}

}  // namespace weir::edge::disk
