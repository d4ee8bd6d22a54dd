#pragma once
// SimNames: the directories of a simulated disk: which name is which file now, which is for certain
// on the disk, and the changes in between, in their order. A value.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/sim_schedule.h"

namespace weir::runtime {

class SimNames {
 public:
  static constexpr uint64_t directory = 0;  // in the place of a file's id

  // Ids by path.
  using Map = std::map<std::string, uint64_t>;
  const Map& now() const { return now_; }
  // nullptr when there is nothing of that name.
  const uint64_t* find(const std::string& path) const;
  // "/" and "" are always there.
  bool is_directory(const std::string& path) const;
  bool has_parent(const std::string& path) const;

  void put(const std::string& path, uint64_t id) { change({.to = path, .id = id}); }
  void remove(const std::string& path) { change({.from = path}); }
  void rename(const std::string& from, const std::string& to);
  // What changed in this directory is on the disk for certain.
  void sync(const std::string& directory_path);
  // What is left when the power fails.
  void lose(SimSchedule& schedule);
  // Whether the file has a name, now or after a loss of power.
  bool reachable(uint64_t id) const;

 private:
  // Takes `from` away and puts `to` there; either may be empty.
  struct Change {
    std::string from;
    std::string to;
    uint64_t id = directory;
  };
  void change(Change change);
  static void apply(Map& names, const Change& change);
  static std::string parent(const std::string& path);

  Map now_;
  Map durable_;
  std::vector<Change> unsynced_;
};

}  // namespace weir::runtime
