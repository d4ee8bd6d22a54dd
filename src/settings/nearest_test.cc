#include "settings/nearest.h"

#include <vector>

#include <doctest/doctest.h>

namespace weir::settings {

TEST_CASE("distance counts insertions, deletions, replacements and swaps of neighbours") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("port", "prot") == 1);
  CHECK(edit_distance("idle", "idel") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("host", "hosts") == 1);
}

TEST_CASE("the nearest name is one that somebody could have meant") {
  const std::vector<std::string> names{"host", "port", "idle_timeout", "io_uring"};
  CHECK(nearest("hots", names) == "host");
  CHECK(nearest("idle_time", names) == "idle_timeout");
  CHECK(nearest("iouring", names) == "io_uring");
  CHECK(nearest("certificate", names) == "");
  CHECK(nearest("", names) == "");
  CHECK(nearest("x", std::vector<std::string>{"y"}) == "");
  CHECK(nearest(std::string(1000, 'a'), std::vector<std::string>{std::string(1000, 'a')}) == "");
}

}  // namespace weir::settings
