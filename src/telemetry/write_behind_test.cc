#include "telemetry/write_behind.h"

#include <algorithm>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>

namespace weir::telemetry {
namespace {

constexpr int64_t stretch = WriteBehind::stretch_bytes;
constexpr int64_t kept = WriteBehind::kept_bytes;

// A file without a name, which only grows.
class GrowingFile {
 public:
  GrowingFile() : fd_(::mkstemp(path_.data())) {
    REQUIRE(fd_ >= 0);
    ::unlink(path_.c_str());
  }
  ~GrowingFile() { ::close(fd_); }

  int fd() const { return fd_; }
  int64_t size() const { return size_; }

  // On the disk when it returns, and still in memory.
  void grow(int64_t bytes) {
    const std::string text(static_cast<size_t>(bytes), 'x');
    REQUIRE(::write(fd_, text.data(), text.size()) == bytes);
    REQUIRE(::fdatasync(fd_) == 0);
    size_ += bytes;
  }

  int64_t bytes_in_memory() const {
    const auto page = ::sysconf(_SC_PAGESIZE);
    const auto size = static_cast<size_t>(size_);
    void* const map = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd_, 0);
    REQUIRE(map != MAP_FAILED);
    std::vector<unsigned char> pages(size / static_cast<size_t>(page));
    REQUIRE(::mincore(map, size, pages.data()) == 0);
    ::munmap(map, size);
    return std::count_if(pages.begin(), pages.end(), [](unsigned char p) { return (p & 1) != 0; }) *
           page;
  }

 private:
  std::string path_ = "/tmp/weir-write-behind-XXXXXX";
  int fd_;
  int64_t size_ = 0;
};

// Not so where files live in memory.
bool file_system_gives_pages_back() {
  GrowingFile file;
  file.grow(stretch);
  ::posix_fadvise(file.fd(), 0, stretch, POSIX_FADV_DONTNEED);
  return file.bytes_in_memory() == 0;
}

bool comes_down_to(const GrowingFile& file, int64_t bytes) {
  for (int i = 0; i < 1000 && file.bytes_in_memory() > bytes; ++i)
    std::this_thread::sleep_for(milliseconds(10));
  return file.bytes_in_memory() <= bytes;
}

// A page that is in use at the moment is not given back: hence some more than is kept.
void check_that_memory_stays_bounded(GrowingFile& file, WriteBehind& behind) {
  const int64_t most = kept + 4 * stretch;
  while (file.size() < most + 4 * stretch) {
    file.grow(stretch);
    behind.grown(file.size());
    REQUIRE(comes_down_to(file, most));
  }
}

}  // namespace

TEST_CASE("of a file that grows, what was written last stays in memory, and not the rest") {
  if (!file_system_gives_pages_back()) {
    MESSAGE("skipped: the files of /tmp live in memory");
    return;
  }
  WriteBehind behind;
  GrowingFile file;
  behind.follow(file.fd(), 0);
  check_that_memory_stays_bounded(file, behind);
  CHECK(file.bytes_in_memory() >= kept - stretch);
  CHECK(behind.cpu_time() > Duration(0));

  SUBCASE("and so it is for the file that is followed after it") {
    GrowingFile next;
    behind.follow(next.fd(), 0);
    check_that_memory_stays_bounded(next, behind);
  }
}

TEST_CASE("what follows nothing, or a file that does not grow, ends") {
  const WriteBehind nothing;
  WriteBehind behind;
  const GrowingFile file;
  behind.follow(file.fd(), 0);
  behind.follow(file.fd(), 0);
  behind.grown(stretch - 1);
  CHECK(behind.cpu_time() == Duration(0));
}

}  // namespace weir::telemetry
