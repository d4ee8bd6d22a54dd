#pragma once
// The blocks of a segment file besides its records, and the head of a partition's journal: encoders
// and decoders, pure. A segment is written front to back and never again:
//
//   block 0   head: whose it is, serial, epoch, hash seed
//   block 1   seal: written last; says where the last list is and where the data ends
//   block 2.. records and lists, each at a multiple of 16; behind a pause of the writer padding to
//             the next block. A list names the records before it, and the list before that, so that
//             a start reads lists instead of records. Where the seal is missing, records are read.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/disk/stamp.h"

namespace weir::edge::disk {

inline constexpr size_t block_bytes = 4096, segment_data_at = 2 * block_bytes;

// What makes a partition's files its own. Others are not read.
struct PartitionIdentity {
  uint32_t partition = 0;
  uint32_t partitions = 0;
  uint64_t seed = 0;  // of the hashes of keys
  bool operator==(const PartitionIdentity&) const = default;
};

struct SegmentHead {
  PartitionIdentity identity;
  uint64_t serial = 0;
  uint32_t epoch = 0;
};
struct SegmentSeal {
  uint64_t serial = 0;
  uint64_t last_list_at = 0;  // 0: none
  uint64_t end = 0;           // of the data
  Stamp oldest;               // of its records
};
struct ListEntry {
  uint64_t hash;
  uint32_t at;     // units of record_alignment
  uint32_t units;  // likewise
  uint32_t expires;
  uint16_t variant;
  uint16_t zero = 0;
};
static_assert(sizeof(ListEntry) == 24);
inline constexpr size_t list_entries_max = 2048, list_head_bytes = 48;

// A block each.
std::string encode_head(const SegmentHead& head);
std::optional<SegmentHead> decode_head(std::string_view block);
std::string encode_seal(const SegmentSeal& seal);
std::optional<SegmentSeal> decode_seal(std::string_view block, uint64_t serial);
// The head of the journal: the identity alone.
std::string encode_identity(const PartitionIdentity& identity);
std::optional<PartitionIdentity> decode_identity(std::string_view block);

struct SegmentList {
  uint64_t previous_at = 0;  // 0: none
  std::vector<ListEntry> entries;
};
// A multiple of record_alignment long.
std::string encode_list(uint64_t serial, const SegmentList& list);
// How long the list is that `bytes` begin with; nullopt: there is none. Looks at list_head_bytes.
std::optional<uint64_t> list_size(std::string_view bytes, uint64_t serial);
std::optional<SegmentList> decode_list(std::string_view bytes, uint64_t serial);

}  // namespace weir::edge::disk
