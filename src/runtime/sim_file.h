#pragma once
// SimFile: the content of one file on a simulated disk: what is read now, what is on the disk for
// certain, and the changes in between. A value.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/sim_schedule.h"

namespace weir::runtime {

class SimFile {
 public:
  // The piece that a disk writes whole or not at all.
  static constexpr uint64_t sector_bytes = 512;

  const std::string& bytes() const { return now_; }
  // `change` numbers grow with time. A durable write is on the disk for certain, whatever was
  // before it.
  void write(uint64_t change, uint64_t offset, std::string_view bytes, bool durable);
  void resize(uint64_t change, uint64_t size);
  // All changes below `below` are on the disk for certain.
  void sync(uint64_t below);
  // The disk failed to sync them: each is there or not, and nobody will try again.
  void fail_sync(uint64_t below, SimSchedule& schedule);
  // A write that was under way, whether or not it has been seen yet.
  void tear(uint64_t offset, std::string_view bytes, SimSchedule& schedule);
  // What is left when the power fails.
  void lose(SimSchedule& schedule);
  // Behind everybody's back, on the disk too.
  void overwrite(uint64_t offset, std::string_view bytes);

 private:
  struct Change {
    uint64_t number;
    bool resizes;
    bool durable;
    uint64_t offset;  // or the size
    std::string bytes;
  };
  static void apply(std::string& content, const Change& change);
  static void apply_torn(std::string& content, const Change& change, SimSchedule& schedule);

  std::string now_;
  std::string durable_;
  std::vector<Change> unsynced_;
};

}  // namespace weir::runtime
