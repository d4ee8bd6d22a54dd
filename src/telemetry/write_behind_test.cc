#include "telemetry/write_behind.h"

#include <filesystem>

#include "telemetry/page_cache_test_kit.h"

namespace weir::telemetry {
namespace {

constexpr int64_t stretch = WriteBehind::stretch_bytes;
constexpr int64_t kept = WriteBehind::kept_bytes;

// A file without a name.
class GrowingFile {
 public:
  GrowingFile() : fd_(::mkstemp(path_.data())) {
    REQUIRE(fd_ >= 0);
    ::unlink(path_.c_str());
  }
  ~GrowingFile() { ::close(fd_); }
  GrowingFile(const GrowingFile&) = delete;
  GrowingFile& operator=(const GrowingFile&) = delete;

  int fd() const { return fd_; }
  int64_t size() const { return size_; }

  // On the disk when it returns, and still in memory.
  void grow(int64_t bytes) {
    const std::string text(static_cast<size_t>(bytes), 'x');
    REQUIRE(::write(fd_, text.data(), text.size()) == bytes);
    REQUIRE(::fdatasync(fd_) == 0);
    size_ += bytes;
  }
  void truncate() {
    REQUIRE(::ftruncate(fd_, 0) == 0);
    REQUIRE(::lseek(fd_, 0, SEEK_SET) == 0);
    size_ = 0;
  }
  // How many descriptors of this process are of this file.
  int descriptors() const {
    const std::string name = path_ + " (deleted)";
    int found = 0;
    std::error_code closed_meanwhile;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
      found += std::filesystem::read_symlink(entry, closed_meanwhile) == name;
    return found;
  }

 private:
  std::string path_ = "/tmp/weir-write-behind-XXXXXX";
  int fd_;
  int64_t size_ = 0;
};

void check_that_memory_stays_bounded(GrowingFile& file, WriteBehind& behind) {
  while (file.size() < resident_bytes_max + 4 * stretch) {
    file.grow(stretch);
    behind.grown(file.size());
    REQUIRE(comes_down_to(file.fd(), resident_bytes_max));
  }
}

bool comes_down_to_one_descriptor(const GrowingFile& file) {
  for (int i = 0; i < 1000 && file.descriptors() > 1; ++i)
    std::this_thread::sleep_for(milliseconds(10));
  return file.descriptors() == 1;
}

}  // namespace

TEST_CASE("of a file that grows, what was written last stays in memory, and not the rest") {
  if (!pages_can_be_given_back()) return;
  WriteBehind behind;
  GrowingFile file;
  behind.follow(file.fd(), 0);
  check_that_memory_stays_bounded(file, behind);
  CHECK(resident_bytes(file.fd()) >= kept - stretch);
  CHECK(behind.cpu_time() > Duration(0));

  SUBCASE("and so it is for the file that is followed after it") {
    GrowingFile next;
    behind.follow(next.fd(), 0);
    check_that_memory_stays_bounded(next, behind);
  }
  SUBCASE("and so it is once it was truncated") {
    file.truncate();
    check_that_memory_stays_bounded(file, behind);
  }
}

TEST_CASE("a file that was there before leaves no page behind at each stretch") {
  if (!pages_can_be_given_back()) return;
  constexpr int64_t before = 123'457;
  GrowingFile file;
  file.grow(before);
  WriteBehind behind;
  behind.follow(file.fd(), file.size());
  check_that_memory_stays_bounded(file, behind);
  const std::vector<bool> pages = resident_pages(file.fd());
  int left = 0, given_back = 0;
  for (int64_t at = before + stretch; at < file.size() - kept - stretch; at += stretch)
    ++(pages[static_cast<size_t>(at / ::sysconf(_SC_PAGESIZE))] ? left : given_back);
  CHECK(left <= given_back);
}

TEST_CASE("a file that is no longer followed is closed, even when the next one does not grow") {
  const GrowingFile file;
  WriteBehind behind;
  behind.follow(file.fd(), 0);
  SUBCASE("for another one") {
    const GrowingFile next;
    behind.follow(next.fd(), 0);
    CHECK(comes_down_to_one_descriptor(file));
    CHECK(next.descriptors() == 2);
  }
  SUBCASE("for none") {
    behind.follow(-1, 0);
    CHECK(comes_down_to_one_descriptor(file));
  }
}

TEST_CASE("what never follows anything ends") {
  WriteBehind behind;
  behind.follow(-1, 0);
  behind.grown(stretch);
}

}  // namespace weir::telemetry
