#pragma once
// SimDisk: the files of a simulated machine: what its processes see, what would survive a loss of
// power, and what goes wrong as the seed has it. Owned by SimWorld, so it outlives processes. One
// thread.
//
// What was written but not synced may be lost, kept or torn, sector by sector and in any order;
// names that were made, moved or removed survive up to some point in their order, and for certain
// once their directory is synced. A directory that is lost takes along what is in it.

#include <map>
#include <optional>
#include <string>

#include "runtime/file_operation.h"
#include "runtime/sim_faults.h"
#include "runtime/sim_file.h"
#include "runtime/sim_names.h"

namespace weir::runtime {

class SimDisk final : public SimTarget {
 public:
  SimDisk(SimSchedule& schedule, const SimDiskFaults& faults)
      : schedule_(schedule), faults_(faults) {}

  // From now on, instead of those of the world.
  void set_faults(const SimDiskFaults& faults) { faults_ = faults; }

  // From here until start_up() the machine is off: every operation fails without effect. End the
  // processes meanwhile; what they still write goes nowhere.
  void cut_power();
  // The same for the end of a process by a signal: what was written stays, operations that were
  // under way have happened or not.
  void kill();
  void start_up() { off_ = false; }

  // What the tests look at and do behind everybody's back. nullopt, false: no such file.
  std::optional<std::string> contents(const std::string& path) const;
  bool overwrite(const std::string& path, uint64_t offset, std::string_view bytes);
  std::vector<std::string> files() const;
  uint64_t used_bytes() const;

  // For reactors.
  void start(FileOperation& operation);
  // Its reactor goes away, and the operation with it; but what it was about to close is closed.
  void forget(FileOperation& operation);

 private:
  struct Pending {
    FileOperation* operation;
    uint64_t synced_below;  // a sync covers the changes that were made before it began
    bool dead = false;      // the machine went off
  };

  void on_event(uint32_t what, uint64_t id) override;
  int64_t act(Pending& pending);
  int64_t open(const FileRequest& request);
  int64_t close(int fd);
  int64_t on_file(Pending& pending);
  int64_t read(SimFile& file, FileRequest& request);
  int64_t write(SimFile& file, const FileRequest& request);
  int64_t sync(SimFile& file, uint64_t below);
  int64_t resize(SimFile& file, uint64_t bytes);
  int64_t lock(int fd);
  int64_t list(FileRequest& request);
  // `bytes`, or fewer, cut at a block of unbuffered I/O, when the seed says so.
  uint64_t part_of(uint64_t bytes);
  bool fits(uint64_t more) const;
  SimFile* file_of(const FileRequest& request);
  // Has a name now, or is open; what was removed may still come back after a loss of power.
  bool in_use(uint64_t id) const;
  // Files that have neither a name nor a number any more.
  void drop_unreachable();
  void fault(FileAction what, uint64_t detail);

  SimSchedule& schedule_;
  SimDiskFaults faults_;
  SimNames names_;
  std::map<uint64_t, SimFile> files_;
  std::map<int, uint64_t> open_;   // by descriptor
  std::map<uint64_t, int> locks_;  // descriptors by file
  std::map<uint64_t, Pending> pending_;
  uint64_t next_file_ = 1;
  uint64_t next_ticket_ = 1;
  uint64_t next_change_ = 1;
  int next_fd_ = 2'000'000;
  bool off_ = false;
};

}  // namespace weir::runtime
