#pragma once
// Supervisor: what the main thread does while a service runs: waits for signals, and carries out
// what Lifecycle orders.
//
//   SIGTERM, SIGINT   drain and exit; the second one closes at once
//   SIGHUP            reload the configuration
//   SIGUSR1           reopen the logs
//   SIGUSR2           start the program anew, hand over the sockets, drain and exit

#include <optional>
#include <string>

#include "cli/lifecycle.h"
#include "cli/notifier.h"
#include "cli/program_image.h"
#include "cli/service.h"
#include "cli/successor.h"
#include "telemetry/event_log.h"

namespace weir::cli {

// Blocks the signals above, and ignores SIGPIPE, in this thread and in those that it makes; before
// any other thread.
void block_signals();

class Supervisor {
 public:
  Supervisor(Service& service, const ProgramImage& image, telemetry::EventLog& log);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Until the service has ended; the exit status. The service runs and is ready. When it is not
  // exit_well, threads may still run: leave without destroying the service.
  int run();

 private:
  void wait_for_news();
  std::optional<Event> next_event();
  std::optional<Event> next_signal();
  // The exit status, once it is time.
  std::optional<int> carry_out(Order order);
  void start_successor();
  void drop_successor(const char* why);
  void drain(bool handed_over);

  Service& service_;
  const ProgramImage& image_;
  telemetry::EventLog& log_;
  Notifier notifier_;
  Lifecycle lifecycle_;
  std::optional<Successor> successor_;
  bool successor_failed_ = false;  // it could not even be started
  int signal_fd_;
  MonoTime ticked_{};
};

}  // namespace weir::cli
