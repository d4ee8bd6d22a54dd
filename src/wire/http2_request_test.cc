#include "wire/http2_request.h"

#include <array>
#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "wire/http2_test_kit.h"

namespace weir::wire {
namespace {

using Kind = BodyFraming::Kind;

struct Read {
  Http2Block block;
  Buffer joined;
  std::array<Field, 100> storage;
  RequestHead head{storage};
  HeadFault fault;
};

std::unique_ptr<Read> read(const test::NameValues& fields, bool ended = true,
                           const HeadLimits& limits = {}) {
  auto made = std::make_unique<Read>();
  for (const auto& [name, value] : fields)
    made->block.add(name, value);
  made->fault = read_http2_request(made->block, ended, limits, made->joined, made->head);
  return made;
}

// A GET with these fields behind its own.
test::NameValues with(const test::NameValues& more) {
  test::NameValues all = test::get_fields();
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

int refusal(const test::NameValues& fields, bool ended = true) {
  return read(fields, ended)->fault.http_status;
}

}  // namespace

TEST_CASE("a request of HTTP/2 reads like one of HTTP/1.1") {
  const auto made = read({{":method", "POST"},
                          {":scheme", "https"},
                          {":authority", "example.org:8443"},
                          {":path", "/a/b?x=1"},
                          {"content-length", "5"},
                          {"accept", "*/*"}},
                         false);
  const RequestHead& head = made->head;
  REQUIRE_FALSE(made->fault);
  CHECK(head.method == RequestMethod::post);
  CHECK(head.method_text == "POST");
  CHECK(head.scheme == Scheme::https);
  CHECK(head.form == TargetForm::origin);
  CHECK(head.target == "/a/b?x=1");
  CHECK(head.path == "/a/b");
  CHECK(head.query == "x=1");
  CHECK(head.host.host == "example.org");
  CHECK(head.host.port == 8443);
  CHECK(head.fields.value(KnownField::host) == "example.org:8443");
  CHECK(head.fields.value(KnownField::accept) == "*/*");
  CHECK(head.framing.kind == Kind::content_length);
  CHECK(head.framing.length == 5);
  CHECK(head.minor_version == 1);
  CHECK(head.keep_alive);
}

TEST_CASE("a body of unknown length is shown as chunked, and none as none") {
  CHECK(read(test::get_fields("/", "POST"), false)->head.framing.kind == Kind::chunked);
  CHECK(read(test::get_fields("/", "POST"), true)->head.framing.kind == Kind::none);
}

TEST_CASE("Cookie fields become one, where the first stood") {
  const auto made =
      read(with({{"cookie", "a=1"}, {"accept", "x"}, {"cookie", "b=2"}, {"cookie", "c=3"}}));
  REQUIRE_FALSE(made->fault);
  REQUIRE(made->head.fields.size() == 3);
  CHECK(made->head.fields[0].value == "a=1; b=2; c=3");
  CHECK(made->head.fields[1].name == "accept");
  CHECK_FALSE(made->head.fields.repeated(KnownField::cookie));
}

TEST_CASE("what two readers could take for different messages is refused") {
  CHECK(refusal(with({{"host", "other.org"}})) == 400);
  CHECK(refusal(with({{"host", "example.org"}, {"host", "example.org"}})) == 400);
  CHECK(refusal(with({{"transfer-encoding", "chunked"}})) == 400);
  CHECK(refusal(with({{"connection", "close"}})) == 400);
  CHECK(refusal(with({{"keep-alive", "1"}})) == 400);
  CHECK(refusal(with({{"upgrade", "h2c"}})) == 400);
  CHECK(refusal(with({{"te", "gzip"}})) == 400);
  CHECK(refusal(with({{"content-length", "5"}, {"content-length", "5"}}), false) == 400);
  CHECK(refusal(with({{"content-length", "+5"}}), false) == 400);
  CHECK(refusal(with({{"content-length", "5"}}), true) == 400);
  CHECK(refusal(with({{"x", "a\r\nhost: evil"}})) == 400);
  CHECK(refusal(with({{"x", std::string("a\0b", 3)}})) == 400);
  CHECK(refusal(with({{"bad name", "a"}})) == 400);
}

TEST_CASE("pseudo-header fields stand once and are complete") {
  CHECK(refusal(with({{":path", "/again"}})) == 400);
  CHECK(refusal(with({{":status", "200"}})) == 400);
  CHECK(refusal({{":method", "GET"}, {":scheme", "http"}, {":path", "/"}}) == 400);
  CHECK(refusal({{":scheme", "http"}, {":authority", "a"}, {":path", "/"}}) == 400);
  CHECK(refusal({{":method", "GET"}, {":scheme", "ftp"}, {":authority", "a"}, {":path", "/"}}) ==
        400);
  CHECK(refusal(test::get_fields("")) == 400);
  CHECK(refusal(test::get_fields("no-slash")) == 400);
  CHECK(refusal(test::get_fields("*")) == 400);
  CHECK(refusal(test::get_fields("/ space HTTP/1.1")) == 400);
  CHECK(refusal(test::get_fields("/#fragment")) == 400);
  CHECK(refusal(test::get_fields("*", "OPTIONS")) == 0);
  CHECK(refusal({{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"host", "a"}}) == 0);
  CHECK(refusal(
            {{":method", "GET"}, {":scheme", "http"}, {":authority", "user@a"}, {":path", "/"}}) ==
        400);
}

TEST_CASE("a CONNECT is understood, so that the service can refuse it") {
  const auto made = read({{":method", "CONNECT"}, {":authority", "a:443"}}, false);
  REQUIRE_FALSE(made->fault);
  CHECK(made->head.form == TargetForm::authority);
  CHECK(made->head.host.port == 443);
}

TEST_CASE("heads beyond the limits are refused with the status that says so") {
  const HeadLimits limits{.line_bytes_max = 20, .field_bytes_max = 20, .fields_max = 3};
  CHECK(read(test::get_fields("/" + std::string(20, 'a')), true, limits)->fault.http_status == 414);
  CHECK(read(with({{"x", std::string(20, 'a')}}), true, limits)->fault.http_status == 431);
  CHECK(read(with({{"a", ""}, {"b", ""}, {"c", ""}, {"d", ""}}), true, limits)->fault.http_status ==
        431);
  const auto fits = read(test::get_fields());
  const auto size = static_cast<uint32_t>(fits->block.size());
  CHECK_FALSE(read(test::get_fields(), true, {.head_bytes_max = size})->fault);
  CHECK(read(test::get_fields(), true, {.head_bytes_max = size - 1})->fault.http_status == 431);
  auto made = std::make_unique<Read>();
  made->block.add(":method", "GET");
  made->block.cut_here();
  CHECK(read_http2_request(made->block, true, {}, made->joined, made->head).http_status == 431);
  CHECK(made->head.fields.empty());
}

TEST_CASE("a refused head leaves nothing behind") {
  const auto made = read(with({{"connection", "close"}}));
  CHECK(made->head.fields.empty());
  CHECK(made->head.host.text.empty());
  CHECK(made->head.method == RequestMethod::other);
}

TEST_CASE("Expect is 100-continue, or refused") {
  CHECK(read(with({{"expect", "100-continue"}}), false)->head.expect_continue);
  CHECK(refusal(with({{"expect", "more"}}), false) == 417);
}

}  // namespace weir::wire
