#include "runtime/file.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>

namespace weir::runtime {
namespace {

int flags_of(const FileOptions& options) {
  int flags = O_CLOEXEC | (options.write ? O_RDWR : O_RDONLY);
  if (options.create) flags |= O_CREAT;
  if (options.create && options.exclusive) flags |= O_EXCL;
  if (options.truncate) flags |= O_TRUNC;
  if (options.direct) flags |= O_DIRECT;
  return flags;
}

bool aligned(uint64_t n) {
  return n % direct_alignment == 0;
}

Task<Result<>> done(Task<Result<FileAnswer>> task) {
  Result<FileAnswer> answer = co_await std::move(task);
  if (!answer) co_return std::unexpected(answer.error());
  co_return Result<>{};
}

}  // namespace

Task<Result<FilePtr>> File::open(Reactor& reactor, std::string path, FileOptions options,
                                 Wait wait) {
  FileRequest request{.action = FileAction::open, .flags = flags_of(options)};
  request.path = std::move(path);
  Result<FileAnswer> answer =
      co_await runtime::perform(reactor, std::move(request), nullptr, "cannot open a file", wait);
  if (!answer && answer.error().sys == EINVAL && options.direct)
    co_return fail(ErrorCode::unsupported, "the file system has no unbuffered I/O", EINVAL);
  if (!answer) co_return std::unexpected(answer.error());
  co_return FilePtr(new File(reactor, static_cast<int>(answer->result), options.direct));
}

Task<Result<FileAnswer>> File::perform(FileRequest request, const char* text, Wait wait) {
  request.fd = handle_.fd();
  return runtime::perform(reactor_, std::move(request), &handle_, text, wait);
}

Task<Result<AlignedBuffer>> File::read_at(AlignedBuffer into, size_t bytes, uint64_t offset,
                                          Wait wait) {
  WEIR_ASSERT(bytes <= into.capacity());
  WEIR_ASSERT(!direct_ || (aligned(bytes) && aligned(offset)));
  size_t got = 0, end = 0;
  while (got < bytes) {
    FileRequest request{.action = FileAction::read, .offset = offset + got, .bytes = bytes - got};
    request.buffer_at = got;
    request.buffer = std::move(into);
    WEIR_CO_TRY(FileAnswer answer,
                co_await perform(std::move(request), "cannot read a file", wait));
    into = std::move(answer.request.buffer);
    end = got + static_cast<size_t>(answer.result);
    // Unbuffered, what was read in part is read again from the last whole block on.
    const size_t next = direct_ ? end / direct_alignment * direct_alignment : end;
    if (next <= got) break;
    got = next;
  }
  into.resize(end);
  co_return into;
}

Task<Result<AlignedBuffer>> File::write_at(AlignedBuffer from, uint64_t offset, WriteMode mode,
                                           Wait wait) {
  WEIR_ASSERT(!direct_ || (aligned(from.size()) && aligned(offset)));
  const size_t bytes = from.size();
  size_t written = 0;
  while (written < bytes) {
    FileRequest request{.action = FileAction::write,
                        .durable = mode == WriteMode::durable,
                        .offset = offset + written,
                        .bytes = bytes - written,
                        .buffer_at = written};
    request.buffer = std::move(from);
    WEIR_CO_TRY(FileAnswer answer,
                co_await perform(std::move(request), "cannot write a file", wait));
    from = std::move(answer.request.buffer);
    // What was written in part is written again from the last whole block on.
    const size_t end = written + static_cast<size_t>(answer.result);
    const size_t next = direct_ ? end / direct_alignment * direct_alignment : end;
    if (next <= written) co_return fail(ErrorCode::io, "a write wrote nothing", EIO);
    written = next;
  }
  co_return from;
}

Task<Result<>> File::sync(Wait wait) {
  return done(perform({.action = FileAction::sync}, "cannot sync a file", wait));
}

Task<Result<>> File::allocate(uint64_t offset, uint64_t bytes, Wait wait) {
  return done(perform({.action = FileAction::allocate, .offset = offset, .bytes = bytes},
                      "cannot allocate room for a file", wait));
}

Task<Result<>> File::truncate(uint64_t bytes, Wait wait) {
  return done(
      perform({.action = FileAction::truncate, .bytes = bytes}, "cannot resize a file", wait));
}

Task<Result<uint64_t>> File::size(Wait wait) {
  WEIR_CO_TRY(const FileAnswer answer,
              co_await perform({.action = FileAction::size}, "cannot look at a file", wait));
  co_return static_cast<uint64_t>(answer.result);
}

Task<Result<bool>> File::try_lock(Wait wait) {
  Result<FileAnswer> answer =
      co_await perform({.action = FileAction::lock}, "cannot lock a file", wait);
  if (!answer && answer.error().sys == EWOULDBLOCK) co_return false;
  if (!answer) co_return std::unexpected(answer.error());
  co_return true;
}

Task<Result<>> rename_file(Reactor& reactor, std::string from, std::string to, Wait wait) {
  FileRequest request{.action = FileAction::rename};
  request.path = std::move(from);
  request.to = std::move(to);
  return done(perform(reactor, std::move(request), nullptr, "cannot rename a file", wait));
}

Task<Result<>> remove_file(Reactor& reactor, std::string path, Wait wait) {
  FileRequest request{.action = FileAction::remove};
  request.path = std::move(path);
  return done(perform(reactor, std::move(request), nullptr, "cannot remove a file", wait));
}

Task<Result<>> make_directory(Reactor& reactor, std::string path, Wait wait) {
  FileRequest request{.action = FileAction::make_directory};
  request.path = std::move(path);
  Result<> made =
      co_await done(perform(reactor, std::move(request), nullptr, "cannot make a directory", wait));
  if (!made && made.error().sys == EEXIST) co_return Result<>{};
  co_return made;
}

Task<Result<>> sync_directory(Reactor& reactor, std::string path, Wait wait) {
  FileRequest request{.action = FileAction::sync_directory};
  request.path = std::move(path);
  return done(perform(reactor, std::move(request), nullptr, "cannot sync a directory", wait));
}

Task<Result<std::vector<std::string>>> list_directory(Reactor& reactor, std::string path,
                                                      size_t entries_max, Wait wait) {
  FileRequest request{.action = FileAction::list};
  request.path = std::move(path);
  request.entries_max = entries_max;
  Result<FileAnswer> answer =
      co_await perform(reactor, std::move(request), nullptr, "cannot list a directory", wait);
  if (!answer && answer.error().sys == EOVERFLOW)
    co_return fail(ErrorCode::limit, "a directory has too many entries", EOVERFLOW);
  if (!answer) co_return std::unexpected(answer.error());
  std::ranges::sort(answer->request.entries);
  co_return std::move(answer->request.entries);
}

}  // namespace weir::runtime
