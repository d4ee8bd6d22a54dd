#include "edge/parts.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "edge/cache/limbo.h"
#include "edge/cache/object_index.h"
#include "edge/judge.h"
#include "edge/rules/head_test_kit.h"

namespace weir::edge {
namespace {

cache::BodyRef body_of(cache::ByteAccount& account, uint64_t bytes, bool complete) {
  cache::Body* body = cache::Body::make(account, bytes);
  if (complete) {
    std::ranges::fill(body->room(), 'x');
    body->publish(bytes);
    CHECK(body->complete());
  }
  return cache::BodyRef::adopt(body);
}

// Parts under one key, as an index has them: newest first.
class Chain {
 public:
  ~Chain() {
    while (cache::Object* object = index_.newest("k", 1)) {
      index_.unlink(*object);
      limbo_.retire(*object);
    }
  }

  // The newest from now on, in place of what stands where it goes.
  void add(ByteRange range, const std::string& tag = "\"e\"", bool complete = true) {
    TestResponse response(206, "ETag: " + tag + "\nCache-Control: max-age=60\nVary: X-A\n" +
                                   "Content-Range: bytes " + std::to_string(range.first) + "-" +
                                   std::to_string(range.last) + "/100");
    response.head.framing = {wire::BodyFraming::Kind::content_length, range.size()};
    Errand errand;
    errand.policy = &policy_;
    errand.part = RangeSpec{range.first, range.last};
    errand.facts.has_range = true;
    errand.fields.append("X-A: 1\r\n");
    const Judge judge(errand, test_times, "Date: Wed, 25 Nov 2026 12:00:00 GMT\r\n");
    Draft draft;
    REQUIRE(judge.answer(response.head, draft) == StoreVerdict::store);
    draft.put_in_place(Parts::place_for(newest(), draft.variant(), range, places));
    for (cache::Object* each = index_.newest("k", 1); each;
         each = const_cast<cache::Object*>(each->next_variant()))
      if (each->variant() == draft.object().variant) {
        index_.unlink(*each);
        limbo_.retire(*each);
        break;
      }
    index_.push(*cache::Object::make(account_, {"k", 1}, draft.object(),
                                     body_of(account_, range.size(), complete)));
  }

  const cache::Object* newest() const { return index_.find("k", 1); }
  Parts parts(const std::string& request = "X-A: 1") const {
    return {newest(), TestFields(request), test_wall};
  }
  size_t count() const {
    size_t count = 0;
    for (const cache::Object* each = newest(); each; each = each->next_variant())
      ++count;
    return count;
  }
  bool holds(uint64_t first, uint64_t last) const {
    return parts().holding({first, last}) != nullptr;
  }

  uint32_t places = 16;

 private:
  CachePolicy policy_;
  cache::ByteAccount account_;
  cache::Epochs epochs_{1};
  cache::Limbo limbo_{epochs_};
  cache::ObjectIndex index_{account_, limbo_};
};

}  // namespace

TEST_CASE("a part answers what lies in it, for who asks alike") {
  Chain chain;
  chain.add({10, 19});
  CHECK(chain.holds(10, 19));
  CHECK(chain.holds(12, 12));
  CHECK(!chain.holds(9, 12));
  CHECK(!chain.holds(12, 20));
  CHECK(!chain.parts("X-A: 2").holding({12, 12}));
  chain.add({90, 99});
  CHECK(chain.parts().holding({95, {}}));
  CHECK(chain.parts().holding({{}, 10}));
  CHECK(!chain.parts().holding({{}, 11}));
}

TEST_CASE("the gap is asked for once, between what is held before and behind it") {
  Chain chain;
  chain.add({0, 9});
  chain.add({50, 59});
  chain.add({90, 99});
  const auto whole = chain.parts().plan({});
  REQUIRE(whole);
  CHECK(whole->gap == ByteRange{10, 89});
  CHECK(!whole->part());
  CHECK(chain.parts().plan(RangeSpec{40, 69})->gap == ByteRange{40, 69});
  const auto overlapping = chain.parts().plan(RangeSpec{5, 54});
  REQUIRE(overlapping);
  CHECK(overlapping->gap == ByteRange{10, 49});
  CHECK(overlapping->part()->range == ByteRange{5, 54});
}

TEST_CASE("parts that touch are enough without the origin") {
  Chain chain;
  chain.add({0, 49});
  CHECK(chain.parts().plan({})->gap);
  chain.add({50, 99});
  CHECK(!chain.parts().plan({})->gap);
  CHECK(!chain.parts().plan(RangeSpec{40, 60})->gap);
}

TEST_CASE("the newest part says what the whole is: others of another version do not count") {
  Chain chain;
  chain.add({0, 9}, "\"old\"");
  chain.add({10, 19}, "\"new\"");
  CHECK(!chain.holds(0, 9));
  CHECK(chain.holds(10, 19));
  CHECK(chain.parts().plan(RangeSpec{0, 9})->gap == ByteRange{0, 9});
  CHECK(chain.parts().plan(RangeSpec{5, 19})->parts.size() == 1);
}

TEST_CASE("what has no strong validator is combined with nothing (RFC 9111 3.4)") {
  Chain chain;
  chain.add({0, 9}, "W/\"e\"");
  CHECK(chain.holds(0, 9));
  CHECK(!chain.parts().plan({}));
  chain.add({10, 19}, "W/\"e\"");
  CHECK(!chain.parts().plan(RangeSpec{0, 19}));
}

TEST_CASE("bytes of a part that is still arriving are not counted upon") {
  Chain chain;
  chain.add({0, 9});
  chain.add({10, 19}, "\"e\"", false);
  CHECK(chain.holds(10, 19));
  CHECK(chain.parts().plan(RangeSpec{0, 19})->gap == ByteRange{10, 19});
}

TEST_CASE("endless parts have few places: the oldest makes room, and so does what is covered") {
  Chain chain;
  chain.places = 4;
  for (uint64_t i = 0; i < 50; ++i)
    chain.add({2 * i, 2 * i});
  CHECK(chain.count() == 4);
  CHECK(chain.holds(98, 98));
  CHECK(chain.holds(92, 92));
  CHECK(!chain.holds(90, 90));
  chain.add({92, 98});
  CHECK(chain.count() == 4);
  CHECK(chain.holds(92, 98));
}

}  // namespace weir::edge
