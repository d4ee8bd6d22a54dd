#pragma once
// FileMemory: memory in pieces of 256 KiB that is also a file without a name, so that a stream can
// hand the kernel the pages themselves (sendfile) where it would copy from other memory: of 10 MiB
// over loopback 1.9 ms of CPU instead of 3.0. (MSG_ZEROCOPY, measured there too, took 3.9: loopback
// copies such pages after all.) Pieces are taken and given back by any thread without a lock; at
// most as many as were asked for.
//
// What is given back is cut out of the file before anybody gets it again, and comes back as other
// pages: those that a socket still sends stay as they are. Taking and giving back cost some 30 us
// each, for the pages.

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/units.h"

namespace weir::runtime {

class Reactor;

class FileMemory {
 public:
  static constexpr uint64_t piece_bytes = 256 * KiB;

  // Room for `bytes`, of which nothing is in use yet; nullptr where the system does not allow it.
  static std::unique_ptr<FileMemory> make(uint64_t bytes);
  FileMemory(const FileMemory&) = delete;
  FileMemory& operator=(const FileMemory&) = delete;
  // Everything has been given back.
  ~FileMemory();

  // nullptr: none is left.
  char* take();
  void give_back(char* piece);
  bool has(const void* at) const { return at >= base_ && at < base_ + pieces_ * piece_bytes; }
  // Where that is in the file.
  uint64_t offset_of(const void* at) const {
    return static_cast<uint64_t>(static_cast<const char*>(at) - base_);
  }
  int descriptor() const { return fd_; }

 private:
  FileMemory(int fd, char* base, uint64_t pieces);
  char* claim(std::atomic<uint64_t>& word, uint64_t first);

  int fd_;
  char* base_;
  uint64_t pieces_;
  std::unique_ptr<std::atomic<uint64_t>[]> free_;  // a bit a piece
  std::atomic<uint64_t> next_word_{0};             // where to look first
};

// From now on the streams of `reactor` send from `memory`, where bytes lie in it, without copying;
// nullptr: no more. It outlives what is being sent.
void send_from(Reactor& reactor, const FileMemory* memory);

}  // namespace weir::runtime
