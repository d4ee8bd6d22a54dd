#include "telemetry/log_events.h"

namespace weir::telemetry {

template <class Visit>
uint64_t LogEvents::walk(uint64_t records_max, Visit visit) const {
  uint64_t end = queue_.consumed();
  for (uint64_t count = 0; count < records_max;) {
    std::string_view run = queue_.from(end);
    if (run.empty()) break;
    for (; !run.empty() && count < records_max; ++count) {
      // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): a record knows its size
      const LogView record(run.data());
      visit(record);
      end += record.header().bytes;
      run.remove_prefix(record.header().bytes);
    }
  }
  return end;
}

void LogEvents::peek(uint64_t records_max, Batch& batch) {
  batch.records.clear();
  batch.end = walk(records_max, [&](const LogView& record) { batch.records.push_back(record); });
}

void LogEvents::settle(const Batch& batch, uint64_t count, uint64_t failed) {
  WEIR_ASSERT(count <= batch.records.size());
  const bool all = count == batch.records.size();
  queue_.consume_to(all ? batch.end : walk(count, [](const LogView&) {}));
  add(exported_, count - failed);
  add(failed_, failed);
}

}  // namespace weir::telemetry
