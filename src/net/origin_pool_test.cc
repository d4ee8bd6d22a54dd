#include "net/origin_pool.h"

#include <latch>

#include "net/tls_origin_kit.h"
#include "runtime/threads.h"

namespace weir::net::test {
namespace {

using runtime::StreamPtr;

// Answers after a moment, so that requests overlap.
Task<> slow_script(StreamPtr& stream, int) {
  while (!(co_await hear(*stream, "\r\n\r\n")).empty()) {
    co_await pause(stream->reactor(), milliseconds(10));
    co_await say(*stream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  }
}

// Answers when the test says so.
bool may_answer;

Task<> held_script(StreamPtr& stream, int) {
  while (!(co_await hear(*stream, "\r\n\r\n")).empty()) {
    while (!may_answer)
      co_await pause(stream->reactor(), milliseconds(1));
    co_await say(*stream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  }
}

Task<> get_into(OriginClient& client, Wait wait, std::vector<Result<Answer>>& answers) {
  answers.push_back(co_await get(client, wait));
}

// `count` requests at once, of which `refused` are answered before the origin may answer anything.
Task<> hold_and_get(Case& all, int count, size_t refused) {
  may_answer = false;
  std::vector<Result<Answer>> answers;
  runtime::Scope scope(all.reactor);
  for (int i = 0; i < count; ++i)
    scope.spawn(get_into(all.client, in_time(all.reactor), answers));
  for (int i = 0; i < 2000 && answers.size() < refused; ++i)
    co_await pause(all.reactor, milliseconds(1));
  CHECK(answers.size() == refused);
  for (const auto& answer : answers)
    CHECK((!answer && answer.error().code == ErrorCode::overloaded));
  may_answer = true;
  co_await scope.join();
  CHECK(answers.size() == static_cast<size_t>(count));
  CHECK(std::ranges::count_if(answers, [](const auto& one) { return one.has_value(); }) ==
        count - static_cast<int>(refused));
  CHECK(all.client.metrics().waiting_refused.value() == refused);
}

// `count` requests at a time.
Task<std::vector<Result<Answer>>> get_many(Case& all, int count, Duration within = seconds(5)) {
  std::vector<Result<Answer>> answers;
  runtime::Scope scope(all.reactor);
  for (int i = 0; i < count; ++i)
    scope.spawn(get_into(all.client, in_time(all.reactor, within), answers));
  co_await scope.join();
  co_return answers;
}

long good(const std::vector<Result<Answer>>& answers) {
  return std::ranges::count_if(answers, [](const auto& one) { return one.has_value(); });
}

}  // namespace

TEST_CASE("at the bound requests wait for a connection, and every one is served") {
  on_every_reactor(
      slow_script,
      [](Case& all) -> Task<> {
        const auto answers = co_await get_many(all, 12);
        CHECK(good(answers) == 12);
        CHECK(all.origin.connections() == 3);
        CHECK(all.client.metrics().waiting.value() == 0);
      },
      [](OriginSettings& s) { s.connections_max = 3; });
}

TEST_CASE("a full queue refuses at once, and who waits in it is served") {
  on_every_reactor(
      held_script, [](Case& all) -> Task<> { co_await hold_and_get(all, 8, 4); },
      [](OriginSettings& s) {
        s.connections_max = 1;
        s.waiting_max = 3;
        s.waiting_timeout = seconds(5);
      });
}

TEST_CASE("who waits too long for a connection is told so") {
  on_every_reactor(
      held_script, [](Case& all) -> Task<> { co_await hold_and_get(all, 3, 2); },
      [](OriginSettings& s) {
        s.connections_max = 1;
        s.waiting_max = 3;
        s.waiting_timeout = milliseconds(15);
      });
}

TEST_CASE("a connection that could not be made leaves its place to the next who waits") {
  on_every_reactor(
      [](StreamPtr& stream, int number) -> Task<> {
        if (number % 2 == 1) co_await slow_script(stream, number);
      },
      [](Case& all) -> Task<> {
        const auto answers = co_await get_many(all, 4);
        CHECK(good(answers) == 3);
      },
      [](OriginSettings& s) { s.connections_max = 1; });
}

TEST_CASE("an idle connection that the origin closes is noticed and not used") {
  on_every_reactor(
      [](StreamPtr& stream, int) -> Task<> {
        (void)co_await hear(*stream, "\r\n\r\n");
        co_await say(*stream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        co_await pause(stream->reactor(), milliseconds(5));
      },
      [](Case& all) -> Task<> {
        for (int i = 0; i < 3; ++i) {
          Result<Answer> answer = co_await get(all.client, in_time(all.reactor));
          REQUIRE(answer.has_value());
          CHECK(!answer->reused);
          CHECK(all.client.pool().idle_count() == 1);
          co_await pause(all.reactor, milliseconds(20));
        }
        CHECK(all.client.metrics().lost.value() == 2);
      });
}

TEST_CASE("bytes that nobody asked for make an idle connection useless") {
  on_every_reactor(
      [](StreamPtr& stream, int) -> Task<> {
        (void)co_await hear(*stream, "\r\n\r\n");
        co_await say(*stream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        co_await pause(stream->reactor(), milliseconds(5));
        co_await say(*stream, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
        (void)co_await hear(*stream, "never");
      },
      [](Case& all) -> Task<> {
        CHECK((co_await get(all.client, in_time(all.reactor))).has_value());
        co_await pause(all.reactor, milliseconds(20));
        Result<Answer> second = co_await get(all.client, in_time(all.reactor));
        REQUIRE(second.has_value());
        CHECK(second->body == "ok");
        CHECK(!second->reused);
      });
}

TEST_CASE(
    "connections that nobody uses are closed after their time, and no more are kept than may") {
  on_every_reactor(
      slow_script,
      [](Case& all) -> Task<> {
        CHECK(good(co_await get_many(all, 6)) == 6);
        CHECK(all.client.pool().idle_count() == 4);
        CHECK(all.share.connections() == 4);
        co_await pause(all.reactor, milliseconds(1100));
        CHECK(all.client.pool().idle_count() == 0);
        CHECK(all.share.connections() == 0);
      },
      [](OriginSettings& s) {
        s.idle_max = 4;
        s.idle_timeout = milliseconds(100);
      });
}

TEST_CASE("a request that met the end of an idle connection may be repeated, once") {
  // The first connection dies when the second request comes: no one could have seen it before.
  on_every_reactor(
      [](StreamPtr& stream, int number) -> Task<> {
        (void)co_await hear(*stream, "\r\n\r\n");
        co_await say(*stream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        (void)co_await hear(*stream, "\r\n\r\n");
        if (number == 0) co_return;
        co_await say(*stream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      },
      [](Case& all) -> Task<> {
        const Wait wait = in_time(all.reactor);
        CHECK((co_await get(all.client, wait)).has_value());
        auto exchange = co_await all.client.open(wait);
        REQUIRE(exchange.has_value());
        CHECK((*exchange)->reused());
        iovec parts[1] = {runtime::part("GET / HTTP/1.1\r\n\r\n")};
        (void)co_await (*exchange)->send(parts, wait);
        (*exchange)->request_complete();
        Result<Answer> answer = co_await read_answer(**exchange, wait);
        REQUIRE(!answer.has_value());
        FailedAttempt failed = (*exchange)->failed(answer.error());
        failed.idempotent = failed.body_replayable = true;
        CHECK(all.client.may_retry(failed, 1));
        CHECK(!all.client.may_retry(failed, 2));
        all.client.retried(failed, true);
        CHECK(all.client.metrics().retries.value() == 1);
        exchange->reset();
        CHECK(all.share.breaker().state(all.reactor.now()) == BreakerState::closed);
        CHECK((co_await get(all.client, wait)).has_value());
      },
      [](OriginSettings& s) { s.breaker.failures_in_row = 1; });
}

TEST_CASE("an origin that fails is left alone by its breaker, and tried again") {
  on_every_reactor(
      [](StreamPtr& stream, int number) -> Task<> {
        if (number >= 3) co_await slow_script(stream, number);
      },
      [](Case& all) -> Task<> {
        for (int i = 0; i < 3; ++i)
          CHECK(!(co_await get(all.client, in_time(all.reactor))).has_value());
        Result<Answer> refused = co_await get(all.client, in_time(all.reactor));
        REQUIRE(!refused.has_value());
        CHECK(refused.error().code == ErrorCode::breaker_open);
        CHECK(all.origin.connections() == 3);
        CHECK(all.client.metrics().breaker_refused.value() == 1);
        co_await pause(all.reactor, milliseconds(60));
        CHECK((co_await get(all.client, in_time(all.reactor))).has_value());
        CHECK(all.share.breaker().state(all.reactor.now()) == BreakerState::closed);
      },
      [](OriginSettings& s) {
        s.breaker.failures_in_row = 3;
        s.breaker.open_time = milliseconds(50);
        s.breaker.probes = 1;
      });
}

TEST_CASE("what the breaker refuses is no attempt, and to go elsewhere then is no retry") {
  on_every_reactor([](StreamPtr&, int) -> Task<> { co_return; },
                   [](Case& all) -> Task<> {
                     CHECK(!(co_await get(all.client, in_time(all.reactor))).has_value());
                     auto refused = co_await all.client.open(in_time(all.reactor));
                     REQUIRE(!refused.has_value());
                     FailedAttempt attempt = OriginClient::not_connected(refused.error());
                     CHECK(!all.client.may_retry(attempt, 0));
                     attempt.elsewhere = true;
                     for (size_t i = 0; i < 2 * static_cast<size_t>(RetryBudget::tokens_max); ++i)
                       CHECK(all.client.may_retry(attempt, 0));
                     all.client.retried(attempt, true);
                     CHECK(all.client.metrics().retries.value() == 0);
                     CHECK(all.client.metrics().retries_refused.value() == 0);
                   },
                   [](OriginSettings& s) { s.breaker.failures_in_row = 1; });
}

TEST_CASE("a retry that a breaker refuses takes nothing from those that come later") {
  on_every_reactor([](StreamPtr&, int) -> Task<> { co_return; },
                   [](Case& all) -> Task<> {
                     const FailedAttempt attempt{.error = ErrorCode::refused,
                                                 .body_replayable = true};
                     for (size_t i = 0; i < 2 * static_cast<size_t>(RetryBudget::tokens_max); ++i) {
                       CHECK(all.client.may_retry(attempt, 1));
                       all.client.retried(attempt, false);
                     }
                     CHECK(all.client.metrics().retries.value() == 0);
                     CHECK(all.client.metrics().retries_refused.value() == 0);
                     co_return;
                   });
}

namespace {

// An origin with a thread of its own, and clients of it on eight shards.
class Fleet {
 public:
  static constexpr size_t shards = 8;
  using Work = Task<> (*)(Fleet&, runtime::Shard&, OriginClient&);

  Fleet(ScriptedOrigin::Script script, Tuning tuning) : script_(script) {
    origin_threads_ = start(1, [this](runtime::Shard& shard) { return serve(*this, shard); });
    listening_.wait();
    OriginSettings settings = origin_with_defaults(url_);
    if (tuning) tuning(settings);
    share = *OriginShare::make(settings, shards);
  }

  // Every shard does `work`, until all have.
  void run(Work work) {
    auto threads = start(
        shards, [this, work](runtime::Shard& shard) { return client_main(*this, shard, work); });
    CHECK(threads->join(seconds(30)));
    threads.reset();
    origin_threads_->drain();
    CHECK(origin_threads_->join(seconds(5)));
    CHECK(share->connections() == 0);
  }
  Task<> wait_for_others(runtime::Shard& shard) {
    arrived_.fetch_add(1);
    while (arrived_.load() < shards)
      co_await pause(shard.reactor(), milliseconds(2));
  }

  std::shared_ptr<OriginShare> share;
  std::atomic<int> requests{0}, failures{0};
  std::atomic<uint64_t> opened{0}, handed_over{0};
  std::atomic<size_t> turn{0};
  std::atomic<uint32_t> most_connections{0};

 private:
  static std::unique_ptr<runtime::Threads> start(size_t count, runtime::Threads::Main main) {
    runtime::ThreadOptions options;
    options.cores.assign(count, 0);
    options.pin = false;
    options.reactor.kind = reactor_kinds().back();
    options.reactor.recv_buffers = 64;
    auto threads = runtime::Threads::start(options, std::move(main));
    REQUIRE(threads.has_value());
    return *std::move(threads);
  }
  static Task<> serve(Fleet& fleet, runtime::Shard& shard) {
    ScriptedOrigin origin(shard.reactor(), fleet.script_);
    fleet.url_ = origin.url();
    fleet.listening_.count_down();
    (void)co_await runtime::sleep(shard.reactor(), {never, &shard.draining()});
    co_await origin.stop();
  }
  static Task<> client_main(Fleet& fleet, runtime::Shard& shard, Work work) {
    LiteralResolver resolver;
    telemetry::Recorder recorder;
    OriginClient client(shard, fleet.share, resolver, recorder);
    co_await fleet.wait_for_others(shard);
    co_await work(fleet, shard, client);
    fleet.done_.fetch_add(1);
    while (fleet.done_.load() < shards)
      co_await pause(shard.reactor(), milliseconds(2));
    // Mail that is under way finds the pool stopping, or gone.
    co_await client.stop();
    fleet.opened.fetch_add(client.metrics().opened.value());
    fleet.handed_over.fetch_add(client.metrics().handed_over.value());
    fleet.stopped_.fetch_add(1);
    while (fleet.stopped_.load() < shards)
      co_await pause(shard.reactor(), milliseconds(2));
    co_await pause(shard.reactor(), milliseconds(20));
  }

  ScriptedOrigin::Script script_;
  std::latch listening_{1};
  std::string url_;
  std::unique_ptr<runtime::Threads> origin_threads_;
  std::atomic<size_t> arrived_{0}, done_{0}, stopped_{0};
};

Task<> fetch(Fleet& fleet, runtime::Shard& shard, OriginClient& client) {
  Result<Answer> answer = co_await get(client, in_time(shard.reactor(), seconds(10)));
  fleet.requests.fetch_add(1);
  if (!answer) fleet.failures.fetch_add(1);
  const uint32_t now_open = fleet.share->connections();
  if (now_open > fleet.most_connections.load()) fleet.most_connections.store(now_open);
}

Task<> fetch_in_bursts(Fleet& fleet, runtime::Shard& shard, OriginClient& client) {
  for (int i = 0; i < 300; ++i) {
    runtime::Scope scope(shard.reactor());
    for (uint64_t left = 1 + shard.reactor().random().below(3); left > 0; --left)
      scope.spawn(fetch(fleet, shard, client));
    co_await scope.join();
    if (i % 10 == 0) co_await pause(shard.reactor(), milliseconds(3));
  }
}

Task<> tls_hello_script(runtime::StreamPtr& raw, int) {
  co_await tls_hello(raw, *test_authority().origin);
}

Task<> fetch_by_turns(Fleet& fleet, runtime::Shard& shard, OriginClient& client) {
  while (fleet.turn.load() < 3 * Fleet::shards) {
    if (fleet.turn.load() % Fleet::shards == shard.index()) {
      co_await fetch(fleet, shard, client);
      co_await pause(shard.reactor(), milliseconds(70));
      fleet.turn.fetch_add(1);
    }
    co_await pause(shard.reactor(), milliseconds(1));
  }
}

void check_reuse(Fleet& fleet) {
  fleet.run(fetch_in_bursts);
  CHECK(fleet.failures.load() == 0);
  CHECK(fleet.requests.load() >= 2400);
  MESSAGE("opened " << fleet.opened.load() << ", handed over " << fleet.handed_over.load() << " of "
                    << fleet.requests.load() << " requests");
  CHECK(100 * fleet.opened.load() <= static_cast<uint64_t>(fleet.requests.load()));
}

}  // namespace

TEST_CASE("eight shards under load use a connection again for 99 requests of 100") {
  Fleet fleet(hello_script, nullptr);
  check_reuse(fleet);
}

TEST_CASE("over TLS, too, eight shards use a connection again for 99 requests of 100") {
  Fleet fleet(tls_hello_script, trust_test_authority);
  check_reuse(fleet);
}

TEST_CASE("one connection over TLS goes from shard to shard, and to every one again") {
  Fleet fleet(tls_hello_script, trust_test_authority);
  fleet.run(fetch_by_turns);
  CHECK(fleet.failures.load() == 0);
  CHECK(fleet.requests.load() == 24);
  CHECK(fleet.opened.load() <= 3);
  CHECK(fleet.handed_over.load() >= 20);
}

TEST_CASE("a quiet origin's one connection goes to the shard that needs it") {
  Fleet fleet(hello_script, nullptr);
  fleet.run(fetch_by_turns);
  CHECK(fleet.failures.load() == 0);
  CHECK(fleet.requests.load() == 24);
  CHECK(fleet.opened.load() <= 3);
  CHECK(fleet.handed_over.load() >= 20);
}

TEST_CASE("the bound on connections holds over all shards, and nobody waits in vain") {
  Fleet fleet(hello_script, [](OriginSettings& s) { s.connections_max = 2; });
  fleet.run(fetch_in_bursts);
  CHECK(fleet.failures.load() == 0);
  CHECK(fleet.most_connections.load() <= 2);
}

}  // namespace weir::net::test
