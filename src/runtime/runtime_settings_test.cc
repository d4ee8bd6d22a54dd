#include "runtime/runtime_settings.h"

#include <doctest/doctest.h>

#include "base/units.h"
#include "settings/load.h"

namespace weir::runtime {
namespace {

settings::Machine machine_with(std::vector<unsigned> cores) {
  settings::Machine machine;
  machine.cores = std::move(cores);
  machine.memory_bytes = 8 * GiB;
  return machine;
}

}  // namespace

TEST_CASE("one pinned shard runs on each core that may be used") {
  const auto plan = plan_threads(settings::defaults(runtime_settings()), machine_with({0, 2, 3}));
  REQUIRE(plan.has_value());
  CHECK(plan->threads.cores == std::vector<int>{0, 2, 3});
  CHECK(plan->threads.pin);
  CHECK(plan->memory_bytes == 8 * GiB);
}

TEST_CASE("a list of cores narrows the shards, and a core that may not be used is an error") {
  RuntimeSettings settings = settings::defaults(runtime_settings());
  settings.cores = "2";
  CHECK(plan_threads(settings, machine_with({0, 2}))->threads.cores == std::vector<int>{2});
  settings.cores = "1";
  const auto refused = plan_threads(settings, machine_with({0, 2}));
  REQUIRE(!refused.has_value());
  CHECK(refused.error().find("--cores") != std::string::npos);
  CHECK(refused.error().find("core 1") != std::string::npos);
}

TEST_CASE("a congestion control that the kernel does not have is an error that names the setting") {
  RuntimeSettings settings = settings::defaults(runtime_settings());
  const auto any = [](const std::string&) { return true; };
  CHECK(
      plan_threads(settings, machine_with({0}), any)->threads.reactor.loopback_congestion_control ==
      "reno");
  settings.loopback_congestion_control = "no_such";
  const auto refused = plan_threads(settings, machine_with({0}));
  REQUIRE(!refused.has_value());
  CHECK(refused.error().find("runtime.loopback_congestion_control") != std::string::npos);
  CHECK(refused.error().find("no_such") != std::string::npos);
  settings.loopback_congestion_control.clear();
  CHECK(plan_threads(settings, machine_with({0})).has_value());
}

TEST_CASE("where not even the default congestion control may be used, the system's is") {
  RuntimeSettings settings = settings::defaults(runtime_settings());
  const auto none = [](const std::string&) { return false; };
  const auto plan = plan_threads(settings, machine_with({0}), none);
  REQUIRE(plan.has_value());
  CHECK(plan->threads.reactor.loopback_congestion_control.empty());
  settings.loopback_congestion_control = "bbr";
  CHECK(!plan_threads(settings, machine_with({0}), none).has_value());
}

TEST_CASE("more shards than cores share them and are not pinned") {
  RuntimeSettings settings = settings::defaults(runtime_settings());
  settings.shards = 3;
  const auto plan = plan_threads(settings, machine_with({0, 1}));
  REQUIRE(plan.has_value());
  CHECK(plan->threads.cores == std::vector<int>{0, 1, 0});
  CHECK(!plan->threads.pin);
}

TEST_CASE("under a quota shards are counted by it and not pinned") {
  settings::Machine machine = machine_with({0, 1, 2, 3});
  machine.cpu_quota = 1.5;
  const auto plan = plan_threads(settings::defaults(runtime_settings()), machine);
  REQUIRE(plan.has_value());
  CHECK(plan->threads.cores.size() == 2);
  CHECK(!plan->threads.pin);
}

TEST_CASE("receive buffers follow the memory unless they are set") {
  RuntimeSettings settings = settings::defaults(runtime_settings());
  settings.recv_buffer_bytes = 16 << 10;
  CHECK(plan_threads(settings, machine_with({0}))->threads.reactor.recv_buffers == 512);
  CHECK(plan_threads(settings, machine_with({0}))->threads.reactor.bulk_buffers == 32);
  settings.memory_bytes = 64 * MiB;
  CHECK(plan_threads(settings, machine_with({0}))->threads.reactor.recv_buffers == 256);
  CHECK(plan_threads(settings, machine_with({0}))->threads.reactor.bulk_buffers == 8);
  settings.recv_buffers = 32;
  settings.bulk.buffers = 16;
  CHECK(plan_threads(settings, machine_with({0}))->threads.reactor.recv_buffers == 32);
  CHECK(plan_threads(settings, machine_with({0}))->threads.reactor.bulk_buffers == 16);
}

}  // namespace weir::runtime
