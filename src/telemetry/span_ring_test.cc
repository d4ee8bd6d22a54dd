#include "telemetry/span_ring.h"

#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "base/random.h"
#include "base/units.h"

namespace weir::telemetry {

namespace {

constexpr SpanDecl decl{"span"};

// A record whose words all tell its number, so that a torn copy shows.
void write(SpanRing& ring, uint64_t number, uint32_t words) {
  std::vector<uint64_t> entries(words, number);
  const auto entry_bytes = static_cast<uint32_t>(words * 8);
  struct {
    TraceHeader header{};
    SpanRecord span{};
  } record;
  TraceHeader& header = record.header;
  header.bytes = static_cast<uint32_t>(sizeof(TraceHeader) + sizeof(SpanRecord)) + entry_bytes;
  header.entry_bytes = entry_bytes;
  header.trace = {number, number};
  header.span_count = 1;
  header.ended_ns = static_cast<int64_t>(number);
  record.span.decl = &decl;
  record.span.id = number;
  std::array<uint64_t, sizeof record / 8> head;
  std::memcpy(head.data(), &record, sizeof record);
  ring.write(head.data(), 1, entries.data(), words, header.ended_ns);
}

bool whole(const TraceView& trace) {
  const TraceHeader header = trace.header();
  const uint64_t number = header.trace.low;
  for (uint32_t i = 0; i < header.entry_bytes / 8; ++i)
    if (trace.entry_word(i) != number) return false;
  return trace.span(0).id == number && header.trace.high == number;
}

// What a record in the short form says: its number, over and over.
std::string path_of(uint64_t number) {
  std::string path;
  for (uint64_t i = 0; i <= number % 12; ++i)
    path += "/" + std::to_string(number);
  return path;
}

bool write_open(SpanRing& ring, uint64_t number) {
  const std::string path = path_of(number);
  const ServedRequest request{200, 0, 0, path, {}, {}};
  return ring.write_open({.flags = ServedRecord::marker,
                          .trace = {number, number},
                          .decl = &decl,
                          .start_ns = static_cast<int64_t>(number)},
                         ServedLayout(request));
}

bool is_short(const TraceView& trace) {
  return trace.header().threshold == threshold_unknown;
}

bool whole_short(const TraceView& trace) {
  const TraceHeader header = trace.header();
  std::string path;
  trace.each_entry([&](const Entry& entry) {
    if (entry.header.key == AttributeKey::url_path) path = entry.text();
  });
  return path == path_of(header.trace.low) && header.trace.high == header.trace.low;
}

// Numbered records of both forms beside whoever reads them. What is open is closed under the next
// number, so that each record tells when it ended.
void write_both_forms(SpanRing& ring, const std::atomic<bool>& done) {
  Random random(1);
  for (uint64_t number = 1; !done; ++number) {
    if (random.below(8) == 0) ring.close(static_cast<int64_t>(number));
    if (random.below(8) == 0 || !write_open(ring, number))
      write(ring, number, static_cast<uint32_t>(random.below(60)));
    // At full speed nothing would survive a copy.
    if (number % 32 == 0) std::this_thread::sleep_for(microseconds(20));
  }
}

// Sees the records of one copy, oldest first.
class BothForms {
 public:
  void see(const TraceView& trace) {
    const TraceHeader header = trace.header();
    const auto number = static_cast<int64_t>(header.trace.low);
    const bool is_short = telemetry::is_short(trace);
    REQUIRE((is_short ? whole_short(trace) : whole(trace)));
    REQUIRE((is_short ? header.ended_ns > number : header.ended_ns == number));
    REQUIRE(number > number_);
    if (number == number_ + 1 && was_short_)
      REQUIRE((ended_ns_ == number || ended_ns_ == header.ended_ns));
    without_gap_ = without_gap_ && (number_ == 0 || number == number_ + 1);
    number_ = number;
    ended_ns_ = header.ended_ns;
    was_short_ = is_short;
    short_ += is_short;
  }
  bool without_gap() const { return without_gap_; }
  uint64_t short_ones() const { return short_; }

 private:
  int64_t number_ = 0, ended_ns_ = 0;
  bool was_short_ = false, without_gap_ = true;
  uint64_t short_ = 0;
};

}  // namespace

TEST_CASE("the ring holds the newest records, whole and in order") {
  SpanRing ring(4096);
  Random random(1);
  uint64_t count = 0;
  for (uint64_t number = 1; number <= 1000; ++number) {
    write(ring, number, static_cast<uint32_t>(random.below(60)));
    uint64_t expected = 0;
    count = 0;
    ring.snapshot().each([&](const TraceView& trace) {
      if (expected == 0) expected = trace.header().trace.low;
      REQUIRE(whole(trace));
      REQUIRE(trace.header().trace.low == expected++);
      ++count;
    });
    REQUIRE(expected == number + 1);
  }
  CHECK(count >= 5);
  CHECK(ring.duration() == Duration(static_cast<int64_t>(count) - 1));
}

TEST_CASE("records that are open are seen when they are closed, by the next one at the latest") {
  SpanRing ring(4096);
  const ServedRequest request{200, 0, 0, "/a/path", {}, {}};
  const auto write_open = [&](uint64_t number) {
    return ring.write_open(
        {.flags = ServedRecord::marker, .trace = {number, number}, .decl = &decl, .start_ns = 5},
        ServedLayout(request));
  };
  // Number, and when it ended.
  const auto seen = [&] {
    std::vector<std::pair<uint64_t, int64_t>> records;
    ring.snapshot().each([&](const TraceView& trace) {
      records.emplace_back(trace.header().trace.low, trace.header().ended_ns);
    });
    return records;
  };
  using Records = std::vector<std::pair<uint64_t, int64_t>>;
  CHECK(write_open(1));
  CHECK(write_open(2));
  CHECK(seen().empty());
  ring.close(30);
  CHECK(seen() == Records{{1, 30}, {2, 30}});
  ring.close(31);
  CHECK(ring.duration() == Duration(0));
  CHECK(write_open(3));
  write(ring, 40, 1);
  CHECK(seen() == Records{{1, 30}, {2, 30}, {3, 40}, {40, 40}});
  // A trace that ended before they began, as one may whose fetch outlived it.
  CHECK(write_open(50));
  write(ring, 4, 1);
  CHECK(seen()[4] == std::pair<uint64_t, int64_t>(50, 5));
  uint64_t open = 0;
  while (write_open(100 + open))
    ++open;
  CHECK(open > 8);
  CHECK(open * 64 <= 4096 / 4);
  ring.close(50);
  CHECK(write_open(200));
  ring.close(51);
  CHECK(seen().back() == std::pair<uint64_t, int64_t>(200, 51));
}

TEST_CASE("a ring that is full gives up a 64th of itself and one record, no more") {
  constexpr uint64_t capacity = 64 * 1024;
  SpanRing ring(capacity);
  for (uint64_t number = 1; number <= 5000; ++number) {
    write(ring, number, 20);
    if (number < 1000) continue;
    uint64_t held = 0;
    ring.snapshot().each([&](const TraceView& trace) { held += trace.header().bytes; });
    REQUIRE(held <= capacity);
    REQUIRE(held >=
            capacity - capacity / 64 - 2 * (sizeof(TraceHeader) + sizeof(SpanRecord) + 160));
  }
}

TEST_CASE("a ring whose memory is taken ahead holds what another one holds") {
  for (const uint64_t bytes : {4 * KiB, 4 * MiB}) {
    SpanRing ring(bytes);
    CHECK(ring.duration() == Duration(0));
    ring.prepare();
    uint64_t last = 0;
    for (uint64_t number = 1; number <= 1000; ++number)
      write(ring, number, 20);
    ring.snapshot().each([&](const TraceView& trace) {
      REQUIRE(whole(trace));
      last = trace.header().trace.low;
    });
    CHECK(last == 1000);
  }
}

TEST_CASE("a record that is too large for the ring is refused") {
  SpanRing ring(4096);
  write(ring, 1, 2048 / 8);
  ring.snapshot().each([](const TraceView&) { FAIL("there is a record"); });
  write(ring, 2, 10);
  ring.snapshot().each([](const TraceView& trace) { CHECK(trace.header().trace.low == 2); });
}

TEST_CASE("a snapshot beside the writer shows whole records only") {
  SpanRing ring(16 * 1024);
  std::atomic<bool> done{false};
  std::thread writer([&] {
    Random random(1);
    for (uint64_t number = 1; !done; ++number) {
      write(ring, number, static_cast<uint32_t>(random.below(60)));
      // At full speed nothing would survive a copy.
      if (number % 32 == 0) std::this_thread::sleep_for(microseconds(20));
    }
  });
  uint64_t seen = 0;
  const auto deadline = std::chrono::steady_clock::now() + seconds(20);
  while (seen < 20'000 && std::chrono::steady_clock::now() < deadline) {
    uint64_t last = 0;
    ring.snapshot().each([&](const TraceView& trace) {
      REQUIRE(whole(trace));
      REQUIRE((last == 0 || trace.header().trace.low == last + 1));
      last = trace.header().trace.low;
      ++seen;
    });
    ring.duration();
  }
  done = true;
  writer.join();
  CHECK(seen >= 20'000);
}

TEST_CASE("records that are open beside a reader are not seen, and whole once they are closed") {
  SpanRing ring(16 * 1024);
  std::atomic<bool> done{false};
  std::thread writer([&] { write_both_forms(ring, done); });
  uint64_t in_snapshots = 0, one_by_one = 0;
  const auto deadline = std::chrono::steady_clock::now() + seconds(20);
  while ((in_snapshots < 20'000 || one_by_one < 20'000) &&
         std::chrono::steady_clock::now() < deadline) {
    BothForms snapshot, since;
    ring.snapshot().each([&](const TraceView& trace) { snapshot.see(trace); });
    REQUIRE(snapshot.without_gap());
    ring.each_since(MonoTime(), [&](const TraceView& trace) { since.see(trace); });
    in_snapshots += snapshot.short_ones();
    one_by_one += since.short_ones();
    REQUIRE(ring.duration() >= Duration(0));
  }
  done = true;
  writer.join();
  CHECK(in_snapshots >= 20'000);
  CHECK(one_by_one >= 20'000);
}

}  // namespace weir::telemetry
