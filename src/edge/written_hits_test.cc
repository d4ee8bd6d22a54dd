#include "edge/written_hits.h"

#include <doctest/doctest.h>

namespace weir::edge {
namespace {

constexpr WrittenHits::Name name{.hash = 7, .stamp = 3, .age_s = 1, .ttl_s = 59};

}  // namespace

TEST_CASE("an answer is written when it is wanted a second time, and then found") {
  WrittenHits hits;
  WrittenHits::Place& place = hits.place_of(name.hash);
  CHECK(!place.find(name));
  CHECK(!place.wanted_again());
  CHECK(!place.find(name));
  CHECK(place.wanted_again());
  WrittenRun& run = place.write("answer");
  CHECK(place.find(name) == &run);
  CHECK(run.bytes() == "answer");
}

TEST_CASE("an answer that differs in anything is another one") {
  WrittenHits hits;
  WrittenHits::Place& place = hits.place_of(name.hash);
  for (const WrittenHits::Name& other :
       {WrittenHits::Name{.hash = 8, .stamp = 3, .age_s = 1, .ttl_s = 59},
        WrittenHits::Name{.hash = 7, .stamp = 4, .age_s = 1, .ttl_s = 59},
        WrittenHits::Name{.hash = 7, .stamp = 3, .age_s = 2, .ttl_s = 59},
        WrittenHits::Name{.hash = 7, .stamp = 3, .age_s = 1, .ttl_s = 58}}) {
    (void)place.find(name);
    (void)place.write("answer");
    CHECK(!place.find(other));
    CHECK(!place.wanted_again());
  }
}

TEST_CASE("an answer that changes is written over the one before, once nobody sends that") {
  WrittenHits hits;
  WrittenHits::Place& place = hits.place_of(name.hash);
  WrittenHits::Name next = name;
  (void)place.find(name);
  WrittenRun& first = place.write("first");
  Pin sending = first.pin();
  ++next.age_s;
  (void)place.find(next);
  WrittenRun& second = place.write("second");
  CHECK(&second != &first);
  CHECK(first.bytes() == "first");
  sending.let_go();
  ++next.age_s;
  (void)place.find(next);
  CHECK(&place.write("third") == &second);
  CHECK(second.bytes() == "third");
}

TEST_CASE("what is still being sent stays when another answer takes its place") {
  Pin sending;
  std::string_view bytes;
  {
    WrittenHits hits;
    WrittenHits::Place& place = hits.place_of(name.hash);
    (void)place.find(name);
    WrittenRun& run = place.write("HTTP/1.1 200 OK\r\n\r\n a body that is no short string");
    sending = run.pin();
    bytes = run.bytes();
    (void)place.find({.hash = 9});
  }
  // Under AddressSanitizer this is more than a comparison.
  CHECK(bytes.ends_with("no short string"));
}

}  // namespace weir::edge
