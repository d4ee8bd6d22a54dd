#include "net/breaker.h"

namespace weir::net {

using std::memory_order_relaxed;

Admission Breaker::admit(MonoTime now) {
  const int64_t until = open_until_.load(memory_order_relaxed);
  if (until == closed_mark) return Admission::normal;
  if (nanos(now) < until) return Admission::refused;
  return probing_.exchange(true, memory_order_relaxed) ? Admission::refused : Admission::probe;
}

void Breaker::finish(Admission admission, OriginOutcome outcome, MonoTime now) {
  if (admission == Admission::probe) return finish_probe(outcome, now);
  if (outcome == OriginOutcome::unknown) return;
  const bool failed = outcome == OriginOutcome::failure;
  const uint64_t counts = count(failed, now);
  if (!failed) {
    if (failures_in_row_.load(memory_order_relaxed) != 0)
      failures_in_row_.store(0, memory_order_relaxed);
    return;
  }
  const uint32_t in_row = failures_in_row_.fetch_add(1, memory_order_relaxed) + 1;
  const bool row_full = settings_.failures_in_row != 0 && in_row >= settings_.failures_in_row;
  if (row_full || too_many(counts)) open(now);
}

void Breaker::finish_probe(OriginOutcome outcome, MonoTime now) {
  if (outcome == OriginOutcome::failure)
    open(now);
  else if (outcome == OriginOutcome::success &&
           probe_successes_.fetch_add(1, memory_order_relaxed) + 1 >= settings_.probes)
    close();
  probing_.store(false, memory_order_relaxed);
}

uint64_t Breaker::count(bool failed, MonoTime now) {
  const int64_t window = nanos(now) / settings_.window.count();
  int64_t seen = window_.load(memory_order_relaxed);
  if (seen < window && window_.compare_exchange_strong(seen, window, memory_order_relaxed))
    counts_.store(0, memory_order_relaxed);
  const uint64_t step = one_request + (failed ? 1 : 0);
  return counts_.fetch_add(step, memory_order_relaxed) + step;
}

bool Breaker::too_many(uint64_t counts) const {
  const auto requests = static_cast<double>(counts >> 32);
  const auto failures = static_cast<double>(counts & (one_request - 1));
  return requests >= settings_.window_requests_min &&
         failures >= settings_.failure_share * requests;
}

void Breaker::open(MonoTime now) {
  const int64_t until = nanos(after(now, settings_.open_time));
  // Requests that were under way when it opened fail later; they do not prolong it.
  const int64_t before = open_until_.load(memory_order_relaxed);
  if (before != closed_mark && nanos(now) < before) return;
  probe_successes_.store(0, memory_order_relaxed);
  open_until_.store(until, memory_order_relaxed);
  openings_.fetch_add(1, memory_order_relaxed);
}

void Breaker::close() {
  failures_in_row_.store(0, memory_order_relaxed);
  counts_.store(0, memory_order_relaxed);
  open_until_.store(closed_mark, memory_order_relaxed);
}

bool Breaker::refuses(MonoTime now) const {
  const int64_t until = open_until_.load(memory_order_relaxed);
  if (until == closed_mark) return false;
  return nanos(now) < until || probing_.load(memory_order_relaxed);
}

BreakerState Breaker::state(MonoTime now) const {
  const int64_t until = open_until_.load(memory_order_relaxed);
  if (until == closed_mark) return BreakerState::closed;
  return nanos(now) < until ? BreakerState::open : BreakerState::half_open;
}

}  // namespace weir::net
