#include "cachesim/simulation.h"

#include <doctest/doctest.h>

#include "cachesim/cachesim_command.h"
#include "cachesim/policies.h"

namespace weir::cachesim {
namespace {

RequestTrace parsed(std::initializer_list<std::string_view> lines, TraceColumns columns = {}) {
  TraceParser parser(columns);
  for (const std::string_view line : lines)
    REQUIRE(parser.line(line).has_value());
  return parser.take("test");
}

std::string refused(std::string_view line, TraceColumns columns = {}) {
  TraceParser parser(columns);
  CHECK(parser.line("# a comment").has_value());
  const auto result = parser.line(line);
  return result ? "accepted" : result.error();
}

// Which requests are hits.
std::string hits(std::string_view policy, uint64_t capacity, std::string_view objects) {
  std::string said;
  for (const PolicyChoice& choice : policy_choices()) {
    if (choice.name != policy) continue;
    const auto cache = choice.make(capacity, 26);
    for (const char object : objects)
      said += cache->request(static_cast<uint32_t>(object - 'a'), 1) ? 'h' : '-';
  }
  return said;
}

double missed(const SizeResult& row, std::string_view policy, const RequestTrace& trace) {
  for (size_t i = 0; i < policy_choices().size(); ++i)
    if (policy_choices()[i].name == policy)
      return 100.0 * static_cast<double>(row.misses[i].objects) /
             static_cast<double>(trace.requests.size());
  return -1;
}

}  // namespace

TEST_CASE("a trace names objects by key, with sizes or without") {
  const RequestTrace trace =
      parsed({"/a 100", "/b,200", "", "# comment", "/a\t100", "  /c  ", "/b , 200"});
  REQUIRE(trace.requests.size() == 5);
  CHECK(trace.object_bytes == std::vector<uint64_t>{100, 200, 1});
  CHECK(trace.requests[2].object == 0);
  CHECK(trace.requests[4].object == 1);
  CHECK(trace.requests[4].bytes == 200);
  CHECK(trace.distinct_bytes() == 301);
}

TEST_CASE("columns can be chosen; size 0 makes every object one byte") {
  const RequestTrace trace = parsed({"12.5,77,/a,GET", "12.6,88,/b,GET"}, {.key = 3, .size = 2});
  CHECK(trace.object_bytes == std::vector<uint64_t>{77, 88});
  CHECK(parsed({"/a 100"}, {.key = 1, .size = 0}).object_bytes == std::vector<uint64_t>{1});
  // An empty column is one.
  CHECK(parsed({"/a,,5"}, {.key = 1, .size = 3}).object_bytes == std::vector<uint64_t>{5});
}

TEST_CASE("a bad line is refused with its number and what is wrong") {
  CHECK(refused("/a many") == "line 2: \"many\" is no size in bytes (column 2)");
  CHECK(refused("/a -5") == "line 2: \"-5\" is no size in bytes (column 2)");
  CHECK(refused("/a 99999999999999") ==
        "line 2: \"99999999999999\" is no size in bytes (column 2)");
  CHECK(refused("/a", {.key = 3, .size = 2}) == "line 2: has no column 3 (the key)");
}

TEST_CASE("sizes of caches are shares or bytes") {
  CHECK(parse_cache_size("1%", 1000)->bytes == 10);
  CHECK(parse_cache_size("0.1%", 1000)->bytes == 1);
  CHECK(parse_cache_size("64KiB", 1000)->bytes == 65536);
  for (const char* wrong : {"", "0", "0%", "101%", "-1%", "x%", "1%%", "ten"})
    CHECK(!parse_cache_size(wrong, 1000));
}

TEST_CASE("each policy evicts as it is known to") {
  // LRU lets go of what was asked for longest ago, SIEVE keeps what was hit at all.
  CHECK(hits("LRU", 3, "abcadabc") == "---h-h--");
  CHECK(hits("LRU", 3, "abcadebc") == "---h----");
  CHECK(hits("SIEVE", 3, "abcadea") == "---h--h");
  // A scan pushes out everything of LRU, nothing that was hit of the others.
  const std::string scan = "aaaabcdefghijklmnopqrstuvwxyza";
  CHECK(hits("LRU", 10, scan).back() == '-');
  CHECK(hits("S3-FIFO", 10, scan).back() == 'h');
  CHECK(hits("weir", 10, scan).back() == 'h');
}

TEST_CASE("an object larger than the cache is never stored, and pushes nothing out") {
  for (const PolicyChoice& choice : policy_choices()) {
    CAPTURE(choice.name);
    const auto cache = choice.make(10, 2);
    CHECK(!cache->request(0, 5));
    CHECK(!cache->request(1, 11));
    CHECK(!cache->request(1, 11));
    CHECK(cache->request(0, 5));
  }
}

TEST_CASE("on Zipf's law our policy misses far less than LRU, and no more than S3-FIFO") {
  const RequestTrace trace =
      draw_zipf({.alpha = 0.8, .objects = 100'000, .requests = 500'000, .seed = 1});
  const auto results = simulate(trace, {{"1%", 1000}, {"10%", 10'000}}, {});
  REQUIRE(results.size() == 2);
  for (const SizeResult& row : results) {
    CAPTURE(row.label);
    CHECK(missed(row, "weir", trace) < missed(row, "LRU", trace) - 4);
    CHECK(missed(row, "weir", trace) < missed(row, "S3-FIFO", trace) + 0.3);
  }
  const std::string table = miss_table(trace, results);
  CHECK(table.starts_with("zipf: 500000 requests for 100000 objects"));
}

TEST_CASE("with room for one object in a hundred our policy misses at most 68 % of Zipf 0.8") {
  // What `weir cachesim --zipf 0.8 --sizes 1%` shows, of our policy alone.
  const RequestTrace trace = draw_zipf({.alpha = 0.8});
  REQUIRE(trace.object_bytes.size() == 1'000'000);
  REQUIRE(trace.requests.size() == 5'000'000);
  for (const PolicyChoice& choice : policy_choices()) {
    if (choice.name != "weir") continue;
    const auto cache = choice.make(10'000, trace.object_bytes.size());
    uint64_t missed = 0;
    for (const TraceRequest& request : trace.requests)
      missed += !cache->request(request.object, request.bytes);
    CHECK(missed > 3'000'000);
    CHECK(missed <= 5'000'000 * 68 / 100);
  }
}

TEST_CASE("Zipf's law is drawn as it is written") {
  // With exponent 1 and 1,000 objects the first has 1 of 7.485 parts, the tenth a tenth of that.
  const RequestTrace trace =
      draw_zipf({.alpha = 1, .objects = 1000, .requests = 1'000'000, .seed = 3});
  std::vector<double> counts(1000);
  for (const TraceRequest& request : trace.requests)
    ++counts[request.object];
  CHECK(counts[0] == doctest::Approx(1e6 / 7.485).epsilon(0.01));
  CHECK(counts[9] == doctest::Approx(1e5 / 7.485).epsilon(0.03));
  CHECK(counts[999] == doctest::Approx(1e3 / 7.485).epsilon(0.3));
  // With exponent 0 all are alike.
  const RequestTrace flat = draw_zipf({.alpha = 0, .objects = 10, .requests = 100'000, .seed = 3});
  std::vector<double> even(10);
  for (const TraceRequest& request : flat.requests)
    ++even[request.object];
  for (const double count : even)
    CHECK(count == doctest::Approx(1e4).epsilon(0.05));
}

}  // namespace weir::cachesim
