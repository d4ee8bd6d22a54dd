#pragma once
// Notifier: tells the service manager how this process is doing (sd_notify(3)): datagrams to the
// socket that $NOTIFY_SOCKET names. Silent without one. Never blocks, never fails.

#include <string>
#include <string_view>
#include <sys/types.h>

#include "base/time.h"

namespace weir::cli {

class Notifier {
 public:
  // `socket`: a path, or "@name" in the abstract name space; empty: silent.
  explicit Notifier(std::string socket) : socket_(std::move(socket)) {}
  // From the environment.
  Notifier();

  // We serve; `status` is shown by systemctl. Also after a reload and as a successor.
  void ready(std::string_view status);
  void reloading(MonoTime now);
  void stopping();
  // Lines of NAME=value.
  void send(std::string_view lines);

 private:
  std::string socket_;
};

}  // namespace weir::cli
