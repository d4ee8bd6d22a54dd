#pragma once
// FileOperation: one request to a file system, from the coroutine that asks (runtime/file.h) to the
// back end that does it, and back. It owns all memory that the back end touches. Lives on the heap
// until the back end has answered: when the coroutine's wait ends before that, the operation goes
// on alone, and its answer is dropped. On one shard, except for what file threads do between start
// and answer.

#include <atomic>
#include <string>
#include <vector>

#include "base/list.h"
#include "base/result.h"
#include "runtime/aligned_buffer.h"
#include "runtime/cancel.h"
#include "runtime/task.h"

namespace weir::runtime {

class Reactor;
class Waiter;

enum class FileAction : uint8_t {
  open,
  close,
  read,
  write,
  sync,
  allocate,
  truncate,
  size,
  lock,
  rename,
  remove,
  make_directory,
  sync_directory,
  list
};

struct FileRequest {
  FileAction action{};
  int fd = -1;
  int flags = 0;         // open: O_*
  bool durable = false;  // write: RWF_DSYNC
  uint64_t offset = 0;
  uint64_t bytes = 0;    // of this part; truncate: the size
  size_t buffer_at = 0;  // where the part begins in `buffer`
  std::string path;
  std::string to;          // rename
  AlignedBuffer buffer;    // read, write
  size_t entries_max = 0;  // list
  std::vector<std::string> entries;

  char* memory() { return buffer.data() + buffer_at; }
};

// A number that the system gave for an open file. Closed when the file and all of its operations
// have let go of it.
class FileHandle {
 public:
  FileHandle(Reactor& reactor, int fd) : reactor_(reactor), fd_(fd) {}
  int fd() const { return fd_; }
  void hold() { ++holders_; }
  void release();

 private:
  ~FileHandle() = default;
  Reactor& reactor_;
  int fd_;
  uint32_t holders_ = 1;
};

class FileOperation : public ListNode<FileOperation> {
 public:
  FileOperation(Reactor& reactor, FileRequest wanted, FileHandle* handle);
  ~FileOperation();

  // What it answers, in the manner of a system call: >= 0, or -errno. Called once, by the back end,
  // on the reactor's thread; the operation may be gone afterwards.
  void answer(int64_t result);

  Reactor& reactor() { return reactor_; }
  // Nobody waits any more: a back end that has not begun may answer -ECANCELED instead. Any thread.
  bool abandoned() const { return abandoned_.load(std::memory_order_relaxed); }

  FileRequest request;
  // For the file threads: what the call answered, until the reactor takes it.
  int64_t result = 0;
  // The back end's own name for it; 0: none.
  uint64_t ticket = 0;

 private:
  friend class FileAwaiting;
  Reactor& reactor_;
  FileHandle* handle_;
  Waiter* waiter_ = nullptr;
  bool answered_ = false;
  std::atomic<bool> abandoned_{false};
};

// What an operation leaves behind: its result (>= 0) and its request, with buffer and entries.
struct FileAnswer {
  int64_t result;
  FileRequest request;
};

// Does it. Errors: overloaded when too many operations are under way, timed_out and cancelled when
// the wait ends first (the operation may yet have its effect), unsupported, and by errno; `text`
// says what was being done. `handle` is held meanwhile; may be null.
Task<Result<FileAnswer>> perform(Reactor& reactor, FileRequest request, FileHandle* handle,
                                 const char* text, Wait wait);

// Without anybody who waits for it, and whatever else is under way.
void close_descriptor(Reactor& reactor, int fd);

}  // namespace weir::runtime
