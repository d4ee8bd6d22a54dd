#pragma once
// Record: one stored answer as it lies on disk: encoder and decoder, pure. Every byte is covered by
// a checksum: the header by its own, the texts and the table of slices by another, the body slice
// by slice, so that a large one can be read piece by piece. A record belongs to one segment by its
// serial; what an older file left in its place is not taken for one. Little endian.
//
//   header (96)  magic "WREC", version u16, flags u16, crc of the header behind this field u32,
//                crc of the texts u32, serial u64, key hash u64, stamp u64, written: wall i64, mono
//                i64, body bytes u64, bytes of key, variant, meta, head, tags u32 each,
//                expires u32 (wall, s), meta format u32, 0 u32
//   texts        meta, key, variant, head, tags (each: u16 length, bytes), padding to 4,
//                crc of each slice u32, padding to 16
//   body         slices of 64 KiB, the last one shorter; padding to 16

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/disk/stamp.h"

namespace weir::edge::disk {

inline constexpr size_t record_header_bytes = 96, record_alignment = 16, slice_bytes = 64 * 1024;
// Of one text; of all texts and the table.
inline constexpr size_t record_part_max = 1 << 20, record_texts_max = 6 << 20;

constexpr uint64_t align_record(uint64_t n) {
  return (n + record_alignment - 1) / record_alignment * record_alignment;
}
constexpr uint64_t slices_of(uint64_t body_bytes) {
  return (body_bytes + slice_bytes - 1) / slice_bytes;
}

struct RecordHeader {
  static constexpr uint16_t stale = 1;  // a soft purge had made it stale already

  uint16_t flags = 0;
  uint64_t serial = 0;
  uint64_t key_hash = 0;
  Stamp stamp;
  int64_t written_wall = 0;  // ns
  int64_t written_mono = 0;
  uint64_t body_bytes = 0;
  uint32_t key_bytes = 0, variant_bytes = 0, meta_bytes = 0, head_bytes = 0, tags_bytes = 0;
  uint32_t expires = 0;
  uint32_t meta_format = 0;

  // From the beginning of the record to its body, and to its end.
  uint64_t body_at() const;
  uint64_t bytes() const { return body_at() + align_record(body_bytes); }
};

struct RecordTexts {
  std::string_view meta, key, variant, head, tags;
};

// Tells the variants of one key apart in the index, most of the time; its lowest two bits are 0.
uint16_t variant_mark(std::string_view variant);

// Header, texts and table: all that stands before the body. `sizes` of the header are taken from
// the texts. `slices`: the checksum of each slice of the body.
std::string encode_record(RecordHeader header, const RecordTexts& texts,
                          const std::vector<uint32_t>& slices);
// Tags as they stand in a record; those that do not fit (over 64 KiB) are an error: nullopt.
std::optional<std::string> encode_tags(const std::vector<std::string_view>& tags);

// nullopt: no sound header of this segment stands there. Looks at the first 96 bytes.
std::optional<RecordHeader> decode_header(std::string_view bytes, uint64_t serial);

struct RecordView {
  RecordHeader header;
  RecordTexts texts;
  const char* slices = nullptr;  // may be unaligned

  uint32_t slice_crc(uint64_t index) const {
    uint32_t crc;
    std::memcpy(&crc, slices + index * sizeof crc, sizeof crc);
    return crc;
  }
  // Whether `bytes` is the whole slice `index` of the body, unbroken.
  bool sound_slice(uint64_t index, std::string_view bytes) const;
};
// `bytes` begins with the record and holds it up to body_at() at least. nullopt: broken.
std::optional<RecordView> decode_record(std::string_view bytes, uint64_t serial);

// Calls `each(tag)` for the tags of a record; false when they are malformed.
template <class Each>
bool for_each_tag(std::string_view tags, Each each) {
  while (!tags.empty()) {
    uint16_t size;
    if (tags.size() < sizeof size) return false;
    std::memcpy(&size, tags.data(), sizeof size);
    if (tags.size() - sizeof size < size) return false;
    each(tags.substr(sizeof size, size));
    tags.remove_prefix(sizeof size + size);
  }
  return true;
}

}  // namespace weir::edge::disk
