#include "base/address.h"

#include <doctest/doctest.h>

namespace weir {

TEST_CASE("addresses are read and written alike") {
  for (const char* text : {"127.0.0.1:80", "[::1]:8080", "[2001:db8::7]:1", "255.254.3.10:65535"})
    CHECK(Address::parse(text)->to_string() == text);
  CHECK(Address::parse(":80")->to_string() == "[::]:80");
  CHECK(Address::parse("localhost:80")->ip() == "127.0.0.1");
}

TEST_CASE("what is not an address is refused") {
  for (const char* text : {"", "80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0:1",
                           "example.org:80", "[::1:80", "[::g]:1"})
    CHECK_MESSAGE(!Address::parse(text), text);
}

TEST_CASE("an IPv4 address mapped into IPv6 is the IPv4 address") {
  const Address mapped = *Address::parse_ip("::ffff:10.1.2.3", 5);
  CHECK(mapped.ip() == "10.1.2.3");
  CHECK(mapped == *Address::parse("10.1.2.3:5"));
  CHECK(AddressRange::parse("10.0.0.0/8")->contains(mapped));
}

TEST_CASE("a range holds what its prefix says") {
  const AddressRange range = *AddressRange::parse("192.168.16.0/20");
  CHECK(range.contains(*Address::parse_ip("192.168.31.255")));
  CHECK(!range.contains(*Address::parse_ip("192.168.32.0")));
  CHECK(!range.contains(*Address::parse_ip("::1")));
  CHECK(AddressRange::parse("::/0")->contains(*Address::parse_ip("1.2.3.4")));
  CHECK(AddressRange::parse("::1")->contains(*Address::parse_ip("::1")));
  CHECK(!AddressRange::parse("10.0.0.0/33"));
  CHECK(!AddressRange::parse("ten/8"));
}

TEST_CASE("loopback is told apart") {
  CHECK(Address::parse_ip("127.9.9.9")->is_loopback());
  CHECK(Address::parse_ip("::1")->is_loopback());
  CHECK(!Address::parse_ip("10.0.0.1")->is_loopback());
}

}  // namespace weir
