#pragma once
// PathTable: the durations of one shard's requests in one interval by path, for the paths that are
// busiest; all others together in one more distribution. Bounded: four times `paths_max` entries in
// sets of eight, found by hash, which is what a path is known by: 64 bits with a seed that nobody
// outside knows. A path that meets a full set takes the place of its rarest one with a probability
// of one over that one's weight (RAP: Ben Basat and others, "Randomized admission policy for
// efficient top-k"), so that what is asked for often gets in and stays, whatever is scanned
// meanwhile. Who loses its place is added to the others: every request is counted once, under its
// path from the time that this was let in, or under the others. What is found is recorded without
// an allocation. One thread at a time.

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "telemetry/histogram.h"

namespace weir::telemetry {

class PathTable {
 public:
  static constexpr size_t path_bytes_max = 256;  // longer ones are cut, and share an entry

  PathTable(uint32_t paths_max, uint64_t seed);
  PathTable(const PathTable&) = delete;
  PathTable& operator=(const PathTable&) = delete;

  void record(std::string_view path, uint64_t ns);
  // So many requests for a path, whose durations settle() records, all the same.
  void note(std::string_view path, uint64_t requests = 1);
  void settle(uint64_t ns);
  // Leaves what is noted to another table.
  void pass_notes_to(PathTable& other);

  // Calls visit(path, const HistogramData&) for each path, in no order.
  template <class Visit>
  void each(Visit visit) const {
    for (const Set& set : sets_)
      for (const Entry& entry : set)
        if (entry.weight != 0)
          if (const HistogramData durations = read(*entry.durations); durations.count() != 0)
            visit(std::string_view(entry.path), durations);
  }
  // What was recorded under no path of its own.
  HistogramData others() const;
  // Starts another interval.
  void clear();

 private:
  struct alignas(64) Entry {
    uint64_t hash = 0;
    uint64_t weight = 0;  // about how often it was asked for; 0: unused
    HistogramCell* durations = nullptr;
    uint64_t noted = 0;
    std::string path;
  };
  static constexpr size_t ways = 8;
  using Set = std::array<Entry, ways>;

  static HistogramData read(const HistogramCell& cell);
  // The entry for a path, counted once more; nullptr: it has none.
  Entry* find(std::string_view path, uint64_t requests);
  // The entry for a path that has none; nullptr: it is not let in.
  Entry* let_in(Set& set, std::string_view path, uint64_t hash, uint64_t requests);

  Random random_;
  const uint64_t seed_;
  CellArena arena_;
  std::vector<Set> sets_;  // a power of two
  const uint64_t mask_;    // of their number
  HistogramCell others_{arena_};
  std::vector<Entry*> noted_;
  uint64_t others_noted_ = 0;
  HistogramData displaced_;
};

}  // namespace weir::telemetry
