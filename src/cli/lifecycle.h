#pragma once
// Lifecycle: what a process does next, by what happens to it: a state machine without clocks,
// signals or sockets. Supervisor (supervisor.h) feeds it and carries out its orders.
//
//            restart             ready
//   serving ---------> replacing -------> draining ---------> closing
//      ^  |               |               ^      timeout, or
//      |  `-- stop ---------- stop -------'      second stop
//      `------------------' failed or timeout
//
// In draining and closing the process exits as soon as the service has ended.

#include <cstdint>

#include "base/time.h"

namespace weir::cli {

enum class Phase : uint8_t { serving, replacing, draining, closing };

enum class Event : uint8_t {
  stop,              // SIGTERM, SIGINT
  reload,            // SIGHUP
  reopen_logs,       // SIGUSR1
  restart,           // SIGUSR2
  successor_ready,   // the new program serves
  successor_failed,  // it ended, or could not be started
  service_ended,     // nothing runs any more
  tick,              // time has passed
};

enum class Order : uint8_t {
  none,
  reload,
  reopen_logs,
  start_successor,
  refuse_restart,  // one is under way, or we are stopping
  drop_successor,  // end it if it still runs, and go on serving
  drain,           // stop for good: end the successor, if there is one, and drain
  hand_over,       // drain; the successor goes on
  close,           // cut off what is under way
  exit,            // all has ended
  exit_stuck,      // something did not end in time
};

// How long each phase may last.
struct Patience {
  Duration restart{};
  Duration drain{};
  Duration close{};
};

class Lifecycle {
 public:
  Order on(Event event, MonoTime now, const Patience& patience);

  Phase phase() const { return phase_; }
  // When tick is due at the latest; `never` while serving.
  MonoTime deadline() const { return deadline_; }

 private:
  Order while_serving(Event event, MonoTime now, const Patience& patience);
  Order while_replacing(Event event, MonoTime now, const Patience& patience);
  Order while_draining(Event event, MonoTime now, const Patience& patience);
  Order while_closing(Event event, MonoTime now) const;
  Order enter(Phase phase, MonoTime deadline, Order order);

  Phase phase_ = Phase::serving;
  MonoTime deadline_ = never;
};

}  // namespace weir::cli
