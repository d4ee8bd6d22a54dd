#pragma once
// FileMemory: memory in pieces of 256 KiB that is also a file without a name, so that a stream can
// hand the kernel the pages themselves (page_pipe.h) where it would copy from other memory: of 10
// MiB over loopback 1.6 ms of CPU instead of 3.0. (MSG_ZEROCOPY, measured there too, took 3.9:
// loopback copies such pages after all.) Pieces are taken and given back by any thread without a
// lock; at most as many as were asked for.
//
// A socket may hold on to pages that it was given, and nothing says for how long. So streams copy
// from a piece as from other memory until it is lent; a lent piece that is given back is cut out of
// the file before anybody gets it again, and comes back as other pages. That costs some 4 us a page
// in all: what is never asked for again should not be lent. Pieces that were not lent keep their
// pages when they are given back, up to a sixteenth of all, and are the first to be taken again.

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

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

  // nullptr: none is left. What stands in it is anything.
  char* take();
  void give_back(char* piece);
  // Streams may send this piece without a copy, until it is given back. Its bytes do not change any
  // more.
  void lend(const char* piece) { lent_.set(number_of(piece), std::memory_order_relaxed); }
  bool lent(const void* at) const { return has(at) && lent_.has(number_of(at)); }
  bool has(const void* at) const { return at >= base_ && at < base_ + pieces_ * piece_bytes; }
  // Where that is in the file.
  uint64_t offset_of(const void* at) const {
    return static_cast<uint64_t>(static_cast<const char*>(at) - base_);
  }
  int descriptor() const { return fd_; }

 private:
  // A bit for each piece.
  class Pieces {
   public:
    explicit Pieces(uint64_t count) : words_(new std::atomic<uint64_t>[words(count)]()) {}
    void set(uint64_t piece, std::memory_order order) {
      words_[piece / bits].fetch_or(mask(piece), order);
    }
    // Whether it was set.
    bool clear(uint64_t piece) {
      return words_[piece / bits].fetch_and(~mask(piece), std::memory_order_relaxed) & mask(piece);
    }
    bool has(uint64_t piece) const {
      return words_[piece / bits].load(std::memory_order_relaxed) & mask(piece);
    }
    // Clears one that is set, of `count`, and answers it. Acquires what was done before it was set.
    std::optional<uint64_t> take(uint64_t count);

   private:
    static constexpr uint64_t bits = 64;
    static uint64_t words(uint64_t count) { return (count + bits - 1) / bits; }
    static uint64_t mask(uint64_t piece) { return uint64_t{1} << piece % bits; }
    std::unique_ptr<std::atomic<uint64_t>[]> words_;
    std::atomic<uint64_t> next_word_{0};  // where to look first
  };

  FileMemory(int fd, char* base, uint64_t pieces);
  uint64_t number_of(const void* at) const { return offset_of(at) / piece_bytes; }
  char* take_kept();
  void cut(uint64_t number);

  int fd_;
  char* base_;
  uint64_t pieces_;
  Pieces empty_;  // without pages
  Pieces kept_;   // free, with pages
  Pieces lent_;
  std::atomic<uint64_t> kept_count_{0};
};

// From now on the streams of `reactor` send from `memory`, where bytes lie in it, without copying;
// nullptr: no more. It outlives what is being sent.
void send_from(Reactor& reactor, const FileMemory* memory);

}  // namespace weir::runtime
