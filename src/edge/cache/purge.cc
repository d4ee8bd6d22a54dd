#include "edge/cache/purge.h"

#include <algorithm>

namespace weir::edge::cache {
namespace {

bool concerns(const PurgeRequest& purge, std::string_view key,
              std::span<const std::string_view> tags, bool tags_known) {
  switch (purge.by) {
    case PurgeBy::key:
      return key == purge.text;
    case PurgeBy::prefix:
      return key.starts_with(purge.text);
    case PurgeBy::tag:
      return !tags_known || std::ranges::find(tags, std::string_view(purge.text)) != tags.end();
  }
  return true;
}

}  // namespace

uint64_t PurgeLog::add(const PurgeRequest& request) {
  entries_.push_back({++number_, request});
  if (entries_.size() > purges_max) entries_.pop_front();
  return number_;
}

PurgeVerdict PurgeLog::verdict(Begun begun, std::string_view key,
                               std::span<const std::string_view> tags, bool tags_known) const {
  if (begun.since == number_) return PurgeVerdict::untouched;
  // What was forgotten may have concerned it.
  if (entries_.front().number > begun.since + 1) return PurgeVerdict::removed;
  PurgeVerdict verdict = PurgeVerdict::untouched;
  for (const Entry& entry : entries_) {
    if (entry.number <= begun.since || !concerns(entry.request, key, tags, tags_known)) continue;
    if (begun.cause != 0 && entry.request.cause == begun.cause) continue;
    if (!entry.request.soft) return PurgeVerdict::removed;
    verdict = PurgeVerdict::stale;
  }
  return verdict;
}

}  // namespace weir::edge::cache
