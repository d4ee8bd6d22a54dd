#include "edge/rules/validators.h"

#include <doctest/doctest.h>

#include "edge/rules/head_test_kit.h"

namespace weir::edge {
namespace {

constexpr const char* modified = "Wed, 25 Nov 2026 11:00:00 GMT";  // an hour before test_date

// Evaluates `request` on a stored answer with these fields: "proceed", "304" or "origin", with "!"
// when If-Range does not hold.
std::string outcome(std::string_view stored, std::string_view request, uint16_t status = 200) {
  const TestFields answer(stored), asked(request);
  const PreconditionResult result =
      evaluate(asked, {status, validators_of(answer), test_wall}, test_wall);
  const char* names[] = {"proceed", "304", "origin"};
  return names[static_cast<size_t>(result.outcome)] + std::string(result.range_applies ? "" : "!");
}

std::string asked_with(std::string_view stored) {
  Buffer out;
  const TestFields answer(stored);
  append_validation_fields(out, validators_of(answer));
  return std::string(out.view());
}

bool confirmed(std::string_view stored, std::string_view not_modified) {
  const TestFields answer(stored);
  return confirms(TestFields(not_modified), validators_of(answer));
}

}  // namespace

TEST_CASE("entity tags are quoted, weak ones marked with W/ (RFC 9110 8.8.3)") {
  const auto tag = [](std::string_view text) { return parse_entity_tag(text); };
  CHECK(tag("\"a\"").valid);
  CHECK(!tag("\"a\"").weak);
  CHECK(tag("W/\"a\"").valid);
  CHECK(tag("W/\"a\"").weak);
  CHECK(tag("W/\"a\"").opaque == "\"a\"");
  CHECK(tag("\"\"").valid);
  CHECK(tag("\"a\xc3\xbc\"").valid);
  for (const char* broken :
       {"a", "w/\"a\"", "W\\\"a\"", "W\"a\"", "\"a", "\"", "\"a\"b\"", "\"a b\"", "W/a", "'a'"}) {
    CHECK_MESSAGE(!tag(broken).valid, broken);
    CHECK_MESSAGE(!tag(broken).weak, broken);
    CHECK_MESSAGE(tag(broken).opaque == broken, broken);
  }
  CHECK(!tag("").exists());
}

TEST_CASE("strong comparison needs two strong tags, weak comparison does not (8.8.3.2)") {
  struct Row {
    const char *a, *b;
    bool strong, weak;
  };
  for (const Row& row : {
           Row{"W/\"1\"", "W/\"1\"", false, true},
           Row{"W/\"1\"", "W/\"2\"", false, false},
           Row{"W/\"1\"", "\"1\"", false, true},
           Row{"\"1\"", "\"1\"", true, true},
           Row{"\"1\"", "\"2\"", false, false},
           Row{"1", "1", false, true},
           Row{"1", "\"1\"", false, false},
           Row{"", "", false, false},
       }) {
    const EntityTag a = parse_entity_tag(row.a), b = parse_entity_tag(row.b);
    CHECK(strongly_equal(a, b) == row.strong);
    CHECK(strongly_equal(b, a) == row.strong);
    CHECK(weakly_equal(a, b) == row.weak);
    CHECK(weakly_equal(b, a) == row.weak);
  }
}

TEST_CASE("If-None-Match with a tag of ours is answered 304 (RFC 9110 13.1.2)") {
  for (const char* match : {"\"abcdef\"", "*", "W/\"abcdef\"", "\"abcdef\", \"1234\", \"5678\"",
                            "\"1234\", \"abcdef\", \"5678\"", "\"1234\",\"5678\",  \"abcdef\"",
                            ",, \"abcdef\"", "x, \"a,b\", \"abcdef\""})
    CHECK_MESSAGE(outcome("ETag: \"abcdef\"", "If-None-Match: " + std::string(match)) == "304",
                  match);
  for (const char* other : {"\"abcde\"", "abcdef", "", "\"abcdef", "w/\"abcdef\"", "\"x\", *"})
    CHECK_MESSAGE(outcome("ETag: \"abcdef\"", "If-None-Match: " + std::string(other)) == "proceed",
                  other);
  CHECK(outcome("ETag: W/\"abcdef\"", "If-None-Match: W/\"abcdef\"") == "304");
  CHECK(outcome("ETag: \"\\\"", "If-None-Match: \"x\", \"\\\", \"y\"") == "304");
  CHECK(outcome("ETag: \"b\"", "If-None-Match: \"\\\",W/\"a,\" , \"b\"") == "304");
  CHECK(outcome("ETag: \"b\"", "If-None-Match: \"a, \"b\"") == "proceed");
  CHECK(outcome("ETag: abcdef", "If-None-Match: abcdef") == "304");
  CHECK(outcome("X: y", "If-None-Match: \"a\"") == "proceed");
  CHECK(outcome("X: y", "If-None-Match: *") == "304");
  CHECK(outcome("ETag: \"b\"", "If-None-Match: \"a\"\nIf-None-Match: \"b\"") == "304");
}

TEST_CASE("If-Modified-Since counts where there is no If-None-Match (13.1.3)") {
  const std::string stored = "Last-Modified: " + std::string(modified);
  const auto since = [](std::string_view date) {
    return "If-Modified-Since: " + std::string(date);
  };
  CHECK(outcome(stored, since(modified)) == "304");
  CHECK(outcome(stored, since("Wed, 25 Nov 2026 11:30:00 GMT")) == "304");
  CHECK(outcome(stored, since("Wednesday, 25-Nov-26 11:00:00 GMT")) == "304");
  CHECK(outcome(stored, since("Wed Nov 25 11:00:00 2026")) == "304");
  CHECK(outcome(stored, since("Wed, 25 Nov 2026 10:59:59 GMT")) == "proceed");
  for (const char* wrong : {"", "0", "yesterday", "Wed, 25 Nov 2026 11:00:00 UTC"})
    CHECK_MESSAGE(outcome(stored, since(wrong)) == "proceed", wrong);
  CHECK(outcome(stored, since(modified) + "\n" + since(modified)) == "proceed");
  const std::string both = stored + "\nETag: \"a\"\n";
  CHECK(outcome(both, since(modified) + "\nIf-None-Match: \"b\"") == "proceed");
  CHECK(outcome(both, since("Mon, 07 Nov 1994 08:49:37 GMT") + "\nIf-None-Match: \"a\"") == "304");
}

TEST_CASE("without Last-Modified the Date of the copy counts, or when it came (RFC 9111 4.3.2)") {
  const std::string dated = "Date: " + std::string(test_date);
  CHECK(outcome(dated, "If-Modified-Since: " + std::string(test_date)) == "304");
  CHECK(outcome(dated, "If-Modified-Since: " + std::string(modified)) == "proceed");
  CHECK(outcome("X: y", "If-Modified-Since: " + std::string(test_date)) == "304");
  CHECK(outcome("X: y", "If-Modified-Since: " + std::string(modified)) == "proceed");
}

TEST_CASE("what our copy fails of If-Match and If-Unmodified-Since is the origin's to decide") {
  const std::string stored = "ETag: \"a\"\nLast-Modified: " + std::string(modified);
  CHECK(outcome(stored, "If-Match: \"a\"") == "proceed");
  CHECK(outcome(stored, "If-Match: \"b\", \"a\"") == "proceed");
  CHECK(outcome(stored, "If-Match: *") == "proceed");
  CHECK(outcome(stored, "If-Match: \"b\"") == "origin");
  CHECK(outcome("ETag: W/\"a\"", "If-Match: W/\"a\"") == "origin");
  CHECK(outcome("X: y", "If-Match: \"a\"") == "origin");
  CHECK(outcome(stored, "If-Unmodified-Since: " + std::string(modified)) == "proceed");
  CHECK(outcome(stored, "If-Unmodified-Since: Mon, 07 Nov 1994 08:49:37 GMT") == "origin");
  CHECK(outcome("X: y", "If-Unmodified-Since: " + std::string(modified)) == "origin");
  CHECK(outcome(stored, "If-Unmodified-Since: x") == "proceed");
  // If-Match comes before If-Unmodified-Since and before If-None-Match (RFC 9110 13.2.2).
  CHECK(outcome(stored, "If-Match: \"a\"\nIf-Unmodified-Since: Mon, 07 Nov 1994 08:49:37 GMT") ==
        "proceed");
  CHECK(outcome(stored, "If-Match: \"b\"\nIf-None-Match: \"a\"") == "origin");
  CHECK(outcome(stored, "If-Match: \"a\"\nIf-None-Match: \"a\"") == "304");
}

TEST_CASE("If-Range lets a range through on a strong validator only (13.1.5)") {
  const std::string stored =
      "ETag: \"a\"\nLast-Modified: " + std::string(modified) + "\nDate: " + std::string(test_date);
  CHECK(outcome(stored, "If-Range: \"a\"") == "proceed");
  CHECK(outcome(stored, "If-Range: \"b\"") == "proceed!");
  CHECK(outcome("ETag: W/\"a\"", "If-Range: W/\"a\"") == "proceed!");
  CHECK(outcome(stored, "If-Range: " + std::string(modified)) == "proceed");
  CHECK(outcome(stored, "If-Range: Wed, 25 Nov 2026 11:00:01 GMT") == "proceed!");
  CHECK(outcome(stored, "If-Range: x") == "proceed!");
  CHECK(outcome(stored, "If-Range: \"a\"\nIf-Range: \"a\"") == "proceed!");
  // Changed in the very minute in which it was made: it may have changed again in that second.
  CHECK(outcome("Last-Modified: " + std::string(test_date) + "\nDate: " + std::string(test_date),
                "If-Range: " + std::string(test_date)) == "proceed!");
}

TEST_CASE("preconditions are looked at on successes alone (13.2.1)") {
  for (const uint16_t status : std::initializer_list<uint16_t>{301, 404, 500, 599})
    CHECK(outcome("ETag: \"a\"", "If-None-Match: \"a\"", status) == "proceed");
  CHECK(outcome("ETag: \"a\"", "If-None-Match: \"a\"", 206) == "304");
  CHECK(!has_precondition(TestFields("Range: bytes=0-1\nETag: \"a\"")));
  CHECK(has_precondition(TestFields("If-Range: \"a\"")));
  CHECK(is_precondition(wire::KnownField::if_modified_since));
  CHECK(!is_precondition(wire::KnownField::range));
}

TEST_CASE("the origin is asked with every validator that the copy has (RFC 9111 4.3.1)") {
  CHECK(asked_with("ETag: \"a\"") == "If-None-Match: \"a\"\r\n");
  CHECK(asked_with("ETag: W/\"a\"\nLast-Modified: x") ==
        "If-None-Match: W/\"a\"\r\nIf-Modified-Since: x\r\n");
  CHECK(asked_with("ETag: abc") == "If-None-Match: abc\r\n");
  CHECK(asked_with("X: y").empty());
}

TEST_CASE("a 304 confirms the copy that it names, or that it was asked about (RFC 9111 4.3.4)") {
  CHECK(confirmed("ETag: \"a\"", "ETag: \"a\""));
  CHECK(confirmed("ETag: W/\"a\"", "ETag: \"a\""));
  CHECK(!confirmed("ETag: \"a\"", "ETag: \"b\""));
  CHECK(!confirmed("ETag: \"a\"\nLast-Modified: x", "ETag: \"b\"\nLast-Modified: x"));
  CHECK(confirmed("ETag: \"a\"\nLast-Modified: x", "Last-Modified: x"));
  CHECK(!confirmed("Last-Modified: x", "Last-Modified: z"));
  CHECK(confirmed("ETag: \"a\"", "X: y"));
  CHECK(confirmed("Last-Modified: x", "ETag: \"new\""));
}

TEST_CASE("parts are of the same bytes when a strong validator says so (RFC 9110 14.4)") {
  const auto same = [](std::string_view a, std::string_view b) {
    const TestFields one(a), two(b);
    return same_bytes(validators_of(one), validators_of(two), test_wall);
  };
  const std::string dated =
      "Last-Modified: " + std::string(modified) + "\nDate: " + std::string(test_date);
  const std::string hasty =
      "Last-Modified: " + std::string(test_date) + "\nDate: " + std::string(test_date);
  CHECK(same("ETag: \"a\"", "ETag: \"a\""));
  CHECK(!same("ETag: \"a\"", "ETag: \"b\""));
  CHECK(!same("ETag: W/\"a\"", "ETag: W/\"a\""));
  CHECK(!same("ETag: a", "ETag: a"));
  CHECK(same(dated, dated));
  CHECK(!same(hasty, hasty));
  CHECK(!same("ETag: \"a\"\n" + dated, dated));
  CHECK(!same("X: y", "X: y"));
}

TEST_CASE("a 304 of ours has what a cache needs, and nothing of the body (RFC 9110 15.4.5)") {
  const auto kept = [](std::string_view name, bool tag) {
    return belongs_in_304({name, "", wire::known_field(name)}, tag);
  };
  for (const char* name : {"Cache-Control", "Content-Location", "Date", "ETag", "Expires", "Vary",
                           "Set-Cookie", "X-Own"})
    CHECK_MESSAGE(kept(name, true), name);
  for (const char* name : {"Content-Length", "Content-Type", "Content-Encoding", "Content-Range",
                           "Content-Language", "Transfer-Encoding"})
    CHECK_MESSAGE(!kept(name, true), name);
  CHECK(!kept("Last-Modified", true));
  CHECK(kept("Last-Modified", false));
}

}  // namespace weir::edge
