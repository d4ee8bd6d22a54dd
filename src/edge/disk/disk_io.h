#pragma once
// DiskIo: how the tier's coroutines reach the disk: the reactor, and how long an operation may
// take. A reference bundle; what it names outlives it.

#include <string>

#include "edge/disk/segment_format.h"
#include "runtime/file.h"
#include "runtime/waiter.h"

namespace weir::edge::disk {

using runtime::AlignedBuffer;
using runtime::File;
using runtime::FilePtr;
using runtime::Task;
using runtime::Wait;

struct DiskIo {
  runtime::Reactor& reactor;
  Duration timeout;  // of what a request waits for

  Wait soon() const { return {after(reactor.now(), timeout)}; }
  // For what nobody waits for.
  Wait patient() const { return {after(reactor.now(), minutes(1))}; }
};

// Lets others have their turn.
inline Task<> pause(runtime::Reactor& reactor) {
  (void)co_await runtime::sleep(reactor, {reactor.now()});
}

// Bytes of a file that were read for a range of it: the blocks around it.
struct FileRange {
  AlignedBuffer buffer;
  size_t skip = 0;  // before the range

  std::string_view view() const { return buffer.view().substr(std::min(skip, buffer.size())); }
};

// Reads [at, at + bytes); what view() has is shorter at the end of the file. May hold more behind.
inline Task<Result<FileRange>> read_range(File& file, uint64_t at, uint64_t bytes, Wait wait) {
  const uint64_t from = at / block_bytes * block_bytes;
  const uint64_t to = runtime::align_up(at + bytes, block_bytes);
  WEIR_CO_TRY(AlignedBuffer buffer,
              co_await file.read_at(AlignedBuffer(to - from), to - from, from, wait));
  co_return FileRange{std::move(buffer), at - from};
}

// The directory that holds it.
std::string parent_of(const std::string& path);
// Makes a directory in one that is there, so that it stays.
Task<Result<>> make_lasting_directory(const DiskIo& io, std::string path);
// A new file without the page cache, where the file system can do that.
Task<Result<FilePtr>> open_unbuffered(const DiskIo& io, const std::string& path,
                                      runtime::FileOptions options);
// Writes a block or more, padded with zeros.
Task<Result<>> write_blocks(const DiskIo& io, File& file, uint64_t at, std::string_view bytes,
                            runtime::WriteMode mode);

}  // namespace weir::edge::disk
