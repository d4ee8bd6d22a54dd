#include "runtime/sim_disk.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>

namespace weir::runtime {

void SimDisk::start(FileOperation& operation) {
  operation.ticket = next_ticket_++;
  pending_.emplace(operation.ticket, Pending{&operation, next_change_, off_});
  Duration late = faults_.latency_min + schedule_.up_to(faults_.latency_spread);
  if (schedule_.chance(faults_.slow_chance)) late += schedule_.up_to(faults_.slow_spread);
  schedule_.add(schedule_.now() + late, *this, 0, operation.ticket);
}

void SimDisk::forget(FileOperation& operation) {
  if (pending_.erase(operation.ticket) > 0 && operation.request.action == FileAction::close)
    (void)close(operation.request.fd);
}

void SimDisk::on_event(uint32_t, uint64_t id) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;
  Pending pending = found->second;
  pending_.erase(found);
  const FileAction action = pending.operation->request.action;
  const int64_t result = pending.dead || off_ ? -EIO : act(pending);
  schedule_.trace(SimTrace::disk, static_cast<uint64_t>(action), static_cast<uint64_t>(result));
  pending.operation->answer(result);
}

int64_t SimDisk::act(Pending& pending) {
  FileRequest& request = pending.operation->request;
  const uint64_t* id = names_.find(request.path);
  switch (request.action) {
    case FileAction::open:
      return open(request);
    case FileAction::close:
      return close(request.fd);
    case FileAction::rename:
      if (!id || !names_.has_parent(request.to)) return -ENOENT;
      names_.rename(request.path, request.to);
      drop_unreachable();
      return 0;
    case FileAction::remove:
      if (!id) return -ENOENT;
      if (*id == SimNames::directory) return -EISDIR;
      names_.remove(request.path);
      drop_unreachable();
      return 0;
    case FileAction::make_directory:
      if (id) return -EEXIST;
      if (!names_.has_parent(request.path)) return -ENOENT;
      names_.put(request.path, SimNames::directory);
      return 0;
    case FileAction::sync_directory:
      if (!names_.is_directory(request.path)) return -ENOENT;
      names_.sync(request.path);
      drop_unreachable();
      return 0;
    case FileAction::list:
      return list(request);
    default:
      return on_file(pending);
  }
}

int64_t SimDisk::on_file(Pending& pending) {
  FileRequest& request = pending.operation->request;
  SimFile* file = file_of(request);
  if (!file) return -EBADF;
  switch (request.action) {
    case FileAction::read:
      return read(*file, request);
    case FileAction::write:
      return write(*file, request);
    case FileAction::sync:
      return sync(*file, pending.synced_below);
    case FileAction::allocate:
      return resize(*file,
                    std::max<uint64_t>(file->bytes().size(), request.offset + request.bytes));
    case FileAction::truncate:
      return resize(*file, request.bytes);
    case FileAction::lock:
      return lock(request.fd);
    default:
      return static_cast<int64_t>(file->bytes().size());
  }
}

int64_t SimDisk::open(const FileRequest& request) {
  const uint64_t* id = names_.find(request.path);
  if (id && *id == SimNames::directory) return -EISDIR;
  if (id && (request.flags & O_EXCL)) return -EEXIST;
  if (!id && (!(request.flags & O_CREAT) || !names_.has_parent(request.path))) return -ENOENT;
  if (!id) {
    names_.put(request.path, next_file_);
    files_.emplace(next_file_++, SimFile());
    id = names_.find(request.path);
  } else if (request.flags & O_TRUNC) {
    files_.at(*id).resize(next_change_++, 0);
  }
  open_.emplace(next_fd_, *id);
  return next_fd_++;
}

int64_t SimDisk::close(int fd) {
  const auto found = open_.find(fd);
  if (found == open_.end()) return -EBADF;
  std::erase_if(locks_, [&](const auto& entry) { return entry.second == fd; });
  open_.erase(found);
  drop_unreachable();
  return 0;
}

uint64_t SimDisk::part_of(uint64_t bytes) {
  const uint64_t blocks = bytes / direct_alignment;
  if (blocks < 2 || !schedule_.chance(faults_.short_chance)) return bytes;
  return (1 + schedule_.random().below(blocks - 1)) * direct_alignment;
}

int64_t SimDisk::read(SimFile& file, FileRequest& request) {
  if (schedule_.chance(faults_.read_error_chance)) {
    fault(request.action, request.offset);
    return -EIO;
  }
  if (request.offset >= file.bytes().size()) return 0;
  const uint64_t there = std::min<uint64_t>(request.bytes, file.bytes().size() - request.offset);
  const uint64_t bytes = part_of(there);
  if (schedule_.chance(faults_.rot_chance)) {
    const uint64_t at = request.offset + schedule_.random().below(bytes);
    const char turned = static_cast<char>(file.bytes()[at] ^ (1 << schedule_.random().below(8)));
    file.overwrite(at, {&turned, 1});
    fault(request.action, at);
  }
  std::memcpy(request.memory(), file.bytes().data() + request.offset, bytes);
  return static_cast<int64_t>(bytes);
}

int64_t SimDisk::write(SimFile& file, const FileRequest& request) {
  const std::string_view all(request.buffer.data() + request.buffer_at, request.bytes);
  const uint64_t end = request.offset + all.size();
  if (end > file.bytes().size() && !fits(end - file.bytes().size())) return -ENOSPC;
  if (schedule_.chance(faults_.write_error_chance)) {
    fault(request.action, request.offset);
    const std::string_view some = all.substr(0, part_of(all.size()));
    if (schedule_.random().below(2) == 0) file.write(next_change_++, request.offset, some, false);
    return -EIO;
  }
  const std::string_view part = all.substr(0, part_of(all.size()));
  if (schedule_.chance(faults_.lost_write_chance)) {
    fault(request.action, request.offset);
    if (end > file.bytes().size()) file.resize(next_change_++, end);
    return static_cast<int64_t>(part.size());
  }
  file.write(next_change_++, request.offset, part, request.durable);
  return static_cast<int64_t>(part.size());
}

int64_t SimDisk::sync(SimFile& file, uint64_t below) {
  if (schedule_.chance(faults_.sync_error_chance)) {
    fault(FileAction::sync, below);
    file.fail_sync(below, schedule_);
    return -EIO;
  }
  file.sync(below);
  return 0;
}

int64_t SimDisk::resize(SimFile& file, uint64_t bytes) {
  if (bytes > file.bytes().size() && !fits(bytes - file.bytes().size())) return -ENOSPC;
  if (bytes != file.bytes().size()) file.resize(next_change_++, bytes);
  return 0;
}

int64_t SimDisk::lock(int fd) {
  const auto [holder, taken] = locks_.emplace(open_.at(fd), fd);
  return taken || holder->second == fd ? 0 : -EWOULDBLOCK;
}

int64_t SimDisk::list(FileRequest& request) {
  if (!names_.is_directory(request.path)) return -ENOENT;
  const std::string prefix = request.path + '/';
  for (const auto& [path, id] : names_.now()) {
    if (!path.starts_with(prefix) || path.find('/', prefix.size()) != std::string::npos) continue;
    if (request.entries.size() == request.entries_max) return -EOVERFLOW;
    request.entries.push_back(path.substr(prefix.size()));
  }
  return 0;
}

void SimDisk::cut_power() {
  schedule_.trace(SimTrace::disk_fault, 0);
  for (auto& [id, file] : files_)
    file.lose(schedule_);
  for (auto& [ticket, pending] : pending_) {
    const FileRequest& request = pending.operation->request;
    SimFile* file = pending.dead ? nullptr : file_of(request);
    pending.dead = true;
    if (file && request.action == FileAction::write)
      file->tear(request.offset, {request.buffer.data() + request.buffer_at, request.bytes},
                 schedule_);
  }
  names_.lose(schedule_);
  open_.clear();
  locks_.clear();
  drop_unreachable();
  off_ = true;
}

void SimDisk::kill() {
  schedule_.trace(SimTrace::disk_fault, 1);
  for (auto& [ticket, pending] : pending_) {
    if (!pending.dead && schedule_.random().below(2) == 0) act(pending);
    pending.dead = true;
  }
  open_.clear();
  locks_.clear();
  drop_unreachable();
  off_ = true;
}

SimFile* SimDisk::file_of(const FileRequest& request) {
  const auto found = open_.find(request.fd);
  return found == open_.end() ? nullptr : &files_.at(found->second);
}

bool SimDisk::in_use(uint64_t id) const {
  const auto is = [&](const auto& entry) { return entry.second == id; };
  return std::ranges::any_of(names_.now(), is) || std::ranges::any_of(open_, is);
}

void SimDisk::drop_unreachable() {
  std::erase_if(files_, [&](const auto& entry) {
    const uint64_t id = entry.first;
    return !names_.reachable(id) &&
           std::ranges::none_of(open_, [&](const auto& opened) { return opened.second == id; });
  });
}

bool SimDisk::fits(uint64_t more) const {
  return faults_.capacity_bytes == 0 || used_bytes() + more <= faults_.capacity_bytes;
}

uint64_t SimDisk::used_bytes() const {
  uint64_t used = 0;
  for (const auto& [id, file] : files_)
    if (in_use(id)) used += file.bytes().size();
  return used;
}

std::optional<std::string> SimDisk::contents(const std::string& path) const {
  const uint64_t* id = names_.find(path);
  if (!id || *id == SimNames::directory) return std::nullopt;
  return files_.at(*id).bytes();
}

bool SimDisk::overwrite(const std::string& path, uint64_t offset, std::string_view bytes) {
  const uint64_t* id = names_.find(path);
  if (!id || *id == SimNames::directory) return false;
  files_.at(*id).overwrite(offset, bytes);
  return true;
}

std::vector<std::string> SimDisk::files() const {
  std::vector<std::string> paths;
  for (const auto& [path, id] : names_.now())
    if (id != SimNames::directory) paths.push_back(path);
  return paths;
}

void SimDisk::fault(FileAction what, uint64_t detail) {
  schedule_.trace(SimTrace::disk_fault, static_cast<uint64_t>(what) + 2, detail);
}

}  // namespace weir::runtime
