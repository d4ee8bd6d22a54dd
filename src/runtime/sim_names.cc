#include "runtime/sim_names.h"

#include <algorithm>

namespace weir::runtime {

std::string SimNames::parent(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

const uint64_t* SimNames::find(const std::string& path) const {
  const auto found = now_.find(path);
  return found == now_.end() ? nullptr : &found->second;
}

bool SimNames::is_directory(const std::string& path) const {
  if (path.empty() || path == "/") return true;
  const uint64_t* id = find(path);
  return id && *id == directory;
}

bool SimNames::has_parent(const std::string& path) const {
  return is_directory(parent(path));
}

void SimNames::apply(Map& names, const Change& change) {
  if (!change.from.empty()) names.erase(change.from);
  if (!change.to.empty()) names[change.to] = change.id;
}

void SimNames::change(Change change) {
  apply(now_, change);
  unsynced_.push_back(std::move(change));
}

void SimNames::rename(const std::string& from, const std::string& to) {
  const uint64_t id = *find(from);
  change({from, to, id});
}

void SimNames::sync(const std::string& directory_path) {
  const auto is_in = [&](const Change& change) {
    return parent(change.to.empty() ? change.from : change.to) ==
           (directory_path == "/" ? "" : directory_path);
  };
  for (const Change& change : unsynced_)
    if (is_in(change)) apply(durable_, change);
  std::erase_if(unsynced_, is_in);
}

void SimNames::lose(SimSchedule& schedule) {
  const size_t kept = schedule.random().below(unsynced_.size() + 1);
  for (size_t i = 0; i < kept; ++i)
    apply(durable_, unsynced_[i]);
  unsynced_.clear();
  now_ = durable_;
  // In the order of the paths, so a directory comes before what is in it.
  for (auto at = now_.begin(); at != now_.end();)
    at = has_parent(at->first) ? std::next(at) : now_.erase(at);
  durable_ = now_;
}

bool SimNames::reachable(uint64_t id) const {
  const auto has = [&](const Map& names) {
    return std::ranges::any_of(names, [&](const auto& entry) { return entry.second == id; });
  };
  return has(now_) || has(durable_) ||
         std::ranges::any_of(unsynced_, [&](const Change& change) { return change.id == id; });
}

}  // namespace weir::runtime
