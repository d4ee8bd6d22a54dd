#pragma once
// Service: a running service as the process around it sees it: how it is stopped, reloaded and
// replaced. Implemented by each service's process (edge_process.h). Called by the main thread.

#include <vector>

#include "cli/inherited.h"
#include "cli/lifecycle.h"

namespace weir::cli {

class Service {
 public:
  // How long the phases of a stop and a restart may last now.
  virtual Patience patience() const = 0;
  // Takes the configuration anew and logs what changed, or what is wrong with it.
  virtual void reload_logged() = 0;
  virtual void reopen_logs() = 0;
  // Takes nothing new; what runs is finished. Returns at once.
  virtual void drain() = 0;
  // Cuts off what still runs. Returns at once.
  virtual void close() = 0;
  // Whether nothing runs any more.
  virtual bool ended() = 0;
  // About once a second, for whatever needs a clock.
  virtual void tick(MonoTime now) = 0;
  // A successor starts, and may serve before it says so; or it did not come to that. Meanwhile
  // nothing is promised that the successor would not know of.
  virtual void handing_over(bool begins) = 0;
  // What a successor is to have.
  virtual std::vector<NamedSocket> sockets() const = 0;

 protected:
  ~Service() = default;
};

}  // namespace weir::cli
