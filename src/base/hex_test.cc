#include "base/hex.h"

#include <cstdio>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

namespace weir {

TEST_CASE("every digit is written in every place, as printf does") {
  for (unsigned place = 0; place < 16; ++place)
    for (uint64_t digit = 0; digit < 16; ++digit) {
      const uint64_t value = 0x0123'4567'89ab'cdef ^ digit << (4 * place);
      char expected[17], written[16];
      std::snprintf(expected, sizeof expected, "%016lx", value);
      CHECK(write_hex(value, written) == written + 16);
      CHECK(std::string_view(written, 16) == expected);
      CHECK(write_hex(static_cast<uint32_t>(value), written) == written + 8);
      CHECK(std::string_view(written, 8) == expected + 8);
      CHECK(write_hex(static_cast<uint8_t>(value), written) == written + 2);
      CHECK(std::string_view(written, 2) == expected + 14);
    }
}

}  // namespace weir
