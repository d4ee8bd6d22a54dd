#include "edge/disk/purge_ledger.h"

#include <algorithm>

#include "edge/disk/crc32c.h"
#include "edge/disk/little_endian.h"

namespace weir::edge::disk {
namespace {

constexpr uint32_t magic = 0x47525057;  // "WPRG"
constexpr size_t header_bytes = 24, alignment = 8;

size_t padded(size_t n) {
  return (n + alignment - 1) / alignment * alignment;
}

}  // namespace

void PurgeLedger::add(const PurgeEntry& entry) {
  if (entry.kind == PurgeKind::all) return all_.note(entry.soft, entry.stamp);
  Map& map = entry.kind == PurgeKind::key   ? keys_
             : entry.kind == PurgeKind::tag ? tags_
                                            : prefixes_;
  const auto found = map.find(entry.text);
  if (found != map.end()) return found->second.note(entry.soft, entry.stamp);
  if (size() >= entries_max_) {
    ++overflows_;
    return all_.note(false, entry.stamp);
  }
  map[std::string(entry.text)].note(entry.soft, entry.stamp);
  if (entry.kind == PurgeKind::prefix) ++prefix_sizes_[entry.text.size()];
}

void PurgeLedger::judge(const Moments& moments, Stamp stored, Purged& worst) {
  if (stored <= moments.hard)
    worst = Purged::hard;
  else if (stored <= moments.soft && worst == Purged::no)
    worst = Purged::soft;
}

void PurgeLedger::judge(const Map& map, std::string_view text, Stamp stored, Purged& worst) {
  const auto found = map.find(text);
  if (found != map.end()) judge(found->second, stored, worst);
}

Purged PurgeLedger::look(Stamp stored, std::string_view key, std::string_view tags) const {
  Purged worst = Purged::no;
  if (all_.latest() > Stamp{}) judge(all_, stored, worst);
  judge(keys_, key, stored, worst);
  for (const auto& [size, count] : prefix_sizes_)
    if (size <= key.size()) judge(prefixes_, key.substr(0, size), stored, worst);
  if (!tags_.empty())
    for_each_tag(tags, [&](std::string_view tag) { judge(tags_, tag, stored, worst); });
  return worst;
}

void PurgeLedger::forget_before(Stamp oldest) {
  const auto old = [&](const auto& entry) { return entry.second.latest() < oldest; };
  if (all_.latest() < oldest) all_ = {};
  std::erase_if(keys_, old);
  std::erase_if(tags_, old);
  std::erase_if(prefixes_, old);
  prefix_sizes_.clear();
  for (const auto& [text, moments] : prefixes_)
    ++prefix_sizes_[text.size()];
}

std::string encode_purge(const PurgeEntry& entry) {
  std::string out(header_bytes, '\0');
  put(out, 0, magic);
  put(out, 8, static_cast<uint8_t>(entry.kind));
  put(out, 9, static_cast<uint8_t>(entry.soft));
  put(out, 12, static_cast<uint32_t>(entry.text.size()));
  put(out, 16, entry.stamp.value);
  out += entry.text;
  put(out, 4, crc32c(std::string_view(out).substr(8)));
  out.resize(padded(out.size()), '\0');
  return out;
}

std::optional<PurgeEntry> decode_purge(std::string_view& journal) {
  if (journal.size() < header_bytes || get<uint32_t>(journal, 0) != magic) return std::nullopt;
  const auto text_bytes = get<uint32_t>(journal, 12);
  const auto kind = get<uint8_t>(journal, 8);
  const size_t bytes = padded(header_bytes + size_t{text_bytes});
  if (text_bytes > record_part_max || bytes > journal.size()) return std::nullopt;
  if (get<uint32_t>(journal, 4) != crc32c(journal.substr(8, header_bytes - 8 + text_bytes)) ||
      kind > static_cast<uint8_t>(PurgeKind::all))
    return std::nullopt;
  PurgeEntry entry{static_cast<PurgeKind>(kind), get<uint8_t>(journal, 9) != 0,
                   Stamp{get<uint64_t>(journal, 16)}, journal.substr(header_bytes, text_bytes)};
  journal.remove_prefix(bytes);
  return entry;
}

}  // namespace weir::edge::disk
