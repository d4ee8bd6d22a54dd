#include "edge/rules/storable.h"

#include <set>

#include <doctest/doctest.h>

#include "edge/rules/head_test_kit.h"

namespace weir::edge {
namespace {

using enum StoreVerdict;
using wire::RequestMethod;

struct Case {
  uint16_t status = 200;
  RequestFacts request;
  CachePolicy policy;
  bool content_location_is_target = false;
  wire::BodyFraming framing{};

  StoreVerdict verdict(const std::string& lines) const {
    TestResponse response(status, lines);
    response.head.framing = framing;
    const ResponseDirectives directives = response_directives(response.head.fields);
    const Lifetime found = lifetime({response.head, directives, request, policy, "/", test_wall});
    return may_store(
        {request, response.head, directives, found, policy, content_location_is_target});
  }
};

}  // namespace

TEST_CASE("what the answer says decides (RFC 9111 3)") {
  struct Row {
    const char* lines;
    StoreVerdict expected;
  };
  for (const Row& row : {
           Row{"Cache-Control: max-age=3600", store},
           Row{"Cache-Control: no-store", no_store},
           Row{"Cache-Control: max-age=10000, no-store", no_store},
           Row{"Cache-Control: private, max-age=3600", private_answer},
           Row{"Cache-Control: private=\"x\", max-age=3600", store},
           Row{"Cache-Control: max-age=3600, x=\"", malformed},
           Row{"Cache-Control: max-age=3600, no-store, must-understand", store},
           Row{"Cache-Control: max-age=10000, no-cache", no_lifetime},
           Row{"Cache-Control: no-cache\nETag: \"a\"", store},
           Row{"Cache-Control: max-age=0", no_lifetime},
           Row{"Cache-Control: max-age=0, stale-while-revalidate=9", store},
           Row{"Cache-Control: max-age=0\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT", store},
           Row{"X: y", no_lifetime},
           Row{"ETag: \"a\"", store},
           Row{"Cache-Control: max-age=1\nSet-Cookie: a=b", store},
           Row{"Set-Cookie: a=b", set_cookie},
           Row{"Set-Cookie: a=b\nETag: \"a\"", set_cookie},
           Row{"Cache-Control: no-cache, max-age=9\nSet-Cookie: a=b\nETag: \"a\"", set_cookie},
           Row{"Cache-Control: max-age=0\nSet-Cookie: a=b\nETag: \"a\"", set_cookie},
           Row{"CDN-Cache-Control: max-age=10000\nCache-Control: no-store", store},
           Row{"CDN-Cache-Control: no-store\nCache-Control: max-age=10000", no_store},
           Row{"CDN-Cache-Control: max-age=\"10000\"\nCache-Control: no-store", no_lifetime},
           Row{"CDN-Cache-Control: max-age=10000, &\nCache-Control: no-store", no_store},
       })
    CHECK_MESSAGE(to_string(Case{}.verdict(row.lines)) == to_string(row.expected), row.lines);
}

TEST_CASE("any final status with a lifetime of its own is stored, whatever its class") {
  for (const uint16_t status :
       std::initializer_list<uint16_t>{200, 203, 204, 299, 301, 302, 303, 307, 308, 400, 404, 410,
                                       499, 500, 502, 503, 504, 599, 999}) {
    CHECK(Case{.status = status}.verdict("Cache-Control: max-age=9") == store);
    CHECK(Case{.status = status}.verdict("Expires: Fri, 31 Dec 9999 23:59:59 GMT") == store);
  }
  for (const uint16_t status : std::initializer_list<uint16_t>{102, 103, 304, 416})
    CHECK(Case{.status = status}.verdict("Cache-Control: max-age=9") == StoreVerdict::status);
}

TEST_CASE("without a lifetime of its own only a status that is cacheable by default is stored") {
  const std::string day_ago = "Last-Modified: Tue, 24 Nov 2026 12:00:00 GMT\n";
  for (const uint16_t status :
       std::initializer_list<uint16_t>{200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501})
    CHECK(Case{.status = status}.verdict(day_ago) == store);
  for (const uint16_t status :
       std::initializer_list<uint16_t>{201, 202, 302, 403, 502, 503, 504, 599, 999}) {
    CHECK(Case{.status = status}.verdict(day_ago) == StoreVerdict::status);
    CHECK(Case{.status = status}.verdict(day_ago + "Cache-Control: public") == store);
  }
}

TEST_CASE("must-understand keeps out what we do not know (RFC 9111 5.2.2.3)") {
  const char* both = "Cache-Control: max-age=3600, no-store, must-understand";
  CHECK(Case{.status = 599}.verdict(both) == not_understood);
  CHECK(Case{.status = 404}.verdict(both) == store);
  CHECK(Case{.status = 599}.verdict("Cache-Control: max-age=9, must-understand") == not_understood);
}

TEST_CASE("answers to requests with Authorization need leave to be shared (RFC 9111 3.5)") {
  const Case c{.request = {.has_authorization = true}};
  CHECK(c.verdict("Cache-Control: max-age=3600") == authorization);
  CHECK(c.verdict("Expires: Fri, 31 Dec 9999 23:59:59 GMT") == authorization);
  CHECK(c.verdict("CDN-Cache-Control: max-age=3600\nCache-Control: public") == authorization);
  for (const char* leave : {"public", "must-revalidate", "s-maxage=9"})
    CHECK(c.verdict("Cache-Control: max-age=3600, " + std::string(leave)) == store);
}

TEST_CASE("what may be one person's is only stored where an entity tag tells whose it is") {
  const std::string day_ago = "Last-Modified: Tue, 24 Nov 2026 12:00:00 GMT\n";
  Case c{.request = {.has_cookie = true}};
  for (const Duration default_ttl : {Duration::zero(), Duration(minutes(5))}) {
    c.policy.default_ttl = default_ttl;
    CHECK(c.verdict("X: y") == personal);
    CHECK(c.verdict(day_ago) == personal);
    CHECK(c.verdict(day_ago + "ETag: \"a\"") == store);
    CHECK(c.verdict("Cache-Control: max-age=9") == store);
    CHECK(c.verdict("Cache-Control: max-age=0\n" + day_ago) == store);
  }
  const Case trusted{.request = {.has_authorization = true}};
  CHECK(trusted.verdict("Cache-Control: public\n" + day_ago) == personal);
}

TEST_CASE("that one with a cookie could not be stored says nothing to those without") {
  CHECK(reason_without_force(false) == to_string(personal));
  CHECK(reason_without_force(true).empty());
  CHECK(!has_credentials(TestFields("Accept: a")));
  for (const char* credentials : {"Cookie: a=b", "Authorization: a"})
    CHECK(has_credentials(TestFields(credentials)));
}

TEST_CASE("only GET fills the cache, and POST where its answer is the content of its own URL") {
  for (const RequestMethod method :
       {RequestMethod::head, RequestMethod::put, RequestMethod::delete_, RequestMethod::options,
        RequestMethod::patch, RequestMethod::other})
    CHECK(Case{.request = {.method = method}}.verdict("Cache-Control: max-age=9") ==
          StoreVerdict::method);
  Case post{.request = {.method = RequestMethod::post}};
  CHECK(post.verdict("Cache-Control: max-age=9") == StoreVerdict::method);
  post.content_location_is_target = true;
  CHECK(post.verdict("Cache-Control: max-age=9") == store);
  CHECK(post.verdict("Last-Modified: Tue, 24 Nov 2026 12:00:00 GMT") == StoreVerdict::method);
  post.status = 201;
  CHECK(post.verdict("Cache-Control: max-age=9") == StoreVerdict::method);
}

TEST_CASE("the request may forbid it, where the site listens to requests") {
  Case c{.request = {.no_store = true}};
  CHECK(c.verdict("Cache-Control: max-age=9") == request_no_store);
  c.policy.obey_requests = false;
  CHECK(c.verdict("Cache-Control: max-age=9") == store);
}

TEST_CASE("what varies by things that keys cannot hold is not stored") {
  const std::string fresh = "Cache-Control: max-age=9\n";
  for (const char* vary : {"Vary: *", "Vary: *, *", "Vary: , *", "Vary: Foo, *", "Vary: *, Foo",
                           "Vary:\nVary: *", "Vary: Foo\nVary: *", "Vary: \"", "Vary: a b"})
    CHECK_MESSAGE(Case{}.verdict(fresh + vary) == vary_any, vary);
  std::string many = fresh + "Vary: a0";
  for (int i = 1; i < 17; ++i)
    many += ", a" + std::to_string(i);
  CHECK(Case{}.verdict(many) == vary_limit);
  CHECK(Case{}.verdict(fresh + "Vary: Accept-Encoding\nContent-Encoding: gzip") == store);
  CHECK(Case{}.verdict(fresh + "Vary: accept-encoding\nContent-Encoding: deflate") ==
        unknown_coding);
  CHECK(Case{}.verdict(fresh + "Content-Encoding: deflate") == store);
}

TEST_CASE("a 206 is stored when it says clearly which bytes it has") {
  const std::string fresh = "Cache-Control: max-age=9\n";
  Case c{.status = 206, .request = {.has_range = true}};
  c.framing = {wire::BodyFraming::Kind::content_length, 5};
  CHECK(c.verdict(fresh + "Content-Range: bytes 0-4/10") == store);
  for (const char* wrong :
       {"X: y", "Content-Range: bytes 5-9/*", "Content-Range: bytes 0-5/10",
        "Content-Range: bytes */10", "Content-Range: lines 0-4/10", "Content-Range: bytes 5-4/10",
        "Content-Range: bytes 0-10/10", "Content-Range: bytes 0-1/9\nContent-Range: bytes 0-2/9",
        "Content-Type: multipart/byteranges; boundary=x"})
    CHECK_MESSAGE(c.verdict(fresh + wrong) == partial, wrong);
  c.request.has_range = false;
  CHECK(c.verdict(fresh + "Content-Range: bytes 0-4/10") == partial);
}

TEST_CASE("the site may keep out answers with Set-Cookie, too many tags, and a lifetime of zero") {
  Case c;
  c.policy.set_cookie = SetCookiePolicy::never;
  CHECK(c.verdict("Cache-Control: max-age=9\nSet-Cookie: a=b") == set_cookie);
  std::string tags = "Cache-Control: max-age=9\nSurrogate-Key: t";
  for (int i = 0; i < 127; ++i)
    tags += " t" + std::to_string(i);
  CHECK(Case{}.verdict(tags) == store);
  CHECK(Case{}.verdict(tags + " one-more") == StoreVerdict::tags);
  c.policy.lifetimes = {{.path = {}, .ttl = Duration::zero()}};
  CHECK(c.verdict("Cache-Control: max-age=9") == zero_ttl);
}

TEST_CASE("what is about one request says nothing about the next one for the same thing") {
  for (const uint16_t status : std::initializer_list<uint16_t>{206, 304, 400, 403, 406, 408, 412,
                                                               413, 416, 417, 421, 429, 431})
    CHECK(is_about_request(status, StoreVerdict::status));
  for (const uint16_t status :
       std::initializer_list<uint16_t>{200, 302, 401, 404, 405, 410, 414, 451, 501})
    CHECK(!is_about_request(status, StoreVerdict::status));
  for (const StoreVerdict verdict :
       {authorization, request_no_store, bypass, StoreVerdict::method, variant_limit})
    CHECK(is_about_request(200, verdict));
  for (const StoreVerdict verdict : {no_store, private_answer, vary_any, no_lifetime, zero_ttl})
    CHECK(!is_about_request(200, verdict));
}

TEST_CASE("what a confirmation forbids to keep is what the origin or the site says of all") {
  for (const StoreVerdict verdict : {no_store, private_answer, vary_any, set_cookie, zero_ttl})
    CHECK(forbids_keeping(verdict));
  for (const StoreVerdict verdict : {store, authorization, personal, no_lifetime, request_no_store})
    CHECK(!forbids_keeping(verdict));
}

TEST_CASE("every verdict has a name of its own, which is a token") {
  std::set<std::string_view> names;
  CHECK(verdict_named("no-room").empty());
  for (int i = 0; i <= static_cast<int>(zero_ttl); ++i) {
    const std::string_view name = to_string(static_cast<StoreVerdict>(i));
    CHECK(!name.empty());
    CHECK(names.insert(name).second);
    CHECK(verdict_named(std::string(name)) == name);
  }
}

}  // namespace weir::edge
