#include "cli/supervisor.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/assert.h"
#include "cli/terminal.h"
#include "runtime/reactor.h"

namespace weir::cli {
namespace {

using telemetry::LogLevel;

constexpr Duration tick_time = seconds(1);
// How soon the end of a service is noticed.
constexpr Duration drain_look_time = milliseconds(10);

sigset_t handled_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2})
    sigaddset(&set, signal);
  return set;
}

std::optional<Event> event_of(uint32_t signal) {
  switch (signal) {
    case SIGTERM:
    case SIGINT:
      return Event::stop;
    case SIGHUP:
      return Event::reload;
    case SIGUSR1:
      return Event::reopen_logs;
    case SIGUSR2:
      return Event::restart;
    default:
      return std::nullopt;
  }
}

}  // namespace

void block_signals() {
  const sigset_t set = handled_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  struct sigaction ignore{};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, nullptr);
}

Supervisor::Supervisor(Service& service, const ProgramImage& image, telemetry::EventLog& log)
    : service_(service), image_(image), log_(log) {
  const sigset_t set = handled_signals();
  signal_fd_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  WEIR_ASSERT(signal_fd_ >= 0);
}

Supervisor::~Supervisor() {
  ::close(signal_fd_);
}

int Supervisor::run() {
  notifier_.ready("serving");
  for (;;) {
    wait_for_news();
    const MonoTime now = runtime::read_monotonic_clock();
    if (now - ticked_ >= tick_time) {
      ticked_ = now;
      service_.tick(now);
    }
    while (const auto event = next_event()) {
      const Order order = lifecycle_.on(*event, now, service_.patience());
      if (const auto status = carry_out(order)) return *status;
      if (*event == Event::tick) break;
    }
  }
}

void Supervisor::wait_for_news() {
  const MonoTime now = runtime::read_monotonic_clock();
  Duration most = tick_time;
  if (lifecycle_.phase() >= Phase::draining) most = drain_look_time;
  most = std::clamp(lifecycle_.deadline() - now, Duration(0), most);
  std::array<pollfd, 2> fds{pollfd{signal_fd_, POLLIN, 0}, pollfd{-1, POLLIN, 0}};
  if (successor_ && lifecycle_.phase() == Phase::replacing) fds[1].fd = successor_->news_fd();
  const auto wait_ms = (most + milliseconds(1) - Duration(1)) / milliseconds(1);
  poll(fds.data(), fds.size(), static_cast<int>(wait_ms));
}

// What has happened since; a tick when nothing else has, which ends the search.
std::optional<Event> Supervisor::next_event() {
  if (const auto event = next_signal()) return event;
  if (lifecycle_.phase() == Phase::replacing) {
    if (std::exchange(successor_failed_, false)) return Event::successor_failed;
    switch (successor_->state()) {
      case Successor::State::ready:
        return Event::successor_ready;
      case Successor::State::failed:
        return Event::successor_failed;
      case Successor::State::starting:
        break;
    }
  }
  return service_.ended() ? Event::service_ended : Event::tick;
}

std::optional<Event> Supervisor::next_signal() {
  signalfd_siginfo info{};
  while (read(signal_fd_, &info, sizeof info) == sizeof info)
    if (const auto event = event_of(info.ssi_signo)) return event;
  return std::nullopt;
}

std::optional<int> Supervisor::carry_out(Order order) {
  switch (order) {
    case Order::reload:
      notifier_.reloading(runtime::read_monotonic_clock());
      service_.reload_logged();
      notifier_.ready("serving");
      break;
    case Order::reopen_logs:
      service_.reopen_logs();
      break;
    case Order::start_successor:
      start_successor();
      break;
    case Order::refuse_restart:
      WEIR_LOG(log_, LogLevel::warning, "process",
               "no second program is started: one is starting, or this one stops");
      break;
    case Order::drop_successor:
      drop_successor("the new program did not start; this one goes on");
      break;
    case Order::drain:
      drop_successor("the new program is ended: this one was told to stop");
      drain(false);
      break;
    case Order::hand_over:
      drain(true);
      break;
    case Order::close:
      WEIR_LOG(log_, LogLevel::warning, "process", "cutting off what still runs");
      service_.close();
      break;
    case Order::exit:
      WEIR_LOG(log_, LogLevel::info, "process", "stopped");
      return exit_well;
    case Order::exit_stuck:
      WEIR_LOG(log_, LogLevel::error, "process",
               "something did not end in time (runtime.close_timeout); leaving regardless");
      return exit_failed;
    case Order::none:
      break;
  }
  return std::nullopt;
}

void Supervisor::start_successor() {
  auto started = Successor::start(image_, service_.sockets());
  if (!started) {
    WEIR_LOG(log_, LogLevel::error, "process", "cannot start the new program",
             {"reason", started.error()});
    successor_failed_ = true;
    return;
  }
  WEIR_LOG(log_, LogLevel::info, "process", "starting the new program", {"path", image_.path},
           {"pid", started->pid()});
  successor_.emplace(*std::move(started));
  service_.handing_over(true);
}

void Supervisor::drop_successor(const char* why) {
  if (!successor_) return;
  const std::string how = successor_->end();
  WEIR_LOG(log_, LogLevel::error, "process", why, {"pid", successor_->pid()}, {"ended", how});
  successor_.reset();
  service_.handing_over(false);
}

void Supervisor::drain(bool handed_over) {
  if (handed_over) {
    WEIR_LOG(log_, LogLevel::info, "process", "handed over; draining", {"to", successor_->pid()});
  } else {
    notifier_.stopping();
    WEIR_LOG(log_, LogLevel::info, "process", "draining");
  }
  service_.drain();
}

}  // namespace weir::cli
