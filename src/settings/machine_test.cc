#include "settings/machine.h"

#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <doctest/doctest.h>

#include "base/units.h"

namespace weir::settings {
namespace {

// A file system of its own, removed at the end.
class FakeRoot {
 public:
  FakeRoot() : path_("/tmp/weir_machine_test_" + std::to_string(getpid())) {
    std::filesystem::remove_all(path_);
    write("proc/meminfo", "MemTotal:       16777216 kB\nMemFree:        1 kB\n");
  }
  FakeRoot(const FakeRoot&) = delete;
  FakeRoot& operator=(const FakeRoot&) = delete;
  ~FakeRoot() { std::filesystem::remove_all(path_); }

  void write(const std::string& file, const std::string& text) const {
    const std::filesystem::path full = path_ + "/" + file;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full) << text;
  }
  Machine machine(std::vector<unsigned> affinity = {0, 1, 2, 3}) const {
    return read_machine(path_, std::move(affinity));
  }

 private:
  std::string path_;
};

}  // namespace

TEST_CASE("without control groups a process has every core of its affinity and all memory") {
  const FakeRoot root;
  const Machine machine = root.machine();
  CHECK(!machine.cpu_quota);
  CHECK(!machine.memory_limit_bytes);
  const auto made = plan(machine, "");
  REQUIRE(made);
  CHECK(made->shards == 4);
  CHECK(made->cores == std::vector<unsigned>{0, 1, 2, 3});
  CHECK(made->memory_bytes == 16 * GiB);
}

TEST_CASE("a quota of v2 rounds up to whole shards, which are then not pinned") {
  const FakeRoot root;
  root.write("proc/self/cgroup", "0::/kubepods/pod1\n");
  root.write("sys/fs/cgroup/kubepods/pod1/cpu.max", "150000 100000\n");
  root.write("sys/fs/cgroup/kubepods/pod1/memory.max", "1073741824\n");
  const Machine machine = root.machine();
  CHECK(machine.cpu_quota == 1.5);
  const auto made = plan(machine, "");
  CHECK(made->shards == 2);
  CHECK(made->cores.empty());
  CHECK(made->memory_bytes == GiB);
}

TEST_CASE("the smallest limit between our group and the top counts") {
  const FakeRoot root;
  root.write("proc/self/cgroup", "0::/a/b\n");
  root.write("sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
  root.write("sys/fs/cgroup/a/cpu.max", "50000 100000\n");
  root.write("sys/fs/cgroup/cpu.max", "300000 100000\n");
  root.write("sys/fs/cgroup/a/b/memory.max", "max\n");
  root.write("sys/fs/cgroup/a/memory.max", "2147483648\n");
  const Machine machine = root.machine();
  CHECK(machine.cpu_quota == 0.5);
  CHECK(plan(machine, "")->shards == 1);
  CHECK(machine.memory_limit_bytes == 2 * GiB);
}

TEST_CASE("inside a container the group's folder is the mount itself") {
  const FakeRoot root;
  root.write("proc/self/cgroup", "0::/\n");
  root.write("sys/fs/cgroup/cpu.max", "200000 100000\n");
  CHECK(root.machine().cpu_quota == 2.0);
  root.write("proc/self/cgroup", "0::/../outside\n");
  CHECK(root.machine().cpu_quota == 2.0);
}

TEST_CASE("limits of v1 count, and its number for none does not") {
  const FakeRoot root;
  root.write("proc/self/cgroup", "4:memory:/x\n3:cpu,cpuacct:/x\n1:name=systemd:/\n0::/\n");
  root.write("sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us", "250000\n");
  root.write("sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us", "100000\n");
  root.write("sys/fs/cgroup/memory/x/memory.limit_in_bytes", "9223372036854771712\n");
  CHECK(root.machine().cpu_quota == 2.5);
  CHECK(!root.machine().memory_limit_bytes);
  root.write("sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us", "-1\n");
  root.write("sys/fs/cgroup/memory/x/memory.limit_in_bytes", "536870912\n");
  CHECK(!root.machine().cpu_quota);
  CHECK(root.machine().memory_limit_bytes == 512 * MiB);
}

TEST_CASE("v2 beside v1 is read from its own mount") {
  const FakeRoot root;
  root.write("proc/self/cgroup", "1:cpu:/\n0::/x\n");
  root.write("sys/fs/cgroup/unified/x/cpu.max", "100000 100000\n");
  CHECK(root.machine().cpu_quota == 1.0);
}

TEST_CASE("strange files are no limit") {
  const FakeRoot root;
  root.write("proc/self/cgroup", "nonsense\n0::/\n::\n");
  root.write("proc/meminfo", "");
  for (const char* text : {"", "max", "0 100000", "100000 0", "-5 100000", "a b", "1 2 3"}) {
    root.write("sys/fs/cgroup/cpu.max", text);
    CHECK_MESSAGE(!root.machine().cpu_quota, text);
  }
  CHECK(plan(root.machine(), "")->memory_bytes == 0);
}

TEST_CASE("a quota above affinity leaves one pinned shard a core") {
  Machine machine;
  machine.cores = {4, 5};
  machine.cpu_quota = 8;
  CHECK(plan(machine, "")->shards == 2);
  CHECK(plan(machine, "")->cores == std::vector<unsigned>{4, 5});
}

TEST_CASE("a list of cores makes as many shards, pinned, and must be allowed") {
  Machine machine;
  machine.cores = {0, 1, 2, 6};
  machine.cpu_quota = 1;
  const auto made = plan(machine, "6,0-1");
  REQUIRE(made);
  CHECK(made->shards == 3);
  CHECK(made->cores == std::vector<unsigned>{0, 1, 6});
  CHECK(plan(machine, "3").error() == "core 3 may not be used; allowed are 0-2,6");
}

TEST_CASE("lists of cores are read strictly") {
  CHECK(parse_cores("0-3,6") == std::vector<unsigned>{0, 1, 2, 3, 6});
  CHECK(parse_cores("2,2,1-2") == std::vector<unsigned>{1, 2});
  CHECK(parse_cores("1023")->size() == 1);
  for (const char* text : {"", ",", "1,", "a", "1-", "-1", "1--2", " 1", "1;2"})
    CHECK_MESSAGE(parse_cores(text).error().find("write 0-3,6") != std::string::npos, text);
  CHECK(parse_cores("3-1").error() == "\"3-1\" runs backwards");
  CHECK(parse_cores("0-4000000000").error() == "\"0-4000000000\": cores are below 1024");
}

TEST_CASE("this process may run on at least one core") {
  CHECK(!read_affinity().empty());
  CHECK(plan(read_machine("/", read_affinity()), "")->shards >= 1);
}

}  // namespace weir::settings
