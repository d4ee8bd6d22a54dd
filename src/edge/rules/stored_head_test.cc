#include "edge/rules/stored_head.h"

#include <doctest/doctest.h>

#include "edge/rules/head_test_kit.h"

namespace weir::edge {
namespace {

std::string lines_of(const wire::Fields& fields) {
  std::string out;
  for (const wire::Field& field : fields)
    out += std::string(field.name) + ": " + std::string(field.value) + "\n";
  return out;
}

std::string stored(std::string_view response) {
  const TestFields fields(response);
  const StorableFields storable(fields, response_directives(fields));
  std::array<wire::Field, 64> storage;
  wire::Fields kept(storage);
  for (const wire::Field& field : fields.get())
    if (storable(field)) kept.push(field);
  return lines_of(kept);
}

std::string merged(std::string_view old_head, std::string_view fresh) {
  const TestFields old_fields(old_head), new_fields(fresh);
  std::array<wire::Field, 64> storage;
  wire::Fields out(storage);
  CHECK(merge_heads(old_fields, new_fields, response_directives(new_fields), out));
  return lines_of(out);
}

HeadEffect effect(uint16_t status, std::string_view answer, std::string_view old_head,
                  std::optional<uint64_t> length = 10) {
  const TestFields old_fields(old_head);
  return head_effect(status, TestFields(answer), validators_of(old_fields), length);
}

}  // namespace

TEST_CASE("fields of one connection, for a proxy and about one request are not kept (3.1)") {
  CHECK(stored("A: 1\nConnection: b, c\nB: 2\nC: 3\nKeep-Alive: x\nD: 4") == "A: 1\nD: 4\n");
  for (const char* name : {"Connection", "Keep-Alive", "Proxy-Authenticate",
                           "Proxy-Authentication-Info", "Proxy-Authorization", "Proxy-Connection",
                           "TE", "Transfer-Encoding", "Upgrade", "Age", "Cache-Status"})
    CHECK_MESSAGE(stored(std::string(name) + ": x").empty(), name);
  for (const char* name : {"Cache-Control",
                           "Content-Encoding",
                           "Content-Length",
                           "Content-Location",
                           "Content-MD5",
                           "Content-Range",
                           "Content-Security-Policy",
                           "Content-Type",
                           "Clear-Site-Data",
                           "ETag",
                           "Expires",
                           "Public-Key-Pins",
                           "Set-Cookie",
                           "Set-Cookie2",
                           "X-Frame-Options",
                           "Date",
                           "Vary",
                           "X-XSS-Protection",
                           "Content-Foo",
                           "Trailer"})
    CHECK_MESSAGE(stored(std::string(name) + ": x") == std::string(name) + ": x\n", name);
}

TEST_CASE("fields that no-cache and private name are not kept") {
  CHECK(stored("Cache-Control: no-cache=\"a, B\"\nA: 1\nb: 2\nC: 3\nCache-Control: max-age=9") ==
        "Cache-Control: no-cache=\"a, B\"\nC: 3\nCache-Control: max-age=9\n");
  CHECK(stored("Cache-Control: private=\"Set-Cookie\", max-age=9\nSet-Cookie: a=b") ==
        "Cache-Control: private=\"Set-Cookie\", max-age=9\n");
  CHECK(stored("CDN-Cache-Control: private=\"a\"\nCache-Control: private=\"b\"\nA: 1\nB: 2") ==
        "CDN-Cache-Control: private=\"a\"\nCache-Control: private=\"b\"\nB: 2\n");
}

TEST_CASE("a 304 replaces fields name by name and leaves the rest (RFC 9111 3.2)") {
  CHECK(merged("A: 1\nB: 2\na: 3", "A: 9") == "B: 2\nA: 9\n");
  CHECK(merged("A: 1", "B: 2\nB: 3") == "A: 1\nB: 2\nB: 3\n");
  CHECK(merged("Set-Cookie: a=b\nSet-Cookie: c=d", "Set-Cookie: a=c") == "Set-Cookie: a=c\n");
  for (const char* name : {"Test-Header", "Content-Foo", "Cache-Control", "Content-Location",
                           "Content-Type", "Expires", "Content-Security-Policy", "Set-Cookie",
                           "X-Frame-Options", "Date", "Vary", "Last-Modified"})
    CHECK_MESSAGE(
        merged(std::string(name) + ": a", std::string(name) + ": b") == std::string(name) + ": b\n",
        name);
}

TEST_CASE("a 304 does not change how the stored bytes are read") {
  for (const char* name : {"Content-Length", "Content-Encoding", "Content-Range", "ETag",
                           "Content-MD5", "content-digest", "Repr-Digest", "Digest"}) {
    const std::string old_line = std::string(name) + ": a";
    CHECK_MESSAGE(merged(old_line, std::string(name) + ": b") == old_line + "\n", name);
    CHECK_MESSAGE(merged("A: 1", old_line) == "A: 1\n", name);
  }
  CHECK(merged("A: 1", "Connection: b\nB: 2\nAge: 5") == "A: 1\n");
}

TEST_CASE("heads that do not fit together are told so") {
  std::array<wire::Field, 2> storage;
  wire::Fields out(storage);
  const TestFields stored_fields("A: 1\nB: 2"), fresh("C: 3");
  CHECK(!merge_heads(stored_fields, fresh, {}, out));
}

TEST_CASE("the answer to a HEAD updates what it fits and makes void what it does not (4.3.5)") {
  CHECK(effect(200, "X: y", "ETag: \"a\"") == HeadEffect::update);
  CHECK(effect(200, "ETag: \"a\"\nContent-Length: 10", "ETag: \"a\"") == HeadEffect::update);
  CHECK(effect(200, "ETag: \"b\"", "ETag: \"a\"") == HeadEffect::invalidate);
  CHECK(effect(200, "Last-Modified: b", "Last-Modified: a") == HeadEffect::invalidate);
  CHECK(effect(200, "Content-Length: 11", "X: y") == HeadEffect::invalidate);
  CHECK(effect(200, "Content-Length: 11", "X: y", std::nullopt) == HeadEffect::update);
  CHECK(effect(200, "Content-Length: x", "X: y") == HeadEffect::update);
  for (const uint16_t status : std::initializer_list<uint16_t>{304, 404, 410, 500, 204})
    CHECK(effect(status, "ETag: \"b\"", "ETag: \"a\"") == HeadEffect::none);
}

}  // namespace weir::edge
