#include "wire/forwarded.h"

#include <array>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace weir::wire {
namespace {

using Kind = ForwardedNode::Kind;

Result<std::vector<ForwardedElement>> forwarded(const std::vector<std::string_view>& values) {
  std::array<Field, 8> storage;
  Fields fields(storage);
  for (const std::string_view value : values)
    fields.push("Forwarded", value);
  std::array<ForwardedElement, 4> out;
  const auto count = parse_forwarded(fields, out);
  if (!count) return std::unexpected(count.error());
  return std::vector(out.begin(), out.begin() + static_cast<ptrdiff_t>(*count));
}

std::string x_forwarded_for(std::string_view value) {
  std::array<Field, 1> storage;
  Fields fields(storage);
  fields.push("X-Forwarded-For", value);
  std::array<ForwardedNode, 3> out;
  const auto count = parse_x_forwarded_for(fields, out);
  if (!count) return count.error().code == ErrorCode::limit ? "limit" : "invalid";
  std::string names;
  for (size_t i = 0; i < *count; ++i)
    names += std::string(out[i].name) + "|" + std::string(out[i].port) + " ";
  return names;
}

}  // namespace

TEST_CASE("Forwarded is read across fields, whatever the case, order and quotes") {
  const auto elements = forwarded(
      {"for=192.0.2.43, For=\"[2001:db8::17]:4711\";proto=http;by=_p", ";Host=\"a,b;c\" ;x=y"});
  REQUIRE(elements);
  REQUIRE(elements->size() == 3);
  CHECK((*elements)[0].client == "192.0.2.43");
  CHECK((*elements)[0].proto.empty());
  CHECK((*elements)[1].client == "[2001:db8::17]:4711");
  CHECK((*elements)[1].proto == "http");
  CHECK((*elements)[1].by == "_p");
  CHECK((*elements)[2].host == "a,b;c");
}

TEST_CASE("broken Forwarded is refused") {
  for (const char* value : {"for", "for=", "for =a", "for= a", "for=a=b", "for=\"a", "for=a;for=b",
                            "for=\"a\\b\"", "for=\"a\"b", "=a", "for=[::1]", "for=a b"}) {
    const auto elements = forwarded({value});
    CHECK_MESSAGE(!elements, value);
    if (!elements) CHECK(elements.error().code == ErrorCode::invalid);
  }
  CHECK(forwarded({"for=a,for=b", "for=c,for=d,for=e"}).error().code == ErrorCode::limit);
}

TEST_CASE("nodes are addresses, unknown or made-up names, with a port or without") {
  struct Row {
    const char* text;
    Kind kind;
    const char* name;
    const char* port;
  };
  const Row rows[] = {{"192.0.2.1", Kind::ipv4, "192.0.2.1", ""},
                      {"192.0.2.1:80", Kind::ipv4, "192.0.2.1", "80"},
                      {"[::1]", Kind::ipv6, "::1", ""},
                      {"[::1]:_port", Kind::ipv6, "::1", "_port"},
                      {"unknown", Kind::unknown, "unknown", ""},
                      {"_gaze.11-L", Kind::obfuscated, "_gaze.11-L", ""}};
  for (const Row& row : rows) {
    const auto node = parse_forwarded_node(row.text);
    REQUIRE_MESSAGE(node, row.text);
    CHECK(node->kind == row.kind);
    CHECK(node->name == row.name);
    CHECK(node->port == row.port);
  }
  for (const char* text :
       {"", "::1", "[::1", "[]", "1.2.3", "1.2.3.4.5", "1.2.3.04", "example.org", "_",
        "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:a", "[::1]80", "_a~", "[1.2.3.4]"})
    CHECK_MESSAGE(!parse_forwarded_node(text), text);
}

TEST_CASE("X-Forwarded-For takes bare IPv6 addresses, too") {
  CHECK(x_forwarded_for("1.2.3.4, ::1 ,[::2]:80") == "1.2.3.4| ::1| ::2|80 ");
  CHECK(x_forwarded_for("").empty());
  CHECK(x_forwarded_for("1.2.3.4, evil") == "invalid");
  CHECK(x_forwarded_for("1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1") == "limit");
}

TEST_CASE("a written element reads back, quoted where it must be") {
  Buffer out;
  append_forwarded(out, {.by = "_edge", .client = "[::1]:80", .host = "a.b:1", .proto = "https"});
  CHECK(out.view() == "by=_edge;for=\"[::1]:80\";host=\"a.b:1\";proto=https");
  const auto elements = forwarded({out.view()});
  REQUIRE(elements);
  CHECK((*elements)[0].client == "[::1]:80");
  CHECK((*elements)[0].host == "a.b:1");
}

}  // namespace weir::wire
