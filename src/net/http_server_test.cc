// How HttpServer accepts and stops, on both kernel back ends.
#include "net/http_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "net/client_test_kit.h"
#include "settings/load.h"

namespace weir::net {
namespace {

using runtime::Task;

class NoContent final : public HttpHandler {
 public:
  Task<> handle(HttpExchange& exchange) override {
    exchange.out().append("HTTP/1.1 204 No Content\r\n");
    exchange.append_connection_field();
    exchange.out().append("\r\n");
    return Task<>::done();
  }
  void reject(HttpExchange& exchange, uint16_t, const char*) override { exchange.abort(); }
};

// A client that has connected and asked, and waits for the answer.
int ask(const Address& server) {
  const int fd = *runtime::open_client_socket(server);
  REQUIRE(::connect(fd, server.sockaddr_pointer(), server.sockaddr_size()) == 0);
  constexpr std::string_view request = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";
  REQUIRE(::send(fd, request.data(), request.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(request.size()));
  return fd;
}

// What has come by now; empty when the connection was reset.
std::string answer_to(int fd) {
  char bytes[1024];
  const ssize_t size = ::recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
  ::close(fd);
  return size > 0 ? std::string(bytes, static_cast<size_t>(size)) : std::string();
}

}  // namespace

TEST_CASE("whoever is queued when the drain begins is answered, be it more than the backlog says") {
  constexpr int queued = 12;
  HttpServerSettings settings = settings::defaults(http_server_settings());
  settings.backlog = queued / 4;
  for (const runtime::ReactorKind kind : test::reactor_kinds()) {
    CAPTURE(static_cast<int>(kind));
    test::OneShard one(kind);
    NoContent handler;
    telemetry::Recorder recorder;
    HttpServerGroup group(1);
    HttpServer server(one.shard(), group, handler, settings, recorder);
    const int listening = *runtime::open_listener(*Address::parse("127.0.0.1:0"), queued);
    std::vector<int> clients;
    for (int i = 0; i < queued; ++i)
      clients.push_back(ask(runtime::local_of(listening)));
    one.shard().draining().request();
    one.run(server.run(listening));
    ::close(listening);
    for (const int client : clients)
      CHECK(answer_to(client).starts_with("HTTP/1.1 204 "));
  }
}

}  // namespace weir::net
