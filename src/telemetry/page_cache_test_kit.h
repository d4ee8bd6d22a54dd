#pragma once
// How much of a file lies in memory, for tests of what should not stay there.

#include <algorithm>
#include <cstdint>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>

#include "telemetry/write_behind.h"

namespace weir::telemetry {

// What may stay of a file that WriteBehind follows. A page that is in use at the moment is not
// given back: hence some more than is kept.
inline constexpr int64_t resident_bytes_max =
    WriteBehind::kept_bytes + 4 * WriteBehind::stretch_bytes;

// Page by page.
inline std::vector<bool> resident_pages(int fd) {
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  struct stat status{};
  REQUIRE(::fstat(fd, &status) == 0);
  const auto size = static_cast<size_t>(status.st_size);
  if (size == 0) return {};
  void* const map = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  REQUIRE(map != MAP_FAILED);
  std::vector<unsigned char> states((size + page - 1) / page);
  REQUIRE(::mincore(map, size, states.data()) == 0);
  ::munmap(map, size);
  std::vector<bool> resident;
  for (const unsigned char state : states)
    resident.push_back((state & 1) != 0);
  return resident;
}

inline int64_t resident_bytes(int fd) {
  const std::vector<bool> pages = resident_pages(fd);
  return std::count(pages.begin(), pages.end(), true) * ::sysconf(_SC_PAGESIZE);
}

// Whether it does within ten seconds.
inline bool comes_down_to(int fd, int64_t bytes) {
  for (int i = 0; i < 1000 && resident_bytes(fd) > bytes; ++i)
    std::this_thread::sleep_for(milliseconds(10));  // allow(sleep): a test, and no shard
  return resident_bytes(fd) <= bytes;
}

// Not so where the files of /tmp live in memory; the test says that it was skipped.
inline bool pages_can_be_given_back() {
  std::string path = "/tmp/weir-page-cache-XXXXXX";
  const int fd = ::mkstemp(path.data());
  REQUIRE(fd >= 0);
  ::unlink(path.c_str());
  REQUIRE(::write(fd, path.data(), path.size()) > 0);
  ::fdatasync(fd);
  ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  const bool gone = resident_bytes(fd) == 0;
  ::close(fd);
  if (!gone) MESSAGE("skipped: the files of /tmp live in memory");
  return gone;
}

}  // namespace weir::telemetry
