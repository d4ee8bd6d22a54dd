#pragma once
// File: an open file, and the operations on names that go with it, for coroutines of one shard. On
// io_uring they are the ring's; on epoll a few threads of the process do them; in simulation a
// simulated disk does. At most `runtime.file_operations` are under way on a shard; further ones are
// refused as overloaded, and counted.
//
// Every operation has a Wait. When it ends before the disk has answered, the caller goes on with
// timed_out or cancelled, and the operation goes on alone with the buffer that it was given: the
// memory stays alive, and nobody knows whether a write had its effect. What has not begun by then
// is not begun any more where that can be helped. A file is closed behind its last operation.

#include <memory>

#include "runtime/file_operation.h"
#include "runtime/reactor.h"

namespace weir::runtime {

// Besides reading, which is always allowed.
struct FileOptions {
  bool write = false;
  bool create = false;     // when it is not there
  bool exclusive = false;  // with create: it must not be there (sys EEXIST)
  bool truncate = false;
  // Past the page cache: offsets and sizes must be multiples of direct_alignment.
  bool direct = false;
};

enum class WriteMode : uint8_t {
  cached,   // in the system's hands; lost with its power until sync()
  durable,  // on the disk when it is answered (RWF_DSYNC): the data, and what is needed to find it
};

class File;
using FilePtr = std::unique_ptr<File>;

class File {
 public:
  // Errors: not_found, unsupported (`direct` on a file system without it), and by errno.
  static Task<Result<FilePtr>> open(Reactor& reactor, std::string path, FileOptions options,
                                    Wait wait);
  ~File() { handle_.release(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  // Reads up to `bytes` from `offset` on; fewer only at the end of the file. Answers the buffer
  // with what was read. An error keeps the buffer.
  Task<Result<AlignedBuffer>> read_at(AlignedBuffer into, size_t bytes, uint64_t offset, Wait wait);
  // Writes all of the buffer, and answers it. After an error any part may have been written.
  Task<Result<AlignedBuffer>> write_at(AlignedBuffer from, uint64_t offset, WriteMode mode,
                                       Wait wait);
  // All that was written before is on the disk, with what is needed to find it (fdatasync). After
  // an error nobody knows what is; writing it again is the only way to be sure.
  Task<Result<>> sync(Wait wait);
  // Room from `offset` on; grows the file with zeros. Sys ENOSPC when the disk is full.
  Task<Result<>> allocate(uint64_t offset, uint64_t bytes, Wait wait);
  Task<Result<>> truncate(uint64_t bytes, Wait wait);
  Task<Result<uint64_t>> size(Wait wait);
  // Takes the file for this process and whom it starts, until the file is closed; false: another
  // has it. Binds only those who ask.
  Task<Result<bool>> try_lock(Wait wait);

 private:
  File(Reactor& reactor, int fd, bool direct)
      : reactor_(reactor), handle_(*new FileHandle(reactor, fd)), direct_(direct) {}
  Task<Result<FileAnswer>> perform(FileRequest request, const char* text, Wait wait);

  Reactor& reactor_;
  FileHandle& handle_;
  bool direct_;
};

// Names. A name is safe from a loss of power once the directory that holds it is synced.
Task<Result<>> rename_file(Reactor& reactor, std::string from, std::string to, Wait wait);
Task<Result<>> remove_file(Reactor& reactor, std::string path, Wait wait);
// One level; not an error when it is there already.
Task<Result<>> make_directory(Reactor& reactor, std::string path, Wait wait);
Task<Result<>> sync_directory(Reactor& reactor, std::string path, Wait wait);
// The names in it, sorted, without "." and "..". Error `limit` when there are more than
// `entries_max`.
Task<Result<std::vector<std::string>>> list_directory(Reactor& reactor, std::string path,
                                                      size_t entries_max, Wait wait);

}  // namespace weir::runtime
