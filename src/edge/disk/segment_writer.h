#pragma once
// SegmentWriter: appends to the newest segment of a partition: bytes gather in a batch of aligned
// memory, which is written when it is full or when flush() says so, one write at a time. Keeps the
// lists that a start reads. After an error nothing more may be appended. On one shard.

#include <string_view>
#include <vector>

#include "edge/disk/segment.h"

namespace weir::edge::disk {

class SegmentWriter {
 public:
  static constexpr size_t batch_bytes = 256 * 1024;
  // Kept free for the last list.
  static constexpr uint64_t reserve_bytes =
      list_head_bytes + list_entries_max * sizeof(ListEntry) + 2 * block_bytes;

  SegmentWriter(const DiskIo& io, Segment& segment, uint64_t segment_bytes, DiskMetrics& metrics);

  // Makes room on the disk and writes the head.
  Task<Result<>> begin(const SegmentHead& head);
  Segment& segment() { return segment_; }
  // Where the next byte goes.
  uint64_t position() const { return batch_at_ + batch_.size(); }
  bool fits(uint64_t bytes) const { return position() + bytes + reserve_bytes <= segment_bytes_; }
  Task<Result<>> append(std::string_view bytes);
  // A record that was appended as a whole; position() is behind it.
  Task<Result<>> add_to_list(const ListEntry& entry, Stamp stamp);
  // Everything before this is in the file.
  uint64_t written() const { return written_; }
  bool has_unwritten() const { return !batch_.empty(); }
  Task<Result<>> flush();
  // The last list and the seal; nothing more may be appended.
  Task<Result<>> seal();

 private:
  Task<Result<>> append_list();

  const DiskIo& io_;
  Segment& segment_;
  const uint64_t segment_bytes_;
  DiskMetrics& metrics_;
  AlignedBuffer batch_{batch_bytes};
  uint64_t batch_at_ = segment_data_at;
  uint64_t written_ = segment_data_at;
  SegmentList list_;
  uint64_t last_list_at_ = 0;
};

}  // namespace weir::edge::disk
