#include "runtime/file_memory.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/epoll_reactor.h"
#include "runtime/uring_reactor.h"

namespace weir::runtime {
namespace {

constexpr uint64_t bits = 64;

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
    : fd_(fd),
      base_(base),
      pieces_(pieces),
      free_(new std::atomic<uint64_t>[(pieces + bits - 1) / bits]) {
  for (uint64_t first = 0; first < pieces; first += bits) {
    const uint64_t count = std::min(bits, pieces - first);
    free_[first / bits] = count == bits ? UINT64_MAX : (uint64_t{1} << count) - 1;
  }
}

FileMemory::~FileMemory() {
  munmap(base_, pieces_ * piece_bytes);
  close(fd_);
}

char* FileMemory::take() {
  const uint64_t words = (pieces_ + bits - 1) / bits;
  const uint64_t begin = next_word_.load(std::memory_order_relaxed);
  for (uint64_t i = 0; i < words; ++i) {
    const uint64_t word = (begin + i) % words;
    char* piece = claim(free_[word], word * bits);
    if (!piece) continue;
    if (i > 0) next_word_.store(word, std::memory_order_relaxed);
    // All pages in one go; if they cannot be had, somebody else's memory shall serve.
    if (madvise(piece, piece_bytes, MADV_POPULATE_WRITE) == 0 || errno == EINVAL) return piece;
    give_back(piece);
    return nullptr;
  }
  return nullptr;
}

// A free piece of the 64 of `word`, which begin with number `first`.
char* FileMemory::claim(std::atomic<uint64_t>& word, uint64_t first) {
  uint64_t free = word.load(std::memory_order_relaxed);
  while (free != 0) {
    const auto bit = static_cast<uint64_t>(std::countr_zero(free));
    // Acquires what give_back() did to the pages.
    if (word.compare_exchange_weak(free, free & (free - 1), std::memory_order_acquire))
      return base_ + (first + bit) * piece_bytes;
  }
  return nullptr;
}

void FileMemory::give_back(char* piece) {
  const uint64_t number = offset_of(piece) / piece_bytes;
  // What cannot be cut out must not be written again: it stays taken.
  if (madvise(piece, piece_bytes, MADV_REMOVE) != 0) return;
  free_[number / bits].fetch_or(uint64_t{1} << number % bits, std::memory_order_release);
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
