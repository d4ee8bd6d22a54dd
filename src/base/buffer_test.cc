#include "base/buffer.h"

#include <string>

#include <doctest/doctest.h>

namespace weir {

TEST_CASE("bytes come out as they went in, across growth and consumption") {
  Buffer buffer;
  std::string expected;
  for (int i = 0; i < 2000; ++i) {
    const std::string piece(static_cast<size_t>(i % 37), static_cast<char>('a' + i % 26));
    buffer.append(piece);
    expected += piece;
    const size_t eat = expected.size() / 3;
    buffer.consume(eat);
    expected.erase(0, eat);
    REQUIRE(buffer.view() == expected);
  }
}

TEST_CASE("a buffer without content holds no memory after release") {
  Buffer buffer;
  CHECK(buffer.capacity() == 0);
  buffer.append("x");
  buffer.release();
  CHECK(buffer.capacity() == 0);
  buffer.append("again");
  CHECK(buffer.view() == "again");
}

TEST_CASE("truncate drops the tail") {
  Buffer buffer;
  buffer.append("hello world");
  buffer.truncate(5);
  CHECK(buffer.view() == "hello");
}

}  // namespace weir
