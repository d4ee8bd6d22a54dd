#include "telemetry/client_addresses.h"

#include <array>

#include <doctest/doctest.h>

namespace weir::telemetry {

namespace {

std::string told(AddressDetail detail, std::string_view address, SipKey key = {1, 2}) {
  std::array<char, 46> text{};
  const ClientAddresses addresses(detail, key);
  return {text.data(), addresses.write(*Address::parse_ip(address), text.data())};
}

}  // namespace

TEST_CASE("an address is told whole, as a network, as a number, or not at all") {
  for (const char* address : {"203.0.113.77", "2001:db8:1:2:3:4:5:6", "::1"})
    CHECK(told(AddressDetail::kept, address) == address);
  CHECK(told(AddressDetail::truncated, "203.0.113.77") == "203.0.113.0");
  CHECK(told(AddressDetail::truncated, "1.2.3.0") == "1.2.3.0");
  CHECK(told(AddressDetail::truncated, "::ffff:203.0.113.77") == "203.0.113.0");
  CHECK(told(AddressDetail::truncated, "2001:db8:1:2:3:4:5:6") == "2001:db8:1::");
  CHECK(told(AddressDetail::truncated, "::1") == "::");
  CHECK(told(AddressDetail::dropped, "203.0.113.77").empty());
}

TEST_CASE("a hashed address is the same under one key, and another under others") {
  const std::string one = told(AddressDetail::hashed, "203.0.113.77");
  CHECK(one.size() == 16);
  CHECK(one.find_first_not_of("0123456789abcdef") == one.npos);
  CHECK(one == told(AddressDetail::hashed, "203.0.113.77"));
  CHECK(one != told(AddressDetail::hashed, "203.0.113.78"));
  CHECK(one != told(AddressDetail::hashed, "203.0.113.77", {1, 3}));
}

}  // namespace weir::telemetry
