#include "runtime/uring_file.h"

#include <algorithm>
#include <fcntl.h>
#include <sys/uio.h>

#include "runtime/file_calls.h"

namespace weir::runtime {
namespace {

constexpr uint64_t transfer_bytes_max = 1u << 30;

}  // namespace

bool UringFileOperation::start(UringReactor& reactor, FileOperation& operation) {
  const FileAction action = operation.request.action;
  if (action == FileAction::list || action == FileAction::truncate || action == FileAction::lock ||
      action == FileAction::sync_directory)
    return false;
  auto* made = new UringFileOperation(operation);
  operation.ticket = reinterpret_cast<uint64_t>(static_cast<UringOperation*>(made));
  made->prepare(reactor.submission(made));
  return true;
}

UringOperation& UringFileOperation::of(const FileOperation& operation) {
  // A ticket is the address of one whose ring has not answered.
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  return *reinterpret_cast<UringOperation*>(operation.ticket);
}

void UringFileOperation::prepare(io_uring_sqe* entry) {
  FileRequest& request = operation_.request;
  const char* path = request.path.c_str();
  switch (request.action) {
    case FileAction::open:
      return io_uring_prep_openat(entry, AT_FDCWD, path, request.flags, file_mode);
    case FileAction::close:
      return io_uring_prep_close(entry, request.fd);
    case FileAction::sync:
      return io_uring_prep_fsync(entry, request.fd, IORING_FSYNC_DATASYNC);
    case FileAction::allocate:
      return io_uring_prep_fallocate(entry, request.fd, 0, static_cast<off_t>(request.offset),
                                     static_cast<off_t>(request.bytes));
    case FileAction::size:
      return io_uring_prep_statx(entry, request.fd, "", AT_EMPTY_PATH, STATX_SIZE, &found_);
    case FileAction::rename:
      return io_uring_prep_renameat(entry, AT_FDCWD, path, AT_FDCWD, request.to.c_str(), 0);
    case FileAction::remove:
      return io_uring_prep_unlinkat(entry, AT_FDCWD, path, 0);
    case FileAction::make_directory:
      return io_uring_prep_mkdirat(entry, AT_FDCWD, path, directory_mode);
    default:
      return prepare_transfer(entry, request);
  }
}

void UringFileOperation::prepare_transfer(io_uring_sqe* entry, FileRequest& request) {
  const auto bytes = static_cast<unsigned>(std::min(request.bytes, transfer_bytes_max));
  if (request.action == FileAction::read)
    return io_uring_prep_read(entry, request.fd, request.memory(), bytes, request.offset);
  io_uring_prep_write(entry, request.fd, request.memory(), bytes, request.offset);
  if (request.durable) entry->rw_flags = RWF_DSYNC;
}

void UringFileOperation::on_complete(int result, uint32_t) {
  const bool sized = operation_.request.action == FileAction::size && result >= 0;
  operation_.answer(sized ? static_cast<int64_t>(found_.stx_size) : result);
  delete this;
}

}  // namespace weir::runtime
