// What a hit costs in memory traffic: how often it allocates, from the look-up to the answer in the
// connection's buffer, and what it writes that others see.
#include <array>
#include <cstdlib>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "edge/cache/cache_test_kit.h"
#include "runtime/sim_process.h"
#include "runtime/sim_world.h"
#include "sim/message_reader.h"
#include "sim/simulated_edge.h"
#include "wire/http1_request.h"
#include "wire/http1_response.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define WEIR_MALLOC_IS_TAKEN 1
#endif
#endif

namespace {

uint64_t g_allocations = 0;

}  // namespace

#ifndef WEIR_MALLOC_IS_TAKEN

// In place of the library's, so that nothing escapes: operator new ends here as well.
extern "C" {

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the C library's names.
void* __libc_malloc(size_t bytes);
void* __libc_calloc(size_t count, size_t bytes);
void* __libc_realloc(void* block, size_t bytes);
void* __libc_memalign(size_t alignment, size_t bytes);
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

void* malloc(size_t bytes) {
  ++g_allocations;
  return __libc_malloc(bytes);
}
void* calloc(size_t count, size_t bytes) {
  ++g_allocations;
  return __libc_calloc(count, bytes);
}
void* realloc(void* block, size_t bytes) {
  ++g_allocations;
  return __libc_realloc(block, bytes);
}
void* aligned_alloc(size_t alignment, size_t bytes) {
  ++g_allocations;
  return __libc_memalign(alignment, bytes);
}

}  // extern "C"

#endif

namespace weir::sim {
namespace {

using runtime::Shard;
using runtime::Task;

#ifdef WEIR_MALLOC_IS_TAKEN
constexpr bool counts = false;
#else
constexpr bool counts = true;
#endif

const Address edge_address = *Address::parse("10.0.0.1:80");
const Address client_host = *Address::parse("10.0.0.2:0");
const Address origin_address = *Address::parse("10.0.1.1:8000");
constexpr Duration patience = seconds(10);

// Counts what is allocated from when a request is handed over until its answer is written.
class Counting final : public net::HttpHandler {
 public:
  static net::HttpHandler& around(net::HttpHandler& edge) {
    instance.edge_ = &edge;
    instance.allocations.clear();
    return instance;
  }
  Task<> handle(net::HttpExchange& exchange) override {
    const uint64_t before = g_allocations;
    co_await edge_->handle(exchange);
    allocations.push_back(g_allocations - before);
  }
  void reject(net::HttpExchange& exchange, uint16_t status, const char* reason) override {
    edge_->reject(exchange, status, reason);
  }
  static Counting instance;
  std::vector<uint64_t> allocations;  // by request

 private:
  net::HttpHandler* edge_ = nullptr;
};
Counting Counting::instance;

Task<> answer_all(Shard& shard, runtime::StreamPtr stream) {
  const std::string answer =
      "HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\nETag: \"e\"\r\n"
      "Content-Type: text/plain\r\nContent-Length: 1000\r\n\r\n" +
      std::string(1000, 'x');
  MessageReader reader(*stream, Duration(0));
  for (;;) {
    std::array<wire::Field, 64> storage;
    wire::RequestHead head{std::span(storage)};
    const auto parse = [&](std::string_view bytes) {
      return wire::parse_request_head(bytes, 0, {}, head);
    };
    const auto read = co_await reader.read_head(parse, {never, &shard.closing()});
    if (!read || !read->complete()) co_return;
    reader.consume(read->bytes);
    iovec parts[1] = {runtime::part(answer)};
    if (!co_await stream->send(parts, {shard.now() + patience, nullptr})) co_return;
  }
}

Task<> origin(Shard& shard, int id) {
  const std::unique_ptr<runtime::Listener> listener = *shard.reactor().listen(id);
  while (!shard.draining().requested()) {
    Result<int> fd = co_await listener->accept({never, &shard.draining()});
    if (fd) shard.background().spawn(answer_all(shard, shard.reactor().adopt(*fd)));
  }
}

// One connection, one request after the other.
Task<> ask(Shard& shard, int requests, int& hits) {
  auto stream = co_await shard.reactor().connect(edge_address, {shard.now() + patience});
  REQUIRE(stream.has_value());
  MessageReader reader(**stream, Duration(0));
  for (int i = 0; i < requests; ++i) {
    const std::string_view text =
        "GET /a/page?of=things HTTP/1.1\r\nHost: site.test\r\nAccept-Encoding: gzip, br\r\n"
        "User-Agent: test\r\n\r\n";
    iovec parts[1] = {runtime::part(text)};
    const runtime::Wait wait{shard.now() + patience};
    REQUIRE((co_await (*stream)->send(parts, wait)).has_value());
    std::array<wire::Field, 64> storage;
    wire::ResponseHead head{std::span(storage)};
    const auto parse = [&](std::string_view bytes) {
      head.fields.clear();
      return wire::parse_response_head(bytes, 0, {}, wire::RequestMethod::get, head);
    };
    const auto read = co_await reader.read_head(parse, wait);
    REQUIRE((read.has_value() && read->complete()));
    const std::string kept = reader.take(read->bytes);
    (void)parse(kept);
    const wire::Field* status = head.fields.find("cache-status");
    hits += status && status->value.find("; hit") != status->value.npos;
    REQUIRE((co_await reader.read_body(head.framing, wait)).value_or("").size() == 1000);
    (void)co_await sleep(shard.reactor(), {shard.now() + milliseconds(10)});
  }
}

}  // namespace

TEST_CASE("a hit allocates nothing but the frame of the coroutine that answers it") {
  constexpr int requests = 50;
  runtime::SimWorld world(1);
  const int id = *world.network().open_listener(origin_address);
  runtime::SimProcess behind(world, origin_address, 1,
                             [&](Shard& shard) { return origin(shard, id); });
  SimulatedEdge edge(world, {.address = edge_address,
                             .origin_urls = {"http://" + origin_address.to_string()},
                             .shards = 1,
                             .wrap = Counting::around});
  int hits = 0;
  runtime::SimProcess asking(world, client_host, 1,
                             [&](Shard& shard) { return ask(shard, requests, hits); });
  CHECK(asking.join(minutes(10)));
  edge.drain(minutes(1));
  CHECK(edge.process().join(minutes(1)));
  CHECK(hits == requests - 1);
  const std::vector<uint64_t>& allocations = Counting::instance.allocations;
  REQUIRE(allocations.size() == requests);
  if (!counts) return;
  CHECK(allocations.front() > 1);
  // The first hits may still make scratch buffers as large as they need to be.
  for (size_t i = 5; i < allocations.size(); ++i)
    CHECK(allocations[i] <= 1);
}

// What is left in the registry and the flight recorder of an edge that answered `requests`.
void check_recorded(SimulatedEdge& edge, uint64_t requests, bool traces) {
  const telemetry::Snapshot snapshot = edge.registry().collect();
  uint64_t counted = 0, timed = 0;
  const auto* const requests_total = snapshot.find("http_requests_total");
  const auto* const durations = snapshot.find("http.server.request.duration");
  REQUIRE((requests_total && durations));
  for (const telemetry::MetricPoint& point : requests_total->points)
    counted += std::get<uint64_t>(point.value);
  for (const telemetry::MetricPoint& point : durations->points)
    timed += std::get<telemetry::HistogramData>(point.value).count();
  CHECK(counted == requests);
  CHECK(timed == requests);
  uint64_t recorded = 0;
  edge.tracing().tracer(0).ring().snapshot().each([&](const telemetry::TraceView& trace) {
    ++recorded;
    CHECK(trace.span(0).end_ns >= trace.span(0).start_ns);
    CHECK(trace.header().ended_ns == trace.span(0).end_ns);
  });
  CHECK(recorded == (traces ? requests : 0));
  CHECK(edge.tracing().account().unaccounted() == 0);
}

TEST_CASE("every request is counted, timed and recorded once, whatever is recorded and sampled") {
  using telemetry::Recording;
  using telemetry::SamplingStrategy;
  constexpr int requests = 50;
  for (const Recording recording : {Recording::metrics, Recording::everything})
    for (const SamplingStrategy strategy :
         {SamplingStrategy::fixed, SamplingStrategy::adaptive, SamplingStrategy::tail}) {
      runtime::SimWorld world(1);
      const int id = *world.network().open_listener(origin_address);
      runtime::SimProcess behind(world, origin_address, 1,
                                 [&](Shard& shard) { return origin(shard, id); });
      SimulatedEdgeOptions options{.address = edge_address,
                                   .origin_urls = {"http://" + origin_address.to_string()},
                                   .shards = 1};
      options.telemetry.record = recording;
      options.telemetry.sampling.strategy = strategy;
      options.telemetry.sampling.rate = 0.2;
      SimulatedEdge edge(world, options);
      int hits = 0;
      runtime::SimProcess asking(world, client_host, 1,
                                 [&](Shard& shard) { return ask(shard, requests, hits); });
      CHECK(asking.join(minutes(10)));
      CHECK(hits == requests - 1);
      check_recorded(edge, requests, recording == Recording::everything);
      edge.drain(minutes(1));
      CHECK(edge.process().join(minutes(1)));
    }
}

TEST_CASE("finding, pinning and reading an object allocates nothing and writes nothing to it") {
  using edge::cache::CacheWorld;
  CacheWorld store(2);
  store.run([](CacheWorld& w) -> Task<> {
    CHECK(co_await w.put({.key = "small", .body = std::string(1000, 'x')}));
    CHECK(co_await w.put({.key = "large", .body = std::string(600'000, 'x')}));
    for (const std::string_view key : {"small", "large"}) {
      const edge::cache::Object* object = w.find(key, 1);
      REQUIRE(object);
      for (int i = 0; i < edge::cache::Object::heat_max; ++i)
        object->touch();
      const auto bytes_of = [](const auto& of) {
        return std::string(reinterpret_cast<const char*>(&of), sizeof of);
      };
      const std::string object_before = bytes_of(*object), body_before = bytes_of(object->body());
      const uint64_t before = g_allocations;
      uint64_t read = 0;
      for (int i = 0; i < 1000; ++i) {
        const edge::cache::Object* found = w.find(key, 1);
        found->touch();
        const edge::cache::Pin pin(*w.stores[1], *found);
        const edge::cache::Body& body = pin->body();
        for (uint64_t at = 0; at < body.published(); at += body.view(at).size())
          read += body.view(at).size();
      }
      const uint64_t after = g_allocations;
      CHECK(after == before);
      CHECK(read == 1000 * object->body().published());
      CHECK(bytes_of(*object) == object_before);
      CHECK(bytes_of(object->body()) == body_before);
    }
  });
}

}  // namespace weir::sim
