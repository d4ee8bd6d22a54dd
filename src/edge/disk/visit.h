#pragma once
// Visit: one look-up, between the shard that asks and the shard that owns the partition: a
// question, an answer, and so on, until the asker has all of the body or goes away. Counted by both
// sides. Its fields belong to the owner while a question is open, to the asker otherwise; mail
// hands them over.

#include <atomic>
#include <string>

#include "edge/disk/counted.h"
#include "edge/disk/partition.h"

namespace weir::edge::disk {

struct Visit {
  enum class Outcome : uint8_t { none, found, failed };

  // --- fixed ---
  std::string key;
  uint32_t partition = 0;
  size_t asker = 0;  // shards
  size_t owner = 0;
  // --- the question ---
  uint32_t skip = 0;        // how many of the newest answers to leave out
  bool wants_body = false;  // of the record that was found: slices from here on
  uint64_t first_slice = 0;
  // --- the answer ---
  Outcome outcome = Outcome::none;
  FoundRecord record;
  FileRange body;
  // --- the asker's ---
  runtime::Waiter* waiting = nullptr;
  bool answered = false;
  // --- the owner's ---
  runtime::Waiter* serving = nullptr;
  bool asked = false;
  // --- both ---
  std::atomic<bool> gone{false};    // the asker needs nothing more
  std::atomic<bool> broken{false};  // it found the body to be broken
  std::atomic<uint32_t> references{1};
};

using VisitRef = CountedRef<Visit>;

}  // namespace weir::edge::disk
