#include "cli/lifecycle.h"

namespace weir::cli {

Order Lifecycle::on(Event event, MonoTime now, const Patience& patience) {
  switch (phase_) {
    case Phase::serving:
      return while_serving(event, now, patience);
    case Phase::replacing:
      return while_replacing(event, now, patience);
    case Phase::draining:
      return while_draining(event, now, patience);
    case Phase::closing:
      break;
  }
  return while_closing(event, now);
}

Order Lifecycle::while_serving(Event event, MonoTime now, const Patience& patience) {
  switch (event) {
    case Event::stop:
      return enter(Phase::draining, after(now, patience.drain), Order::drain);
    case Event::restart:
      return enter(Phase::replacing, after(now, patience.restart), Order::start_successor);
    case Event::reload:
      return Order::reload;
    case Event::reopen_logs:
      return Order::reopen_logs;
    case Event::service_ended:
      return Order::exit;
    default:
      return Order::none;
  }
}

Order Lifecycle::while_replacing(Event event, MonoTime now, const Patience& patience) {
  switch (event) {
    case Event::successor_ready:
      return enter(Phase::draining, after(now, patience.drain), Order::hand_over);
    case Event::successor_failed:
      return enter(Phase::serving, never, Order::drop_successor);
    case Event::tick:
      if (now < deadline_) return Order::none;
      return enter(Phase::serving, never, Order::drop_successor);
    case Event::restart:
      return Order::refuse_restart;
    default:
      return while_serving(event, now, patience);
  }
}

Order Lifecycle::while_draining(Event event, MonoTime now, const Patience& patience) {
  switch (event) {
    case Event::service_ended:
      return Order::exit;
    case Event::stop:
      return enter(Phase::closing, after(now, patience.close), Order::close);
    case Event::tick:
      if (now < deadline_) return Order::none;
      return enter(Phase::closing, after(now, patience.close), Order::close);
    case Event::reopen_logs:
      return Order::reopen_logs;
    case Event::restart:
      return Order::refuse_restart;
    default:
      return Order::none;
  }
}

Order Lifecycle::while_closing(Event event, MonoTime now) const {
  if (event == Event::service_ended) return Order::exit;
  if (event == Event::tick && now >= deadline_) return Order::exit_stuck;
  return event == Event::restart ? Order::refuse_restart : Order::none;
}

Order Lifecycle::enter(Phase phase, MonoTime deadline, Order order) {
  phase_ = phase;
  deadline_ = deadline;
  return order;
}

}  // namespace weir::cli
