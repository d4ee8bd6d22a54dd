#include "telemetry/byte_queue.h"

#include <cstring>
#include <deque>
#include <functional>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "base/random.h"

namespace weir::telemetry {

TEST_CASE("runs come out as they went in, across many laps") {
  Random random(1);
  ByteQueue queue(4096);
  std::string expected;
  for (int step = 0; step < 20'000; ++step) {
    if (random.below(2) == 0) {
      const size_t size = random.below(2049);
      char* at = queue.reserve(size);
      if (!at) continue;
      std::string run(size, static_cast<char>('a' + random.below(26)));
      std::memcpy(at, run.data(), size);
      queue.commit(size);
      expected += run;
    } else {
      const std::string_view run = queue.front();
      const size_t size = random.below(run.size() + 1);
      REQUIRE(expected.starts_with(run.substr(0, size)));
      queue.consume(size);
      expected.erase(0, size);
    }
    REQUIRE(queue.size() <= queue.capacity());
  }
}

TEST_CASE("a run of up to half the queue always fits into an empty one, a larger one never") {
  ByteQueue queue(4096);
  for (size_t at = 0; at < 5000; at += 7) {
    REQUIRE(queue.reserve(2049) == nullptr);
    REQUIRE(queue.reserve(2048) != nullptr);
    queue.commit(7);
    queue.front();
    queue.consume(7);
  }
}

TEST_CASE("a consumer can look ahead without giving anything back") {
  ByteQueue queue(4096);
  for (const char* word : {"one", "two"}) {
    std::memcpy(queue.reserve(3), word, 3);
    queue.commit(3);
  }
  uint64_t position = queue.consumed();
  CHECK(queue.from(position) == "onetwo");
  position += 6;
  CHECK(queue.from(position).empty());
  CHECK(queue.front() == "onetwo");
  queue.consume_to(position);
  CHECK(queue.front().empty());
  CHECK(queue.size() == 0);
}

namespace {

// Each number with up to 49 bytes behind it.
void put_numbers(ByteQueue& queue, uint32_t numbers) {
  for (uint32_t i = 0; i < numbers;) {
    char* at = queue.reserve(sizeof i + i % 50);
    if (!at) {
      std::this_thread::yield();
      continue;
    }
    std::memcpy(at, &i, sizeof i);
    std::memset(at + sizeof i, 'p', i % 50);
    queue.commit(sizeof i + i % 50);
    ++i;
  }
}

}  // namespace

TEST_CASE("two threads pass bytes in order") {
  constexpr uint32_t numbers = 200'000;
  ByteQueue queue(4096);
  std::thread producer(put_numbers, std::ref(queue), numbers);
  for (uint32_t expected = 0; expected < numbers;) {
    std::string_view run = queue.front();
    if (run.empty()) std::this_thread::yield();
    const size_t size = run.size();
    while (!run.empty()) {
      uint32_t number = 0;
      std::memcpy(&number, run.data(), sizeof number);
      REQUIRE(number == expected++);
      run.remove_prefix(sizeof number + number % 50);
    }
    queue.consume(size);
  }
  producer.join();
}

}  // namespace weir::telemetry
