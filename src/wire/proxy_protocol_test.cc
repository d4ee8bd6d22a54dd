#include "wire/proxy_protocol.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace weir::wire {
namespace {

using Status = ProxyResult::Status;
using Kind = ProxyHeader::Kind;
using namespace std::string_literals;

constexpr size_t bytes_max = 536;

std::string v2(uint8_t command, uint8_t family, const std::string& body) {
  return "\r\n\r\n\0\r\nQUIT\n"s + static_cast<char>(command) + static_cast<char>(family) +
         static_cast<char>(body.size() >> 8) + static_cast<char>(body.size()) + body;
}

const std::string tcp4_addresses = "\xc0\x00\x02\x01\xc6\x33\x64\x02\xdc\x04\x01\xbb"s;

ProxyResult parse(const std::string& bytes, ProxyHeader* header = nullptr) {
  ProxyHeader ignored;
  return parse_proxy_header(bytes, bytes_max, header ? *header : ignored);
}

// Every proper prefix is incomplete; the whole, with something behind it, complete.
void check_split(const std::string& bytes) {
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::vector<char> block(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
    ProxyHeader header;
    CHECK(parse_proxy_header({block.data(), size}, bytes_max, header).status == Status::incomplete);
  }
  CHECK(parse(bytes + "GET").status == Status::complete);
  CHECK(parse(bytes + "GET").consumed == bytes.size());
}

}  // namespace

TEST_CASE("version 1 names the ends of the connection") {
  const std::string line = "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n";
  check_split(line);
  ProxyHeader header;
  parse(line, &header);
  CHECK(header.kind == Kind::tcp4);
  CHECK(header.source.address[0] == 192);
  CHECK(header.source.address[3] == 1);
  CHECK(header.source.port == 56324);
  CHECK(header.destination.address[3] == 2);
  CHECK(header.destination.port == 443);

  parse("PROXY TCP6 2001:db8::1 ::2 1 2\r\n", &header);
  CHECK(header.kind == Kind::tcp6);
  CHECK(header.source.address[0] == 0x20);
  CHECK(header.destination.address[15] == 2);

  check_split("PROXY UNKNOWN\r\n");
  CHECK(parse("PROXY UNKNOWN ffff::1 whatever\r\n", &header).status == Status::complete);
  CHECK(header.kind == Kind::none);
}

TEST_CASE("broken version 1 lines are refused") {
  for (const std::string line :
       {"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n", "PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n", "PROXY TCP4 ::1 ::2 1 2\r\n",
        "PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n", "PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n",
        "PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 1 22\n",
        "PROXY UNKNOWN x\n", "PROXY \r\n", "PROXY \n", "PROXX TCP4", "GET / HTTP/1.1", "\r\nGET"})
    CHECK_MESSAGE(parse(line).status == Status::malformed, line);
  CHECK(parse("PROXY UNKNOWN " + std::string(92, 'a')).status == Status::incomplete);
  CHECK(parse("PROXY UNKNOWN " + std::string(93, 'a')).status == Status::malformed);
}

TEST_CASE("version 2 names the ends of the connection") {
  const std::string bytes = v2(0x21, 0x11, tcp4_addresses);
  check_split(bytes);
  ProxyHeader header;
  parse(bytes, &header);
  CHECK(header.kind == Kind::tcp4);
  CHECK(header.source.address[0] == 192);
  CHECK(header.source.port == 56324);
  CHECK(header.destination.port == 443);

  parse(v2(0x21, 0x21, std::string(15, '\0') + "\1" + std::string(15, '\0') + "\2\0\1\0\2"s),
        &header);
  CHECK(header.kind == Kind::tcp6);
  CHECK(header.source.address[15] == 1);
  CHECK(header.destination.address[15] == 2);
  CHECK(header.destination.port == 2);

  CHECK(parse(v2(0x20, 0x00, ""), &header).status == Status::complete);
  CHECK(header.kind == Kind::none);
  CHECK(parse(v2(0x20, 0x11, "junk"), &header).status == Status::complete);
  CHECK(header.kind == Kind::none);
  CHECK(parse(v2(0x21, 0x31, std::string(216, 'u')), &header).status == Status::complete);
  CHECK(header.kind == Kind::none);
}

TEST_CASE("version 2 skips TLVs, and checks the checksum where there is one") {
  CHECK(parse(v2(0x21, 0x11, tcp4_addresses + "\x04\0\3abc\xe2\0\0"s)).status == Status::complete);
  // Computed with an independent implementation of CRC-32C.
  const std::string good = v2(0x21, 0x11, tcp4_addresses + "\x03\0\4\x20\xec\x95\x49"s);
  CHECK(parse(good).status == Status::complete);
  for (size_t i = 16; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    if (i == 28) continue;  // the type of the TLV: one that is not checked
    CHECK(parse(bad).status == Status::malformed);
  }
}

TEST_CASE("broken version 2 headers are refused") {
  for (const std::string& bytes :
       {v2(0x11, 0x11, tcp4_addresses), v2(0x22, 0x11, tcp4_addresses),
        v2(0x21, 0x12, tcp4_addresses), v2(0x21, 0x11, "short"), v2(0x21, 0x21, tcp4_addresses),
        v2(0x21, 0x11, tcp4_addresses + "\4"), v2(0x21, 0x11, tcp4_addresses + "\4\0\2a"s),
        v2(0x21, 0x11, tcp4_addresses + "\3\0\3abc"s), v2(0x21, 0x00, std::string(521, '\0'))})
    CHECK(parse(bytes).status == Status::malformed);
}

}  // namespace weir::wire
