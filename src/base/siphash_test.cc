#include "base/siphash.h"

#include <string>

#include <doctest/doctest.h>

namespace weir {

TEST_CASE("siphash gives the values of its authors") {
  constexpr SipKey key{0x0706050403020100, 0x0f0e0d0c0b0a0908};
  std::string bytes;
  CHECK(siphash(bytes, key) == 0x726fdb47dd0e0e31);
  for (char c = 0; c < 15; ++c)
    bytes.push_back(c);
  CHECK(siphash(bytes, key) == 0xa129ca6149be45e5);
}

TEST_CASE("another key, or another byte, gives another value") {
  CHECK(siphash("10.1.2.3", {1, 2}) != siphash("10.1.2.3", {1, 3}));
  CHECK(siphash("10.1.2.3", {1, 2}) != siphash("10.1.2.4", {1, 2}));
}

}  // namespace weir
