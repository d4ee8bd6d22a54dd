// The demo site over real sockets, on each reactor.
#include "demo/demo_server.h"

#include <array>
#include <cstdlib>
#include <ctime>
#include <string>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "base/units.h"
#include "demo/demo_origin.h"
#include "demo/demo_paths.h"
#include "runtime/socket.h"
#include "wire/http1_chunked.h"

namespace weir::demo {
namespace {

using runtime::ReactorKind;

// A blocking client of one connection.
class Client {
 public:
  explicit Client(const Address& server) : fd_(*runtime::open_client_socket(server)) {
    const timeval limit{.tv_sec = 8, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    REQUIRE(::connect(fd_, server.sockaddr_pointer(), server.sockaddr_size()) == 0);
  }
  ~Client() { ::close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(std::string_view bytes) {
    REQUIRE(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
  }
  // At most `max` bytes more; empty at the end. `broken` says whether it was a reset.
  std::string read_some(size_t max = 65536) {
    std::string bytes(max, '\0');
    const ssize_t got = ::recv(fd_, bytes.data(), bytes.size(), 0);
    broken = got < 0;
    bytes.resize(got < 0 ? 0 : static_cast<size_t>(got));
    return bytes;
  }
  std::string read_to_end() {
    std::string all;
    for (std::string bytes = read_some(); !bytes.empty(); bytes = read_some())
      all += bytes;
    return all;
  }

  bool broken = false;

 private:
  int fd_;
};

struct Answer {
  std::string head;
  std::string body;
  bool broken = false;
  bool has(std::string_view text) const { return head.find(text) != head.npos; }
  std::string field(std::string_view name) const {
    const size_t at = head.find("\r\n" + std::string(name) + ": ");
    if (at == head.npos) return {};
    const size_t from = at + name.size() + 4;
    return head.substr(from, head.find("\r\n", from) - from);
  }
};

// `fields` are whole lines.
Answer ask(const Address& server, std::string_view line, std::string_view fields = "",
           std::string_view body = "") {
  Client client(server);
  client.send(std::string(line) + " HTTP/1.1\r\nHost: demo\r\nConnection: close\r\n" +
              std::string(fields) + "\r\n" + std::string(body));
  const std::string all = client.read_to_end();
  const size_t end = all.find("\r\n\r\n");
  if (end == all.npos) return {all, "", client.broken};
  return {all.substr(0, end + 2), all.substr(end + 4), client.broken};
}

std::string decode_chunks(std::string_view bytes) {
  wire::ChunkedDecoder decoder;
  std::string body;
  for (;;) {
    const auto step = decoder.next(bytes);
    bytes.remove_prefix(step.consumed);
    body += step.data;
    if (step.event == wire::ChunkedDecoder::Event::done) return body;
    if (step.event != wire::ChunkedDecoder::Event::data) return "<torn>";
  }
}

std::vector<std::unique_ptr<DemoServer>> servers() {
  std::vector<std::unique_ptr<DemoServer>> all;
  const char* only = std::getenv("WEIR_REACTOR");
  for (const ReactorKind kind : {ReactorKind::io_uring, ReactorKind::epoll}) {
    if (kind == ReactorKind::io_uring && only && std::string_view(only) == "epoll") continue;
    runtime::ReactorOptions options;
    options.kind = kind;
    if (auto server = DemoServer::start(Address::v4(0x7f000001, 0), options))
      all.push_back(*std::move(server));
  }
  REQUIRE(!all.empty());
  return all;
}

}  // namespace

TEST_CASE("every kept part is answered with validators, and 304 to those who have it") {
  for (const auto& server : servers()) {
    for (const Kept& kept : make_site()) {
      CAPTURE(kept.path);
      const std::string get = "GET " + std::string(kept.path);
      const Answer whole = ask(server->address(), get);
      CHECK(whole.has("HTTP/1.1 200 OK\r\n"));
      CHECK(whole.field("Content-Type") == kept.content_type);
      CHECK(whole.field("Cache-Control") == kept.cache_control);
      CHECK(whole.field("ETag") == kept.etag);
      CHECK(whole.field("Content-Length") == std::to_string(kept.body.size()));
      CHECK(whole.body == kept.body);

      const Answer head = ask(server->address(), "HEAD " + std::string(kept.path));
      CHECK(head.field("Content-Length") == std::to_string(kept.body.size()));
      CHECK(head.body.empty());

      const Answer same =
          ask(server->address(), get, "If-None-Match: \"x\", W/" + kept.etag + "\r\n");
      CHECK(same.has("HTTP/1.1 304 Not Modified\r\n"));
      CHECK(same.field("ETag") == kept.etag);
      CHECK(same.body.empty());
      const Answer since = ask(server->address(), get,
                               "If-Modified-Since: " + whole.field("Last-Modified") + "\r\n");
      CHECK(since.has(" 304 "));
      CHECK(ask(server->address(), get, "If-None-Match: \"other\"\r\n").has(" 200 "));
    }
  }
}

TEST_CASE("the page links to nothing that is not there") {
  for (const auto& server : servers()) {
    std::string_view page = make_site().front().body;
    const std::string copy(page = ask(server->address(), "GET /").body);
    size_t links = 0;
    for (size_t at = copy.find("=\"/"); at != copy.npos; at = copy.find("=\"/", at + 1)) {
      const std::string target = copy.substr(at + 2, copy.find('"', at + 2) - at - 2);
      if (target == "/stream" || target.starts_with("/slow") || target.starts_with("/fail"))
        continue;
      CAPTURE(target);
      const Answer answer = ask(server->address(), "HEAD " + target);
      CHECK((answer.has(" 200 ") || answer.has(" 103 ") || target.starts_with("/status/")));
      ++links;
    }
    CHECK(links > 10);
  }
}

TEST_CASE("the API tells the time, lists headers, and echoes bodies of both framings") {
  for (const auto& server : servers()) {
    const Address& at = server->address();
    CHECK(ask(at, "GET /api/time").body.find("\"unix_ms\":") != std::string::npos);
    const Answer headers = ask(at, "GET /api/echo?x=1", "X-Test: yes\r\n");
    CHECK(headers.body.find("[\"X-Test\",\"yes\"]") != std::string::npos);
    CHECK(headers.body.find("\"target\":\"/api/echo?x=1\"") != std::string::npos);

    const Answer sized = ask(at, "POST /api/echo", "Content-Length: 5\r\n", "hello");
    CHECK(decode_chunks(sized.body) == "hello");
    const Answer chunked = ask(at, "PUT /api/echo", "Transfer-Encoding: chunked\r\n",
                               "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
    CHECK(decode_chunks(chunked.body) == "abcdefg");
  }
}

TEST_CASE("an echo comes back while it is being sent, behind a 100 Continue") {
  for (const auto& server : servers()) {
    Client client(server->address());
    client.send(
        "POST /api/echo HTTP/1.1\r\nHost: d\r\nExpect: 100-continue\r\n"
        "Content-Length: 10\r\n\r\n");
    CHECK(client.read_some() == "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("first");
    std::string so_far;
    while (so_far.find("first") == so_far.npos) {
      const std::string more = client.read_some();
      REQUIRE(!more.empty());
      so_far += more;
    }
    CHECK(so_far.starts_with("HTTP/1.1 200 OK\r\n"));
    client.send("after");
    while (!so_far.ends_with("0\r\n\r\n")) {
      const std::string more = client.read_some();
      REQUIRE(!more.empty());
      so_far += more;
    }
    CHECK(so_far.find("after") != so_far.npos);
  }
}

TEST_CASE("a large body is as long as asked and the same every time, and its bound holds") {
  for (const auto& server : servers()) {
    const Answer large = ask(server->address(), "GET /large?bytes=3000001");
    CHECK(large.body.size() == 3000001);
    CHECK(large.body.substr(0, 65536) == large.body.substr(65536, 65536));
    CHECK(ask(server->address(), "GET /large?bytes=0").field("Content-Length") == "0");
    CHECK(ask(server->address(), "GET /large?bytes=1073741825").has(" 400 "));
    CHECK(ask(server->address(), "GET /large?bytes=x").has(" 400 "));
    const Answer head = ask(server->address(), "HEAD /large?bytes=1073741824");
    CHECK(head.field("Content-Length") == "1073741824");
    CHECK(head.body.empty());
  }
}

TEST_CASE("a client that leaves inside a large body does not hold the server up") {
  for (const auto& server : servers()) {
    {
      Client client(server->address());
      client.send("GET /large?bytes=1073741824 HTTP/1.1\r\nHost: d\r\n\r\n");
      CHECK(!client.read_some().empty());
    }
    CHECK(ask(server->address(), "GET /api/time").has(" 200 "));
    server->stop(seconds(2));
  }
}

TEST_CASE("a stream sends fifty lines, one at a time") {
  for (const auto& server : servers()) {
    Client client(server->address());
    client.send("GET /stream HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n");
    std::string all;
    size_t reads = 0;
    for (std::string more = client.read_some(); !more.empty(); more = client.read_some(), ++reads)
      all += more;
    const std::string body = decode_chunks(std::string_view(all).substr(all.find("\r\n\r\n") + 4));
    CHECK(std::ranges::count(body, '\n') == 50);
    CHECK(body.find("line 50 of 50") != body.npos);
    CHECK(reads > 25);
  }
}

TEST_CASE("slow answers come late, and say how late") {
  for (const auto& server : servers()) {
    const MonoTime start = runtime::read_monotonic_clock();
    const Answer slow = ask(server->address(), "GET /slow?ms=120");
    CHECK(runtime::read_monotonic_clock() - start >= milliseconds(120));
    CHECK(slow.body == "{\"waited_ms\":120}\n");
    CHECK(ask(server->address(), "GET /slow?ms=soon").has(" 400 "));
  }
}

TEST_CASE("any status can be had, with the fields that belong to it") {
  for (const auto& server : servers()) {
    const Address& at = server->address();
    CHECK(ask(at, "GET /status/418").has("HTTP/1.1 418 "));
    CHECK(ask(at, "GET /status/503").field("Retry-After") == "1");
    CHECK(ask(at, "GET /status/302").field("Location") == "/");
    CHECK(ask(at, "GET /status/204").body.empty());
    CHECK(ask(at, "GET /status/204").field("Content-Length").empty());
    CHECK(ask(at, "GET /status/205").field("Content-Length") == "0");
    for (const char* bad :
         {"GET /status/101", "GET /status/600", "GET /status/abc", "GET /status/"})
      CHECK(ask(at, bad).has("HTTP/1.1 400 "));
  }
}

TEST_CASE("early hints come before the answer") {
  for (const auto& server : servers()) {
    const Answer answer = ask(server->address(), "GET /early-hints");
    CHECK(answer.has("HTTP/1.1 103 Early Hints\r\nLink: </styles.css>; rel=preload"));
    CHECK(answer.body.starts_with("HTTP/1.1 200 OK\r\n"));
  }
}

TEST_CASE("broken answers break: one by a reset, one by an early end") {
  for (const auto& server : servers()) {
    const Answer reset = ask(server->address(), "GET /fail/reset");
    CHECK(reset.field("Content-Length") == "65536");
    CHECK(reset.broken);
    CHECK(reset.body.size() == 16384);
    const Answer cut = ask(server->address(), "GET /fail/short");
    CHECK(cut.field("Content-Length") == "65536");
    CHECK(!cut.broken);
    CHECK(cut.body.size() == 16384);
  }
}

TEST_CASE("what is not there is 404, what cannot be done is 405, as page or as JSON") {
  for (const auto& server : servers()) {
    const Address& at = server->address();
    const Answer page = ask(at, "GET /nowhere");
    CHECK(page.has("HTTP/1.1 404 Not Found"));
    CHECK(page.field("Content-Type").starts_with("text/html"));
    const Answer json = ask(at, "GET /nowhere", "Accept: application/json\r\n");
    CHECK(json.body == "{\"status\":404,\"message\":\"The demo site has no such page.\"}");
    CHECK(ask(at, "DELETE /styles.css").field("Allow") == "GET, HEAD");
    CHECK(ask(at, "POST /api/time").has(" 405 "));
  }
}

TEST_CASE("pipelined requests are answered in order on one connection") {
  for (const auto& server : servers()) {
    Client client(server->address());
    client.send(
        "GET /status/201 HTTP/1.1\r\nHost: d\r\n\r\nGET /slow?ms=20 HTTP/1.1\r\nHost: "
        "d\r\n\r\nGET /status/202 HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n");
    const std::string all = client.read_to_end();
    const size_t first = all.find("HTTP/1.1 201"), second = all.find("waited_ms"),
                 third = all.find("HTTP/1.1 202");
    CHECK(first == 0);
    CHECK(second != all.npos);
    CHECK((second < third && third != all.npos));
  }
}

TEST_CASE("an HTTP/1.0 client gets a stream that ends with the connection") {
  for (const auto& server : servers()) {
    Client client(server->address());
    client.send("POST /api/echo HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc");
    const std::string all = client.read_to_end();
    CHECK(all.ends_with("\r\n\r\nabc"));
    CHECK(all.find("chunked") == all.npos);
  }
}

TEST_CASE("stopping ends long answers within its limit") {
  for (const auto& server : servers()) {
    Client client(server->address());
    client.send("GET /slow?ms=30000 HTTP/1.1\r\nHost: d\r\n\r\n");
    ask(server->address(), "GET /api/time");
    const MonoTime start = runtime::read_monotonic_clock();
    server->stop(milliseconds(50));
    CHECK(runtime::read_monotonic_clock() - start < seconds(3));
    client.read_to_end();
  }
}

TEST_CASE("the demo origin listens on loopback only") {
  const auto server = DemoServer::start(*Address::parse("0.0.0.0:0"));
  REQUIRE(!server.has_value());
  CHECK(server.error().code == ErrorCode::invalid);
}

TEST_CASE("numbers are found in queries, and only where they stand alone") {
  CHECK(query_number("", "ms", 7) == 7);
  CHECK(query_number("ms=5", "ms", 7) == 5);
  CHECK(query_number("a=1&ms=9&b=2", "ms", 7) == 9);
  CHECK(query_number("xms=9", "ms", 7) == 7);
  CHECK(query_number("ms", "ms", 7) == 7);
  CHECK(query_number("ms=", "ms", 7) == std::nullopt);
  CHECK(query_number("ms=-1", "ms", 7) == std::nullopt);
}

TEST_CASE("the gradient is a PNG whose checksums are right") {
  // The IEND chunk is the same in every PNG.
  const std::string png = make_gradient_png(3, 2);
  CHECK(png.starts_with("\x89PNG\r\n\x1a\n"));
  CHECK(png.ends_with(std::string("\0\0\0\0IEND\xae\x42\x60\x82", 12)));
  CHECK(make_gradient_png(256, 256).size() > 192 * KiB);
}

}  // namespace weir::demo
