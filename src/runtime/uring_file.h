#pragma once
// UringFileOperation: a file operation on the ring. Lives until the ring has answered. What
// liburing 2.3 has no call for (listing, resizing, locking, syncing a directory) is for the file
// threads.

#include <sys/stat.h>

#include "runtime/file_operation.h"
#include "runtime/uring_reactor.h"

namespace weir::runtime {

class UringFileOperation final : public UringOperation {
 public:
  // False, without effect, when the ring has no such call.
  static bool start(UringReactor& reactor, FileOperation& operation);
  // The ring's side of an operation that has a ticket.
  static UringOperation& of(const FileOperation& operation);

 private:
  explicit UringFileOperation(FileOperation& operation) : operation_(operation) {}
  void prepare(io_uring_sqe* entry);
  void prepare_transfer(io_uring_sqe* entry, FileRequest& request);
  void on_complete(int result, uint32_t flags) override;

  FileOperation& operation_;
  struct statx found_{};
};

}  // namespace weir::runtime
