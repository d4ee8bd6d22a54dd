#include "runtime/file_memory.h"

#include <bit>
#include <cerrno>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/epoll_reactor.h"
#include "runtime/uring_reactor.h"

namespace weir::runtime {
namespace {

// Of free pieces, this part keeps its pages.
constexpr uint64_t kept_divisor = 16;

}  // namespace

std::unique_ptr<FileMemory> FileMemory::make(uint64_t bytes) {
  const uint64_t pieces = bytes / piece_bytes;
  if (pieces == 0) return nullptr;
  const int fd = memfd_create("weir", MFD_CLOEXEC);
  if (fd < 0) return nullptr;
  const size_t size = pieces * piece_bytes;
  void* base = MAP_FAILED;
  if (ftruncate(fd, static_cast<off_t>(size)) == 0)
    base = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
  if (base != MAP_FAILED)
    return std::unique_ptr<FileMemory>(new FileMemory(fd, static_cast<char*>(base), pieces));
  close(fd);
  return nullptr;
}

FileMemory::FileMemory(int fd, char* base, uint64_t pieces)
    : fd_(fd), base_(base), pieces_(pieces), empty_(pieces), kept_(pieces), lent_(pieces) {
  for (uint64_t piece = 0; piece < pieces; ++piece)
    empty_.set(piece, std::memory_order_relaxed);
}

FileMemory::~FileMemory() {
  munmap(base_, pieces_ * piece_bytes);
  close(fd_);
}

std::optional<uint64_t> FileMemory::Pieces::take(uint64_t count) {
  const uint64_t all = words(count);
  const uint64_t begin = next_word_.load(std::memory_order_relaxed);
  for (uint64_t i = 0; i < all; ++i) {
    const uint64_t number = (begin + i) % all;
    std::atomic<uint64_t>& word = words_[number];
    uint64_t set = word.load(std::memory_order_relaxed);
    while (set != 0) {
      if (!word.compare_exchange_weak(set, set & (set - 1), std::memory_order_acquire)) continue;
      if (i > 0) next_word_.store(number, std::memory_order_relaxed);
      return number * bits + static_cast<uint64_t>(std::countr_zero(set));
    }
  }
  return std::nullopt;
}

char* FileMemory::take() {
  if (char* piece = take_kept()) return piece;
  const std::optional<uint64_t> number = empty_.take(pieces_);
  if (!number) return take_kept();
  char* piece = base_ + *number * piece_bytes;
  // All pages in one go; if they cannot be had, somebody else's memory shall serve.
  if (madvise(piece, piece_bytes, MADV_POPULATE_WRITE) == 0 || errno == EINVAL) return piece;
  cut(*number);
  return nullptr;
}

char* FileMemory::take_kept() {
  if (kept_count_.load(std::memory_order_relaxed) == 0) return nullptr;
  const std::optional<uint64_t> number = kept_.take(pieces_);
  if (!number) return nullptr;
  kept_count_.fetch_sub(1, std::memory_order_relaxed);
  return base_ + *number * piece_bytes;
}

void FileMemory::give_back(char* piece) {
  const uint64_t number = number_of(piece);
  const bool was_lent = lent_.clear(number);
  if (!was_lent && kept_count_.load(std::memory_order_relaxed) < pieces_ / kept_divisor) {
    kept_count_.fetch_add(1, std::memory_order_relaxed);
    return kept_.set(number, std::memory_order_release);
  }
  cut(number);
}

void FileMemory::cut(uint64_t number) {
  // What cannot be cut out must not be written again: it stays taken.
  if (madvise(base_ + number * piece_bytes, piece_bytes, MADV_REMOVE) == 0)
    empty_.set(number, std::memory_order_release);
}

void send_from(Reactor& reactor, const FileMemory* memory) {
  switch (reactor.kind()) {
    case ReactorKind::io_uring:
      return static_cast<UringReactor&>(reactor).send_from(memory);
    case ReactorKind::epoll:
      return static_cast<EpollReactor&>(reactor).send_from(memory);
    case ReactorKind::automatic:
    case ReactorKind::simulated:
      break;
  }
}

}  // namespace weir::runtime
