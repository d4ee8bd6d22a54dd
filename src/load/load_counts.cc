#include "load/load_counts.h"

#include <numeric>

namespace weir::load {

std::string_view to_string(Failure failure) {
  constexpr std::string_view names[failure_kinds] = {"connect",   "timed_out",  "reset", "closed",
                                                     "malformed", "unfinished", "other"};
  return names[static_cast<size_t>(failure)];
}

void LoadTotals::add(const LoadCounts& counts) {
  requests_total += counts.requests_total.read();
  answered_total += counts.answered_total.read();
  requests += counts.requests.read();
  missed += counts.missed.read();
  waited += counts.waited.read();
  late += counts.late.read();
  answered_in_time += counts.answered_in_time.read();
  bytes_received += counts.bytes_received.read();
  bytes_sent += counts.bytes_sent.read();
  connections += counts.connections.read();
  for (size_t i = 0; i < by_class.size(); ++i)
    by_class[i] += counts.by_class[i].read();
  for (size_t i = 0; i < failures.size(); ++i)
    failures[i] += counts.failures[i].read();
  counts.latency.read(latency);
  counts.lag.read(lag);
}

uint64_t LoadTotals::answered() const {
  return std::accumulate(by_class.begin(), by_class.end(), uint64_t{0});
}

uint64_t LoadTotals::failed() const {
  return std::accumulate(failures.begin(), failures.end(), uint64_t{0});
}

}  // namespace weir::load
