#include "edge/disk/segment_format.h"

#include "edge/disk/crc32c.h"
#include "edge/disk/little_endian.h"
#include "edge/disk/record.h"

namespace weir::edge::disk {
namespace {

constexpr uint64_t head_magic = 0x3147455352494557;     // "WEIRSEG1"
constexpr uint64_t seal_magic = 0x314c414553494557;     // "WEISEAL1"
constexpr uint64_t journal_magic = 0x314c4e5252494557;  // "WEIRRNL1"
constexpr uint32_t list_magic = 0x54534c57;             // "WLST"
constexpr size_t crc_at = block_bytes - 4;

std::string block_with(uint64_t magic) {
  std::string block(block_bytes, '\0');
  put(block, 0, magic);
  return block;
}

std::string sealed(std::string block) {
  put(block, crc_at, crc32c(std::string_view(block).substr(0, crc_at)));
  return block;
}

bool sound(std::string_view block, uint64_t magic) {
  return block.size() >= block_bytes && get<uint64_t>(block, 0) == magic &&
         get<uint32_t>(block, crc_at) == crc32c(block.substr(0, crc_at));
}

void put_identity(std::string& block, const PartitionIdentity& identity) {
  put(block, 8, identity.partition);
  put(block, 12, identity.partitions);
  put(block, 16, identity.seed);
}

PartitionIdentity get_identity(std::string_view block) {
  return {get<uint32_t>(block, 8), get<uint32_t>(block, 12), get<uint64_t>(block, 16)};
}

}  // namespace

std::string encode_identity(const PartitionIdentity& identity) {
  std::string block = block_with(journal_magic);
  put_identity(block, identity);
  return sealed(std::move(block));
}

std::optional<PartitionIdentity> decode_identity(std::string_view block) {
  if (!sound(block, journal_magic)) return std::nullopt;
  return get_identity(block);
}

std::string encode_head(const SegmentHead& head) {
  std::string block = block_with(head_magic);
  put_identity(block, head.identity);
  put(block, 24, head.serial);
  put(block, 32, head.epoch);
  return sealed(std::move(block));
}

std::optional<SegmentHead> decode_head(std::string_view block) {
  if (!sound(block, head_magic)) return std::nullopt;
  return SegmentHead{get_identity(block), get<uint64_t>(block, 24), get<uint32_t>(block, 32)};
}

std::string encode_seal(const SegmentSeal& seal) {
  std::string block = block_with(seal_magic);
  put(block, 8, seal.serial);
  put(block, 16, seal.last_list_at);
  put(block, 24, seal.end);
  put(block, 32, seal.oldest.value);
  return sealed(std::move(block));
}

std::optional<SegmentSeal> decode_seal(std::string_view block, uint64_t serial) {
  if (!sound(block, seal_magic) || get<uint64_t>(block, 8) != serial) return std::nullopt;
  return SegmentSeal{serial, get<uint64_t>(block, 16), get<uint64_t>(block, 24),
                     Stamp{get<uint64_t>(block, 32)}};
}

// list: magic u32, crc of the head behind this field u32, serial u64, previous u64, count u64,
//       crc of the entries u32, 0 u32, 0 u64; entries; padding to 16
std::string encode_list(uint64_t serial, const SegmentList& list) {
  const std::string_view entries(reinterpret_cast<const char*>(list.entries.data()),
                                 list.entries.size() * sizeof(ListEntry));
  std::string out(list_head_bytes, '\0');
  put(out, 0, list_magic);
  put(out, 8, serial);
  put(out, 16, list.previous_at);
  put(out, 24, uint64_t{list.entries.size()});
  put(out, 32, crc32c(entries));
  put(out, 4, crc32c(std::string_view(out).substr(8, list_head_bytes - 8)));
  out += entries;
  out.resize(align_record(out.size()), '\0');
  return out;
}

std::optional<uint64_t> list_size(std::string_view bytes, uint64_t serial) {
  if (bytes.size() < list_head_bytes || get<uint32_t>(bytes, 0) != list_magic ||
      get<uint32_t>(bytes, 4) != crc32c(bytes.substr(8, list_head_bytes - 8)) ||
      get<uint64_t>(bytes, 8) != serial || get<uint64_t>(bytes, 24) > list_entries_max)
    return std::nullopt;
  return align_record(list_head_bytes + get<uint64_t>(bytes, 24) * sizeof(ListEntry));
}

std::optional<SegmentList> decode_list(std::string_view bytes, uint64_t serial) {
  const std::optional<uint64_t> size = list_size(bytes, serial);
  if (!size || bytes.size() < *size) return std::nullopt;
  SegmentList list{get<uint64_t>(bytes, 16), {}};
  list.entries.resize(get<uint64_t>(bytes, 24));
  const std::string_view entries =
      bytes.substr(list_head_bytes, list.entries.size() * sizeof(ListEntry));
  if (crc32c(entries) != get<uint32_t>(bytes, 32)) return std::nullopt;
  std::memcpy(list.entries.data(), entries.data(), entries.size());
  return list;
}

}  // namespace weir::edge::disk
