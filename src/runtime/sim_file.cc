#include "runtime/sim_file.h"

#include <algorithm>

namespace weir::runtime {

void SimFile::apply(std::string& content, const Change& change) {
  if (change.resizes) return content.resize(change.offset, '\0');
  content.resize(std::max<size_t>(content.size(), change.offset + change.bytes.size()), '\0');
  content.replace(change.offset, change.bytes.size(), change.bytes);
}

void SimFile::apply_torn(std::string& content, const Change& change, SimSchedule& schedule) {
  if (change.durable) return apply(content, change);
  const uint64_t fate = schedule.random().below(3);
  if (fate == 0) return;
  if (fate == 1 || change.resizes) return apply(content, change);
  const uint64_t end = change.offset + change.bytes.size();
  for (uint64_t from = change.offset; from < end;) {
    const uint64_t to = std::min(end, (from / sector_bytes + 1) * sector_bytes);
    if (schedule.random().below(2) == 0)
      apply(content, {0, false, false, from, change.bytes.substr(from - change.offset, to - from)});
    from = to;
  }
}

void SimFile::write(uint64_t change, uint64_t offset, std::string_view bytes, bool durable) {
  apply(now_, unsynced_.emplace_back(change, false, durable, offset, std::string(bytes)));
  if (unsynced_.front().durable) sync(unsynced_.front().number + 1);
}

void SimFile::resize(uint64_t change, uint64_t size) {
  apply(now_, unsynced_.emplace_back(change, true, false, size, std::string()));
}

void SimFile::sync(uint64_t below) {
  for (const Change& change : unsynced_)
    if (change.number < below) apply(durable_, change);
  std::erase_if(unsynced_, [&](const Change& change) { return change.number < below; });
}

void SimFile::fail_sync(uint64_t below, SimSchedule& schedule) {
  for (const Change& change : unsynced_)
    if (change.number < below) apply_torn(durable_, change, schedule);
  std::erase_if(unsynced_, [&](const Change& change) { return change.number < below; });
}

void SimFile::tear(uint64_t offset, std::string_view bytes, SimSchedule& schedule) {
  apply_torn(durable_, {0, false, false, offset, std::string(bytes)}, schedule);
  now_ = durable_;
}

void SimFile::lose(SimSchedule& schedule) {
  for (const Change& change : unsynced_)
    apply_torn(durable_, change, schedule);
  unsynced_.clear();
  now_ = durable_;
}

void SimFile::overwrite(uint64_t offset, std::string_view bytes) {
  const Change change{0, false, false, offset, std::string(bytes)};
  apply(now_, change);
  apply(durable_, change);
}

}  // namespace weir::runtime
