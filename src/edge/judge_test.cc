#include "edge/judge.h"

#include <array>

#include <doctest/doctest.h>

#include "wire/http1_response.h"

namespace weir::edge {
namespace {

constexpr std::string_view date_line = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";

// An answer of an origin, as it was on the wire, and what the request for it said.
class Case {
 public:
  explicit Case(std::string_view answer, std::string_view request_fields = "") : head(storage_) {
    const wire::HeadResult parsed =
        wire::parse_response_head(answer, 0, {}, wire::RequestMethod::get, head);
    REQUIRE(parsed.complete());
    errand.policy = &policy_;
    errand.path = "/x";
    errand.fields.append(request_fields);
  }

  StoreVerdict judge(Draft& draft) const { return maker().answer(head, draft); }
  void want(RangeSpec part) {
    errand.part = part;
    errand.facts.has_range = true;
  }
  Judge maker() const { return {errand, times, date_line}; }

  Errand errand;
  FetchTimes times{MonoTime(seconds(100)), MonoTime(seconds(101)), WallTime(seconds(784111777))};

 private:
  CachePolicy policy_;
  std::array<wire::Field, 64> storage_;

 public:
  wire::ResponseHead head;
};

StoredAnswer meta_of(const Draft& draft) {
  StoredAnswer answer;
  REQUIRE(draft.object().meta.size() >= sizeof answer);
  std::memcpy(static_cast<void*>(&answer), draft.object().meta.data(), sizeof answer);
  return answer;
}

constexpr std::string_view first_part =
    "HTTP/1.1 206 Partial Content\r\nCache-Control: max-age=60\r\nETag: \"e\"\r\nX-New: a\r\n"
    "Content-Type: text/css\r\nCache-Tag: t\r\nContent-Range: bytes 0-4/10\r\n"
    "Content-Length: 5\r\n\r\n";

// It, as it is stored, in the place '7'.
struct StoredPart {
  StoredPart() {
    Case asked(first_part);
    asked.want({0, 4});
    Draft draft;
    REQUIRE(asked.judge(draft) == StoreVerdict::store);
    draft.put_in_place('7');
    object = cache::ObjectRef::adopt(
        cache::Object::make(account, {"http://a/x", 1}, draft.object(),
                            cache::BodyRef::adopt(cache::Body::make(account, 5))));
  }

  cache::ByteAccount account;
  cache::ObjectRef object;
};

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

}  // namespace

TEST_CASE("what is stored has the origin's fields, but none that each answer has of its own") {
  const Case asked(
      "HTTP/1.1 200 Fine\r\nCache-Control: max-age=60\r\nAge: 5\r\nContent-Length: 3\r\n"
      "Connection: x-hop\r\nX-Hop: a\r\nETag: \"e\"\r\nX-Kept: b\r\n\r\n");
  Draft draft;
  REQUIRE(asked.judge(draft) == StoreVerdict::store);
  const std::string_view head = draft.object().head;
  CHECK(head.starts_with("HTTP/1.1 200 Fine\r\n"));
  CHECK(contains(head, "X-Kept: b\r\n"));
  for (const char* gone : {"Age:", "Content-Length:", "Connection:", "X-Hop:"})
    CHECK(!contains(head, gone));
}

TEST_CASE("an answer without a date is dated when it came") {
  const Case asked("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 0\r\n\r\n");
  Draft draft;
  REQUIRE(asked.judge(draft) == StoreVerdict::store);
  CHECK(draft.object().head.ends_with(date_line));
  CHECK(meta_of(draft).date.in(draft.object().head) == "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST_CASE("the places of validators are those of their values") {
  const Case asked(
      "HTTP/1.1 200 OK\r\nETag:   W/\"e\"  \r\nCache-Control: max-age=60\r\n"
      "Last-Modified: Sun, 06 Nov 1994 08:00:00 GMT\r\nContent-Type: text/css\r\n"
      "Content-Length: 0\r\n\r\n");
  Draft draft;
  REQUIRE(asked.judge(draft) == StoreVerdict::store);
  const StoredAnswer answer = meta_of(draft);
  const std::string_view head = draft.object().head;
  CHECK(answer.entity_tag.in(head) == "W/\"e\"");
  CHECK(answer.last_modified.in(head) == "Sun, 06 Nov 1994 08:00:00 GMT");
  CHECK(answer.content_type.in(head) == "text/css");
  CHECK(answer.fields.in(head).starts_with("ETag: W/\"e\"\r\n"));
}

TEST_CASE("fields of CORS are stored, and that there are some is noted") {
  const Case none(
      "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nVary: Origin\r\nContent-Length: 0\r\n\r\n");
  Draft without;
  REQUIRE(none.judge(without) == StoreVerdict::store);
  CHECK(!meta_of(without).has_cors);
  const Case one(
      "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 0\r\n"
      "access-control-allow-private-network: true\r\n\r\n");
  Draft with;
  REQUIRE(one.judge(with) == StoreVerdict::store);
  CHECK(meta_of(with).has_cors);
  CHECK(contains(with.object().head, "access-control-allow-private-network: true\r\n"));
}

TEST_CASE("a part is not stored as the whole") {
  const Case asked(first_part);
  Draft draft;
  CHECK(asked.judge(draft) == StoreVerdict::partial);
}

TEST_CASE("a part that was asked for is stored as what it is") {
  Case asked(first_part);
  asked.want({0, 4});
  Draft draft;
  REQUIRE(asked.judge(draft) == StoreVerdict::store);
  CHECK(draft.part()->range == ByteRange{0, 4});
  CHECK(meta_of(draft).part == ByteRange{0, 4});
  CHECK(meta_of(draft).whole_bytes == 10);
  CHECK(draft.object().head.starts_with("HTTP/1.1 206 Partial Content\r\n"));
  CHECK(!contains(draft.object().head, "Content-Range"));
  draft.put_in_place('3');
  CHECK(draft.object().variant == std::string(draft.variant()) + "\n#3");
}

TEST_CASE("another part than the one that was asked for is not stored") {
  Case asked(first_part);
  for (const RangeSpec& other : {RangeSpec{1, 4}, RangeSpec{0, 5}, RangeSpec{{}, 5}}) {
    asked.want(other);
    Draft draft;
    CHECK(asked.judge(draft) == StoreVerdict::partial);
  }
}

TEST_CASE(
    "a part that a client asked for with its own If-Range may lack fields: it is not stored") {
  Case asked(first_part);
  asked.want({0, 4});
  asked.errand.if_range = "\"e\"";
  Draft draft;
  CHECK(asked.judge(draft) == StoreVerdict::partial);
}

TEST_CASE("a part whose length contradicts what it says of itself is not stored") {
  Case asked(
      "HTTP/1.1 206 Partial Content\r\nCache-Control: max-age=60\r\n"
      "Content-Range: bytes 4-9/10\r\nContent-Length: 5\r\n\r\n");
  asked.want({{}, 6});
  Draft draft;
  CHECK(asked.judge(draft) == StoreVerdict::partial);
}

TEST_CASE("a confirmed part stays the part that it was, in its place") {
  const StoredPart old;
  const Case fresh("HTTP/1.1 304 Not Modified\r\nCache-Control: max-age=90\r\n\r\n");
  Draft updated;
  REQUIRE(fresh.maker().update(*old.object, fresh.head, updated) == StoreVerdict::store);
  CHECK(meta_of(updated).part == ByteRange{0, 4});
  CHECK(meta_of(updated).status == 206);
  CHECK(updated.object().variant == old.object->variant());
}

TEST_CASE("parts and the rest of them become a whole with the newer fields over the older") {
  const StoredPart old;
  const Case rest(
      "HTTP/1.1 206 Partial Content\r\nCache-Control: max-age=90\r\nETag: \"e\"\r\n"
      "X-New: b\r\nContent-Range: bytes 5-9/10\r\nContent-Length: 5\r\n\r\n");
  Draft draft;
  REQUIRE(rest.maker().combine(*old.object, rest.head, std::nullopt, draft) == StoreVerdict::store);
  const std::string_view head = draft.object().head;
  CHECK(head.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(contains(head, "Content-Type: text/css\r\n"));
  CHECK(contains(head, "X-New: b\r\n"));
  CHECK(!contains(head, "X-New: a\r\n"));
  CHECK(!draft.part());
  CHECK(meta_of(draft).status == 200);
  CHECK(!meta_of(draft).is_part());
}

TEST_CASE("what stored parts are enough for has their head, and the places in it") {
  const StoredPart old;
  Draft whole, part;
  draft_from_parts(*old.object, std::nullopt, whole);
  const std::string_view head = whole.object().head;
  CHECK(head.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(meta_of(whole).entity_tag.in(head) == "\"e\"");
  CHECK(meta_of(whole).content_type.in(head) == "text/css");
  CHECK(meta_of(whole).fields.in(head) ==
        StoredAnswer::of(*old.object).fields.in(old.object->head()));
  CHECK(whole.object().tags.size() == 1);
  CHECK(whole.object().variant == StoredAnswer::variant(*old.object));
  draft_from_parts(*old.object, HeldPart{{1, 2}, 10}, part);
  CHECK(meta_of(part).part == ByteRange{1, 2});
  CHECK(meta_of(part).freshness.lifetime == seconds(60));
}

TEST_CASE("requests that differ in what Vary names get variants of their own") {
  const std::string_view answer =
      "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nVary: X-A\r\nContent-Length: 0\r\n\r\n";
  Draft one, two;
  REQUIRE(Case(answer, "X-A: 1\r\n").judge(one) == StoreVerdict::store);
  REQUIRE(Case(answer, "X-A: 2\r\n").judge(two) == StoreVerdict::store);
  CHECK(one.object().variant != two.object().variant);
}

TEST_CASE("a confirmation replaces fields, keeps the others, and begins a new life") {
  const Case first(
      "HTTP/1.1 200 OK\r\nCache-Control: max-age=1\r\nETag: \"e\"\r\nX-Old: a\r\nX-New: a\r\n"
      "Content-Length: 3\r\n\r\n");
  Draft draft;
  REQUIRE(first.judge(draft) == StoreVerdict::store);
  cache::ByteAccount account;
  const auto old = cache::ObjectRef::adopt(
      cache::Object::make(account, {"http://a/x", 1}, draft.object(),
                          cache::BodyRef::adopt(cache::Body::make(account, 3))));
  Case fresh("HTTP/1.1 304 Not Modified\r\nCache-Control: max-age=60\r\nX-New: b\r\n\r\n");
  fresh.times = {MonoTime(seconds(200)), MonoTime(seconds(200)), WallTime(seconds(784111877))};
  Draft updated;
  REQUIRE(fresh.maker().update(*old, fresh.head, updated) == StoreVerdict::store);
  const std::string_view head = updated.object().head;
  CHECK(head.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(contains(head, "X-Old: a\r\n"));
  CHECK(contains(head, "X-New: b\r\n"));
  CHECK(!contains(head, "X-New: a\r\n"));
  CHECK(meta_of(updated).freshness.fresh(MonoTime(seconds(230))));
}

TEST_CASE("a confirmation that forbids keeping it ends it") {
  const Case first(
      "HTTP/1.1 200 OK\r\nCache-Control: max-age=1\r\nETag: \"e\"\r\n"
      "Content-Length: 0\r\n\r\n");
  Draft draft;
  REQUIRE(first.judge(draft) == StoreVerdict::store);
  cache::ByteAccount account;
  const auto old = cache::ObjectRef::adopt(
      cache::Object::make(account, {"http://a/x", 1}, draft.object(),
                          cache::BodyRef::adopt(cache::Body::make(account, 0))));
  const Case fresh("HTTP/1.1 304 Not Modified\r\nCache-Control: no-store\r\n\r\n");
  Draft updated;
  CHECK(fresh.maker().update(*old, fresh.head, updated) == StoreVerdict::no_store);
}

TEST_CASE("field lines are read back as they were written") {
  std::array<wire::Field, 2> storage;
  wire::Fields fields{std::span(storage)};
  REQUIRE(read_field_lines("A: 1\r\nContent-Type: text/css\r\n", fields));
  CHECK(fields[0].name == "A");
  CHECK(fields.value(wire::KnownField::content_type) == "text/css");
  CHECK(!read_field_lines("B: 2\r\n", fields));
}

}  // namespace weir::edge
