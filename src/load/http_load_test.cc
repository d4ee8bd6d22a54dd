// Loads over real sockets against a small server of our own, on each reactor.
#include "load/http_load.h"

#include <cstdlib>
#include <unistd.h>

#include <doctest/doctest.h>

#include "net/http_server.h"
#include "runtime/socket.h"
#include "runtime/threads.h"
#include "settings/load.h"
#include "wire/http1_chunked.h"
#include "wire/http1_write.h"

namespace weir::load {
namespace {

using runtime::ReactorKind;

// Answers by path: /ok /chunked /slow (50 ms) /stall (0.4 s, once a server) /error /cut /last.
class Answers final : public net::HttpHandler {
 public:
  runtime::Task<> handle(net::HttpExchange& exchange) override {
    const std::string_view path = exchange.head.path;
    if (path == "/slow") co_await wait(exchange, milliseconds(50));
    if (path == "/stall" && ++stall_count_ == 100) {
      // Nobody on this shard is answered meanwhile.
      const MonoTime end = runtime::read_monotonic_clock() + milliseconds(400);
      while (runtime::read_monotonic_clock() < end) {
      }
    }
    if (path == "/cut") co_return exchange.abort();
    if (path == "/last") exchange.close_after();
    Buffer& out = exchange.out();
    if (path == "/hint") out.append("HTTP/1.1 103 Early Hints\r\n\r\n");
    wire::append_status_line(out, path == "/error" ? 503 : 200);
    if (path == "/chunked") {
      out.append("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
      co_await exchange.flush();
      co_return wire::append_last_chunk(out);
    }
    wire::append_content_length(out, 3);
    exchange.append_connection_field();
    out.append("\r\nabc");
  }
  void reject(net::HttpExchange& exchange, uint16_t status, const char*) override {
    wire::append_status_line(exchange.out(), status);
    exchange.out().append("Content-Length: 0\r\nConnection: close\r\n\r\n");
  }

 private:
  static runtime::Task<> wait(net::HttpExchange& exchange, Duration time) {
    (void)co_await runtime::sleep(exchange.reactor(), exchange.wait_at_most(time));
  }
  int stall_count_ = 0;
};

class Server {
 public:
  explicit Server(ReactorKind kind)
      : fd_(*runtime::open_listener(*Address::parse("127.0.0.1:0"), 512)) {
    runtime::ThreadOptions options{.cores = {0}, .pin = false, .reactor = {}};
    options.reactor.kind = kind;
    threads_ =
        *runtime::Threads::start(options, [this](runtime::Shard& shard) { return run(shard); });
  }
  ~Server() {
    threads_->close();
    CHECK(threads_->join(seconds(5)));
    ::close(fd_);
  }
  Address address() const { return runtime::local_of(fd_); }

 private:
  runtime::Task<> run(runtime::Shard& shard) {
    Answers answers;
    telemetry::Recorder recorder;
    net::HttpServer server(shard, group_, answers, settings::defaults(net::http_server_settings()),
                           recorder);
    co_await server.run(fd_);
  }
  int fd_;
  net::HttpServerGroup group_{1};
  std::unique_ptr<runtime::Threads> threads_;
};

std::vector<ReactorKind> reactor_kinds() {
  std::vector<ReactorKind> kinds{ReactorKind::epoll};
  runtime::ReactorOptions options;
  options.kind = ReactorKind::io_uring;
  const char* only = std::getenv("WEIR_REACTOR");
  const bool epoll_only = only && std::string_view(only) == "epoll";
  if (!epoll_only && runtime::Reactor::make(options, 1)) kinds.push_back(ReactorKind::io_uring);
  return kinds;
}

void ignore(std::string_view) {}

// The words of a command line as options for this server.
LoadOptions options_for(const Address& address, std::string_view path,
                        std::vector<std::string> words) {
  words.insert(words.begin(), "--url=http://" + address.to_string() + std::string(path));
  const auto arguments = settings::parse_flags(load_commands().front(), words);
  REQUIRE(arguments.has_value());
  const auto options = load_options(*arguments);
  REQUIRE_MESSAGE(options.has_value(), options.error());
  return *options;
}

LoadReport run(const LoadOptions& options, ReactorKind kind,
               const std::atomic<bool>* stop = nullptr) {
  runtime::ReactorOptions reactor;
  reactor.kind = kind;
  const auto report = run_http_load(options, {ignore, ignore, false, stop}, reactor);
  REQUIRE_MESSAGE(report.has_value(), report.error());
  return *report;
}

// Every measured request ends in exactly one way.
void check_sums(const LoadReport& report) {
  const LoadTotals& totals = report.totals;
  CHECK(totals.requests == totals.answered() + totals.failed() + totals.missed);
  CHECK(totals.latency.count() == totals.answered());
}

}  // namespace

TEST_CASE("an open loop sends what it was asked to, by the clock, and all of it is accounted for") {
  for (const ReactorKind kind : reactor_kinds()) {
    Server server(kind);
    const LoadOptions options = options_for(server.address(), "/ok",
                                            {"--rate=2000", "--arrival=uniform", "--duration=1s",
                                             "--warmup=100ms", "--connections=20"});
    const LoadReport report = run(options, kind);
    check_sums(report);
    CHECK(report.totals.requests == 2000);
    CHECK(report.totals.ok() == 2000);
    CHECK(report.totals.errors() == 0);
    CHECK(report.totals.requests_total == 2200);
    CHECK(report.totals.answered_total == 2200);
    CHECK(report.totals.connections == 20);
    CHECK(report.measured == seconds(1));
    CHECK(report.totals.bytes_sent == 2200 * options.request_bytes.size());
  }
}

TEST_CASE("a closed loop keeps each connection busy") {
  for (const ReactorKind kind : reactor_kinds()) {
    Server server(kind);
    const LoadReport report =
        run(options_for(server.address(), "/slow",
                        {"--duration=500ms", "--warmup=0s", "--connections=8"}),
            kind);
    check_sums(report);
    // Eight at a time, 50 ms each (a server's timer may be two milliseconds late).
    CHECK(report.totals.requests >= 8 * 6);
    CHECK(report.totals.requests <= 8 * 11);
    CHECK(report.totals.latency.quantile(0.5) >= 49'000'000);
  }
}

TEST_CASE("the number of requests can be bounded exactly") {
  for (const ReactorKind kind : reactor_kinds()) {
    Server server(kind);
    for (const char* rate : {"--rate=5000", "--method=HEAD"}) {
      const LoadReport report = run(options_for(server.address(), "/last",
                                                {rate, "--max-requests=101", "--warmup=0s",
                                                 "--connections=4", "--duration=5s"}),
                                    kind);
      check_sums(report);
      CHECK(report.totals.requests == 101);
      CHECK(report.totals.ok() == 101);
      CHECK(report.totals.connections >= 100);  // each answer was its connection's last
    }
  }
}

TEST_CASE("a stall of the server is charged for every request that was due meanwhile") {
  for (const ReactorKind kind : reactor_kinds()) {
    Server server(kind);
    const LoadReport report =
        run(options_for(server.address(), "/stall",
                        {"--rate=500", "--duration=2s", "--warmup=0s", "--connections=2"}),
            kind);
    check_sums(report);
    // 0.4 of 2 s: a fifth of all were due while nobody answered, and waited 0.2 s on average.
    CHECK(report.totals.latency.quantile(0.95) > 200'000'000);
    CHECK(report.totals.latency.max > 350'000'000);
    CHECK(report.totals.waited > 100);
  }
}

TEST_CASE("what is due while all connections are busy waits, and is missed when too much waits") {
  for (const ReactorKind kind : reactor_kinds()) {
    Server server(kind);
    const LoadReport report =
        run(options_for(server.address(), "/slow",
                        {"--rate=400", "--arrival=uniform", "--duration=1s", "--warmup=0s",
                         "--connections=1", "--queue=5", "--timeout=10s"}),
            kind);
    check_sums(report);
    CHECK(report.totals.requests == 400);
    CHECK(report.totals.missed > 340);
    CHECK(report.totals.missed < 395);
    CHECK(report.totals.errors() == report.totals.missed);
    // Five wait before it, 50 ms each.
    CHECK(report.totals.latency.quantile(0.9) > 240'000'000);
  }
}

TEST_CASE("requests that wait or take too long time out, sent or not") {
  for (const ReactorKind kind : reactor_kinds()) {
    Server server(kind);
    const LoadReport report = run(options_for(server.address(), "/slow",
                                              {"--rate=100", "--duration=500ms", "--warmup=0s",
                                               "--connections=1", "--timeout=20ms"}),
                                  kind);
    check_sums(report);
    CHECK(report.totals.answered() == 0);
    CHECK(report.totals.failures[static_cast<size_t>(Failure::timed_out)] ==
          report.totals.requests);
  }
}

TEST_CASE("chunked bodies, interim answers and errors are told apart") {
  for (const ReactorKind kind : reactor_kinds()) {
    Server server(kind);
    const std::vector<std::string> words{"--max-requests=50", "--warmup=0s", "--connections=4"};
    CHECK(run(options_for(server.address(), "/chunked", words), kind).totals.ok() == 50);
    CHECK(run(options_for(server.address(), "/hint", words), kind).totals.ok() == 50);
    const LoadReport error = run(options_for(server.address(), "/error", words), kind);
    CHECK(error.totals.by_class[5] == 50);
    CHECK(error.totals.errors() == 50);
    const LoadReport cut = run(options_for(server.address(), "/cut", words), kind);
    check_sums(cut);
    CHECK(cut.totals.failed() == 50);
    CHECK(cut.totals.failures[static_cast<size_t>(Failure::reset)] +
              cut.totals.failures[static_cast<size_t>(Failure::closed)] ==
          50);
  }
}

TEST_CASE("the wish to stop ends a run early, with a report") {
  for (const ReactorKind kind : reactor_kinds()) {
    Server server(kind);
    const LoadOptions options =
        options_for(server.address(), "/ok", {"--rate=1000", "--duration=1m", "--warmup=0s"});
    std::atomic<bool> stop{false};
    const MonoTime begin = runtime::read_monotonic_clock();
    std::thread later([&stop] {
      timespec pause{.tv_sec = 0, .tv_nsec = 400'000'000};
      nanosleep(&pause, nullptr);
      stop.store(true);
    });
    const LoadReport report = run(options, kind, &stop);
    later.join();
    check_sums(report);
    CHECK(report.ended_early);
    CHECK(runtime::read_monotonic_clock() - begin < seconds(5));
    CHECK(report.measured < seconds(3));
    CHECK(report.totals.ok() > 100);
    CHECK(report.requests_per_s() == doctest::Approx(1000).epsilon(0.3));
  }
}

TEST_CASE("nobody listening is said at once") {
  const int fd = *runtime::open_listener(*Address::parse("127.0.0.1:0"), 1);
  const Address address = runtime::local_of(fd);
  ::close(fd);
  for (const ReactorKind kind : reactor_kinds()) {
    runtime::ReactorOptions reactor;
    reactor.kind = kind;
    const auto report = run_http_load(options_for(address, "/", {"--rate=10"}),
                                      {ignore, ignore, false, nullptr}, reactor);
    REQUIRE(!report.has_value());
    CHECK(report.error() == "cannot connect to " + address.to_string() + ": Connection refused");
  }
}

TEST_CASE("several shards share rate, connections and bounds") {
  for (const ReactorKind kind : reactor_kinds()) {
    Server server(kind);
    LoadOptions options = options_for(
        server.address(), "/ok",
        {"--rate=1000", "--arrival=uniform", "--duration=1s", "--warmup=0s", "--connections=7"});
    options.cores = {0, 0};
    const LoadReport report = run(options, kind);
    check_sums(report);
    CHECK(report.totals.requests == 1000);
    CHECK(report.totals.connections == 7);
  }
}

}  // namespace weir::load
