#pragma once
// AdminProcess: what the admin pages ask of the process that they belong to. Implemented by cli/.
// Called on the admin shard, beside everything else that the process does: implementations lock
// what they share, and take milliseconds at most.

#include <string>
#include <utility>
#include <vector>

namespace weir::admin {

// What a reload did, as JSON for whoever asked for it.
struct ReloadAnswer {
  bool accepted = false;  // false: the configuration is broken, and the old one stays in force
  std::string json;
};

class AdminProcess {
 public:
  // Whether clients should be sent here: not while starting, nor while draining.
  virtual bool ready() const = 0;
  // The effective configuration as YAML, without secrets.
  virtual std::string config() const = 0;
  virtual ReloadAnswer reload() = 0;
  // Version, compiler, reactor and the like, in the order in which they are shown.
  virtual std::vector<std::pair<std::string, std::string>> build_facts() const = 0;

 protected:
  ~AdminProcess() = default;
};

}  // namespace weir::admin
