#include "admin/cpu_profile.h"

#include <time.h>

#include <doctest/doctest.h>

#include "admin/symbols.h"

namespace weir::admin {
namespace {

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

}  // namespace

// Outside the anonymous namespace and never inlined, so that it is a frame with a name.
[[gnu::noinline]] uint64_t spin_for_the_profile(double seconds) {
  uint64_t value = 1;
  const double end = cpu_seconds() + seconds;
  while (cpu_seconds() < end)
    for (int i = 0; i < 20'000; ++i)
      value = value * 6364136223846793005u + 1442695040888963407u;
  return value;
}

TEST_CASE("a profile names the function that uses the processor") {
  auto profile = CpuProfile::start();
  REQUIRE_MESSAGE(profile.has_value(), profile.error());
  CHECK(spin_for_the_profile(0.3) != 0);
  (*profile)->stop();
  CHECK((*profile)->samples().size() > 10);
  CHECK((*profile)->samples().dropped() == 0);
  const std::string stacks = folded_stacks((*profile)->samples());
  INFO(stacks);
  CHECK(stacks.find("weir::admin::spin_for_the_profile") != std::string::npos);
  CHECK(stacks.find("main;") != std::string::npos);
}

TEST_CASE("only one profile is taken at a time") {
  auto first = CpuProfile::start();
  REQUIRE(first.has_value());
  const auto second = CpuProfile::start();
  REQUIRE(!second.has_value());
  CHECK(second.error().find("another") != std::string::npos);
  first->reset();
  CHECK(CpuProfile::start().has_value());
}

TEST_CASE("a full buffer drops and counts") {
  ProfileBuffer buffer(2);
  CHECK(buffer.take() == &buffer[0]);
  CHECK(buffer.take() == &buffer[1]);
  CHECK(buffer.take() == nullptr);
  CHECK(buffer.take() == nullptr);
  CHECK(buffer.size() == 2);
  CHECK(buffer.dropped() == 2);
}

TEST_CASE("names are shown without their arguments") {
  CHECK(demangle("_ZN4weir4edge5serveEii") == "weir::edge::serve");
  CHECK(demangle("main") == "main");
}

TEST_CASE("addresses of libraries and of nothing have a text, too") {
  const Symbols symbols;
  CHECK(symbols.name_of(reinterpret_cast<uintptr_t>(&clock_gettime)).find("clock_gettime") !=
        std::string::npos);
  CHECK(symbols.name_of(1) == "[unknown]");
}

}  // namespace weir::admin
