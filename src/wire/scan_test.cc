#include "wire/scan.h"

#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "base/random.h"

namespace weir::wire {
namespace {

constexpr const ByteSet* sets[] = {&token_bytes, &value_bytes, &target_bytes, &unreserved_bytes,
                                   &digit_bytes};

// Bytes of the set, but for one at `outside` (none when it is behind the end).
std::string inside_but_one(const ByteSet& set, size_t size, size_t outside, Random& random) {
  std::string bytes;
  while (bytes.size() < size) {
    const char c = static_cast<char>(random.below(256));
    if (set.contains(c) == (bytes.size() != outside)) bytes.push_back(c);
  }
  return bytes;
}

}  // namespace

TEST_CASE(
    "every implementation finds the same end as the scalar one, at any length and alignment") {
  Random random(7);
  const auto implementations = scan_implementations();
  const auto scalar = implementations.front();
  REQUIRE(scalar.name == "scalar");
  for (const ByteSet* set : sets)
    for (size_t size = 0; size <= 150; ++size)
      for (size_t shift = 0; shift < 64; shift += 1 + random.below(9)) {
        const size_t outside = random.below(size + 2);
        const std::string bytes = inside_but_one(*set, size, outside, random);
        // An exact block: a sanitizer sees a read outside it.
        const std::unique_ptr<char[]> block(new char[shift + size]);
        std::copy(bytes.begin(), bytes.end(), block.get() + shift);
        const char* p = block.get() + shift;
        const size_t expected = std::min(outside, size);
        for (const ScanImplementation& way : implementations)
          REQUIRE_MESSAGE(way.span_of(*set, p, size) == expected, way.name, " of ", size);
        REQUIRE(span_of(*set, p, size) == expected);
      }
}

TEST_CASE("every implementation agrees on every byte value at every place of a vector") {
  for (const ByteSet* set : sets)
    for (int byte = 0; byte < 256; ++byte)
      for (size_t at = 0; at < 70; ++at) {
        std::string bytes(100, '5');
        bytes[at] = static_cast<char>(byte);
        const size_t expected = set->contains(static_cast<char>(byte)) ? bytes.size() : at;
        for (const ScanImplementation& way : scan_implementations())
          REQUIRE(way.span_of(*set, bytes.data(), bytes.size()) == expected);
      }
}

TEST_CASE("bytes are copied if all are in the set, at any length, and nothing behind them") {
  Random random(8);
  for (const ByteSet* set : sets)
    for (size_t size = 0; size <= 80; ++size)
      for (size_t outside = 0; outside <= size; ++outside) {
        const std::string bytes = inside_but_one(*set, size, outside, random);
        // Exact blocks: a sanitizer sees a read or a write outside them.
        const auto from = std::make_unique<char[]>(size), to = std::make_unique<char[]>(size);
        bytes.copy(from.get(), size);
        REQUIRE(copy_if_all_of(*set, to.get(), {from.get(), size}) == (outside == size));
        if (outside == size) REQUIRE(std::string_view(to.get(), size) == bytes);
      }
}

TEST_CASE("the sets are those of the RFCs") {
  for (int i = 0; i < 256; ++i) {
    const auto c = static_cast<char>(i);
    const bool alphanumeric = i < 128 && std::isalnum(i);
    const bool special = i != 0 && std::string_view("!#$%&'*+-.^_`|~").contains(c);
    CHECK(token_bytes.contains(c) == (alphanumeric || special));
    CHECK(value_bytes.contains(c) == (i == '\t' || (i >= 0x20 && i != 0x7f)));
    CHECK(target_bytes.contains(c) == (i > 0x20 && i < 0x7f && c != '#'));
  }
}

TEST_CASE("a token is not empty and holds nothing else") {
  CHECK(is_token("Content-Type"));
  CHECK_FALSE(is_token(""));
  CHECK_FALSE(is_token("a b"));
  CHECK_FALSE(is_token(std::string_view("a\0b", 3)));
}

}  // namespace weir::wire
