#include "telemetry/log_events.h"

namespace weir::telemetry {

void LogEvents::peek(uint64_t records_max, Batch& batch) {
  batch.records.clear();
  batch.end = queue_.consumed();
  while (batch.records.size() < records_max) {
    std::string_view run = queue_.from(batch.end);
    if (run.empty()) return;
    while (!run.empty() && batch.records.size() < records_max) {
      const LogView record(run.data());
      batch.records.push_back(record);
      batch.end += record.header().bytes;
      run.remove_prefix(record.header().bytes);
    }
  }
}

void LogEvents::settle(const Batch& batch, uint64_t count, uint64_t failed) {
  Batch settled;
  peek(count, settled);
  WEIR_ASSERT(settled.records.size() == count && settled.end <= batch.end);
  queue_.consume_to(settled.end);
  add(exported_, count - failed);
  add(failed_, failed);
}

}  // namespace weir::telemetry
