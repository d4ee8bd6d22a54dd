#include "runtime/file_calls.h"

#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

namespace weir::runtime {
namespace {

int64_t answer_of(int64_t result) {
  return result < 0 ? -errno : result;
}

int64_t read_file(FileRequest& request) {
  return ::pread(request.fd, request.memory(), request.bytes, static_cast<off_t>(request.offset));
}

int64_t write_file(FileRequest& request) {
  const iovec part{.iov_base = request.memory(), .iov_len = request.bytes};
  return ::pwritev2(request.fd, &part, 1, static_cast<off_t>(request.offset),
                    request.durable ? RWF_DSYNC : 0);
}

int64_t size_of_file(FileRequest& request) {
  struct stat found{};
  return ::fstat(request.fd, &found) < 0 ? -1 : found.st_size;
}

int64_t sync_directory_at(FileRequest& request) {
  const int fd = ::open(request.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return -1;
  const int result = ::fsync(fd);
  const int error = errno;
  ::close(fd);
  errno = error;
  return result;
}

int64_t list_entries(FileRequest& request) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(request.path.c_str()), ::closedir);
  if (!directory) return -1;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (!entry) return errno ? -1 : 0;
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (request.entries.size() == request.entries_max) {
      errno = EOVERFLOW;
      return -1;
    }
    request.entries.emplace_back(name);
  }
}

int64_t call_once(FileRequest& request) {
  const char* path = request.path.c_str();
  switch (request.action) {
    case FileAction::open:
      return ::open(path, request.flags, file_mode);
    case FileAction::close:
      return ::close(request.fd);
    case FileAction::read:
      return read_file(request);
    case FileAction::write:
      return write_file(request);
    case FileAction::sync:
      return ::fdatasync(request.fd);
    case FileAction::allocate:
      return ::fallocate(request.fd, 0, static_cast<off_t>(request.offset),
                         static_cast<off_t>(request.bytes));
    case FileAction::truncate:
      return ::ftruncate(request.fd, static_cast<off_t>(request.bytes));
    case FileAction::lock:
      return ::flock(request.fd, LOCK_EX | LOCK_NB);
    case FileAction::size:
      return size_of_file(request);
    case FileAction::rename:
      return ::rename(path, request.to.c_str());
    case FileAction::remove:
      return ::unlink(path);
    case FileAction::make_directory:
      return ::mkdir(path, directory_mode);
    case FileAction::sync_directory:
      return sync_directory_at(request);
    case FileAction::list:
      return list_entries(request);
  }
  errno = ENOSYS;
  return -1;
}

}  // namespace

int64_t call_file_system(FileRequest& request) {
  int64_t result = answer_of(call_once(request));
  // A descriptor is gone even when closing it was interrupted.
  while (result == -EINTR && request.action != FileAction::close)
    result = answer_of(call_once(request));
  return result;
}

}  // namespace weir::runtime
