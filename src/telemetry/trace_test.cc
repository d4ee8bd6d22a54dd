#include "telemetry/trace.h"

#include <doctest/doctest.h>

#include "telemetry/trace_test_kit.h"

namespace weir::telemetry {

namespace {

constexpr EventDecl retry{"retry"};

bool same(const TraceContext& a, const TraceContext& b) {
  return a.trace == b.trace && a.span == b.span && a.flags == b.flags;
}

// Requests that come, work, end and are exported at random, with a queue that is too small.
class Crowd {
 public:
  explicit Crowd(uint64_t seed) : random_(seed), tracing_(1, settings(), seed) {}

  Tracer& tracer() { return tracing_.tracer(0); }
  void finish_all() { requests_.clear(); }

  void step(MonoTime now) {
    const uint64_t choice = random_.below(40);
    if (choice < 12) {
      requests_.push_back(std::make_unique<Trace>(tracer()));
      requests_.back()->start(edge_request, now);
    } else if (choice == 39) {
      take_batch();
    } else if (!requests_.empty()) {
      const size_t chosen = random_.below(requests_.size());
      if (choice < 24)
        fetch(*requests_[chosen], now);
      else
        requests_.erase(requests_.begin() + static_cast<ptrdiff_t>(chosen));
    }
  }

 private:
  static TelemetrySettings settings() {
    TelemetrySettings settings = settings_with(0.3, 20);
    settings.flight_recorder_bytes = 4 * KiB;
    settings.sampling.certain_per_second_max = 50;
    return settings;
  }

  void fetch(Trace& trace, MonoTime now) {
    const SpanRef span = trace.start(origin_fetch, now);
    trace.set(span, AttributeKey::url_path, std::string(random_.below(300), 'p'));
    if (random_.below(4) == 0) trace.status(span, SpanStatus::error);
    trace.end(span, now);
  }

  void take_batch() {
    TraceQueue& queue = tracer().queue();
    queue.peek(random_.below(60), random_.below(20'000), batch_);
    if (random_.below(3) == 0)
      queue.failed(batch_);
    else
      queue.exported(batch_);
  }

  Random random_;
  Tracing tracing_;
  std::vector<std::unique_ptr<Trace>> requests_;
  TraceQueue::Batch batch_;
};

}  // namespace

TEST_CASE("a kept trace reaches the exporter with its spans, attributes, events and links") {
  Tracing tracing(1, settings_with(1), 7);
  Tracer& tracer = tracing.tracer(0);
  const TraceContext other{{1, 2}, {3}, 1};
  {
    Trace trace(tracer);
    const SpanRef root = trace.start(edge_request, at(1000));
    trace.set(root, AttributeKey::url_path, "/a/path");
    trace.set(root, AttributeKey::cache_hit, false);
    const SpanRef fetch = trace.start(origin_fetch, at(1100));
    trace.set(fetch, AttributeKey::http_response_status_code, 503);
    trace.set(fetch, AttributeKey::quantity, 2.5);
    trace.event(fetch, retry, at(1150));
    trace.set_on_event(fetch, AttributeKey::reason, "reset");
    trace.link(root, other);
    trace.status(fetch, SpanStatus::error, "503 from origin");
    trace.end(fetch, at(1200));
    trace.end(root, at(1300));
  }
  const auto batch = peek_all(tracer);
  REQUIRE(batch.traces.size() == 1);
  const TraceView trace = batch.traces[0];
  REQUIRE(trace.span_count() == 2);
  CHECK(trace.span(0).decl->name == "edge.request");
  CHECK(trace.span(0).parent == 0);
  CHECK(trace.span(1).parent == trace.span(0).id);
  CHECK(trace.span(1).start_ns == 1100);
  CHECK(trace.span(1).end_ns == 1200);
  CHECK(trace.span(1).status == SpanStatus::error);
  CHECK(trace.header().reason == KeepReason::error);
  std::vector<std::string> seen;
  trace.each_entry([&](const Entry& entry) {
    const std::string key(entry.type() < EntryType::status_text ? name_of(entry.header.key) : "");
    const std::string span = std::to_string(entry.header.span) + (entry.of_event() ? "e" : "");
    switch (entry.type()) {
      case EntryType::boolean:
        return seen.push_back(span + key + (entry.boolean() ? " true" : " false"));
      case EntryType::integer:
        return seen.push_back(span + key + " " + std::to_string(entry.integer()));
      case EntryType::number:
        return seen.push_back(span + key + " " + std::to_string(entry.number()));
      case EntryType::text:
        return seen.push_back(span + key + " " + std::string(entry.text()));
      case EntryType::status_text:
        return seen.push_back(span + "status " + std::string(entry.text()));
      case EntryType::event:
        return seen.push_back(span + "event " + std::string(entry.event().decl->name));
      case EntryType::link:
        return seen.push_back(span + "link " + std::to_string(entry.link().span.value));
      case EntryType::request:
      case EntryType::of_event:
        break;
    }
  });
  CHECK(seen == std::vector<std::string>{"0url.path /a/path", "0cache.hit false",
                                         "1http.response.status_code 503", "1quantity 2.500000",
                                         "1event retry", "1ereason reset", "0link 3",
                                         "1status 503 from origin"});
}

TEST_CASE("texts of every length are recorded as they are") {
  Tracing tracing(1, settings_with(1), 7);
  Tracer& tracer = tracing.tracer(0);
  std::string text;
  for (size_t size = 0; size <= Trace::text_bytes_max; ++size) {
    {
      Trace trace(tracer);
      const SpanRef root = trace.start(edge_request, at(1));
      // On the heap, and no longer than it is said to be, so that a sanitizer sees what reads on.
      const std::vector<char> exact(text.begin(), text.end());
      trace.set(root, AttributeKey::reason, std::string_view(exact.data(), exact.size()));
      trace.set(root, AttributeKey::allowed, true);
    }
    TraceQueue::Batch batch = peek_all(tracer);
    std::string seen;
    batch.traces.at(0).each_entry([&](const Entry& entry) {
      if (entry.type() == EntryType::text) seen = entry.text();
    });
    CHECK(seen == text);
    tracer.queue().exported(batch);
    text.push_back(static_cast<char>('a' + size % 26));
  }
}

TEST_CASE("a trace that is not sampled is recorded in the ring and not queued") {
  Tracing tracing(1, settings_with(0), 7);
  Tracer& tracer = tracing.tracer(0);
  for (int i = 0; i < 3; ++i) {
    Trace trace(tracer);
    trace.end(trace.start(edge_request, at(i * 1'000'000)), at(i * 1'000'000 + 500));
  }
  CHECK(peek_all(tracer).traces.empty());
  CHECK(tracer.dropped(DropReason::not_sampled) == 3);
  int seen = 0;
  tracer.ring().snapshot().each([&](const TraceView& trace) {
    CHECK(trace.span(0).start_ns == seen++ * 1'000'000);
    CHECK(trace.header().reason == KeepReason::none);
  });
  CHECK(seen == 3);
  CHECK(tracer.ring_duration() == Duration(2'000'000));
}

TEST_CASE("a trusted parent's decision is followed, a stranger's only continued") {
  Tracing tracing(1, settings_with(0), 7);
  Tracer& tracer = tracing.tracer(0);
  const TraceContext parent{{10, 20}, {30}, TraceContext::sampled | TraceContext::random};
  {
    Trace trace(tracer, {.context = parent, .trusted = true});
    CHECK(trace.sampled());
    trace.end(trace.start(edge_request, at(1)), at(2));
  }
  {
    Trace trace(tracer, {.context = parent, .trusted = false});
    CHECK_FALSE(trace.sampled());
    CHECK(trace.id() == parent.trace);
    const SpanRef root = trace.start(edge_request, at(1));
    const TraceContext sent = trace.context(root);
    CHECK(sent.trace == parent.trace);
    CHECK(sent.span != parent.span);
    CHECK(sent.flags == TraceContext::random);
    trace.end(root, at(2));
  }
  const auto batch = peek_all(tracer);
  REQUIRE(batch.traces.size() == 1);
  CHECK(batch.traces[0].header().reason == KeepReason::parent);
  CHECK(batch.traces[0].header().threshold == threshold_unknown);
  CHECK(batch.traces[0].span(0).parent == parent.span.value);
}

TEST_CASE("a trusted parent's threshold goes on, unless it contradicts the decision") {
  Tracing tracing(1, settings_with(0), 7);
  const TraceContext parent{{10, 0xc0000000000000}, {30}, TraceContext::sampled};
  const auto threshold = [&](const RemoteParent& remote) {
    Trace trace(tracing.tracer(0), remote);
    return trace.threshold();
  };
  const uint64_t half = threshold_of(0.5), tenth = threshold_of(0.1);
  CHECK(threshold({.context = parent, .trusted = true, .threshold = half}) == half);
  CHECK(threshold({.context = parent, .trusted = true, .threshold = tenth}) == threshold_unknown);
  CHECK(threshold({.context = parent,
                   .trusted = true,
                   .randomness = randomness_end - 1,
                   .threshold = tenth}) == tenth);
  const TraceContext unsampled{{10, 0xc0000000000000}, {30}, 0};
  CHECK(threshold({.context = unsampled, .trusted = true, .threshold = half}) == threshold_unknown);
}

TEST_CASE("a stranger cannot choose an id that is always sampled") {
  Tracing tracing(1, settings_with(0.01), 7);
  Tracer& tracer = tracing.tracer(0);
  const TraceContext parent{{UINT64_MAX, UINT64_MAX}, {30}, TraceContext::sampled};
  int sampled = 0;
  for (int i = 0; i < 10'000; ++i) {
    Trace trace(tracer, {.context = parent});
    trace.end(trace.start(edge_request, at(1)), at(2));
    sampled += trace.sampled();
  }
  CHECK(sampled > 50);
  CHECK(sampled < 150);
}

TEST_CASE("a span whose request was refused is an error, and its trace is not one") {
  TelemetrySettings settings = settings_with(0);
  settings.sampling.strategy = SamplingStrategy::tail;
  Tracing tracing(1, settings, 7);
  Tracer& tracer = tracing.tracer(0);
  Trace trace(tracer);
  trace.start(edge_request, at(1));
  trace.refused(trace.start(origin_fetch, at(1)));
  trace.finish();
  CHECK(peek_all(tracer).traces.empty());
  CHECK(tracer.dropped(DropReason::not_sampled) == 2);
  std::vector<SpanStatus> seen;
  tracer.ring().each_since(at(0), [&](const TraceView& recorded) {
    for (size_t i = 0; i < recorded.span_count(); ++i)
      seen.push_back(recorded.span(i).status);
  });
  CHECK(seen == std::vector{SpanStatus::unset, SpanStatus::error});
}

TEST_CASE("where no spans are recorded none is counted, and what came with a request goes on") {
  TelemetrySettings settings = settings_with(1);
  settings.record = Recording::metrics;
  Tracing tracing(1, settings, 7);
  Tracer& tracer = tracing.tracer(0);
  {
    const TraceContext came{{1, 2}, {3}, TraceContext::sampled | TraceContext::random};
    Trace trace(tracer, {.context = came, .trusted = true, .threshold = 1});
    const SpanRef root = trace.start(edge_request, at(1));
    CHECK_FALSE(root);
    trace.set(root, AttributeKey::url_path, "/");
    trace.status(root, SpanStatus::error);
    trace.end(root, at(2));
    CHECK(same(trace.context(root), came));
    CHECK(trace.threshold() == 1);
    Trace strangers(tracer, {.context = came, .trusted = false});
    strangers.start(edge_request, at(1));
    CHECK(same(strangers.context({}), {{1, 2}, {3}, TraceContext::random}));
    CHECK(strangers.threshold() == threshold_unknown);
    Trace own(tracer);
    CHECK(own.id());
    CHECK_FALSE(own.context(own.start(edge_request, at(1))));
  }
  CHECK(tracer.account().created == 0);
  CHECK(balanced(tracer));
  CHECK(tracer.ring_duration() == Duration(0));
}

TEST_CASE("a request that outlasts a reload counts under its path's route in the new table") {
  TelemetrySettings settings = settings_with(0);
  settings.sampling.routes = {{.path = "/a"}, {.path = "/b", .critical = true}};
  Tracing tracing(1, settings, 7);
  Tracer& tracer = tracing.tracer(0);
  Trace trace(tracer);
  trace.route("/a");
  trace.start(edge_request, at(1));
  settings.sampling.routes = {{.path = "/b", .critical = true}, {.path = "/a"}};
  tracer.use(tracing.resample(settings.sampling));
  trace.finish();
  CHECK(trace.route() == 2);
  CHECK(tracer.kept(KeepReason::critical) == 0);
}

TEST_CASE("a trace that a trusted service asks for is kept whatever the rate") {
  Tracing tracing(1, settings_with(0), 7);
  Trace trace(tracing.tracer(0));
  trace.end(trace.start(edge_request, at(1)), at(2));
  trace.keep();
  trace.finish();
  CHECK(peek_all(tracing.tracer(0)).traces[0].header().reason == KeepReason::requested);
}

TEST_CASE("what trusted services ask for has the ceiling of certain keeps, and counts stay right") {
  TelemetrySettings settings = settings_with(0.01, 1'000'000);
  settings.sampling.certain_per_second_max = 100;
  constexpr int asked = 20'000;
  double counts = 0, runs = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed, ++runs) {
    Tracing tracing(1, settings, seed);
    Tracer& tracer = tracing.tracer(0);
    for (int i = 0; i < asked; ++i) {
      Trace trace(tracer);
      trace.end(trace.start(edge_request, at(1)), at(2));
      trace.keep();
    }
    const auto kept = peek_all(tracer).traces;
    // The ceiling, and what the rate keeps besides.
    CHECK(kept.size() < 100 + 300);
    CHECK(tracer.dropped(DropReason::keep_ceiling) == asked - kept.size());
    for (const TraceView& trace : kept) {
      CHECK(trace.header().reason == KeepReason::requested);
      counts += adjusted_count(trace.header().threshold);
    }
    CHECK(balanced(tracer));
  }
  CHECK(counts / runs == doctest::Approx(asked).epsilon(0.1));
}

TEST_CASE("what a request has no room for is counted and harms nothing") {
  Tracing tracing(1, settings_with(1), 7);
  Tracer& tracer = tracing.tracer(0);
  {
    Trace trace(tracer);
    const SpanRef root = trace.start(edge_request, at(1));
    for (int i = 0; i < 9; ++i) {
      const SpanRef child = trace.start(origin_fetch, at(2));
      CHECK(static_cast<bool>(child) == (i < 7));
      trace.set(child, AttributeKey::quantity, i);
      trace.end(child, at(3));
    }
    trace.set(root, AttributeKey::url_path, std::string(500, 'x'));
    for (int i = 0; i < 100; ++i)
      trace.set(root, AttributeKey::quantity, i);
    trace.end(root, at(4));
  }
  const TraceView trace = peek_all(tracer).traces[0];
  CHECK(trace.span_count() == 8);
  CHECK(trace.header().dropped_spans == 2);
  CHECK(tracer.dropped(DropReason::request_full) == 2);
  size_t entries = 0;
  trace.each_entry([&](const Entry& entry) {
    ++entries;
    if (entry.type() == EntryType::text) CHECK(entry.text().size() == 256);
  });
  CHECK(entries + trace.header().dropped_attributes == 9 + 1 + 100);
  CHECK(balanced(tracer));
}

TEST_CASE("spans that nobody ended get the trace's last time") {
  Tracing tracing(1, settings_with(1), 7);
  Tracer& tracer = tracing.tracer(0);
  {
    Trace trace(tracer);
    trace.start(edge_request, at(0));
    trace.end(trace.start(origin_fetch, at(0)), at(50));
  }
  const TraceView trace = peek_all(tracer).traces[0];
  CHECK(trace.span(0).end_ns == 50);
  CHECK(trace.span(0).unended);
  CHECK_FALSE(trace.span(1).unended);
}

TEST_CASE("created spans equal exported, dropped and held ones, whatever happens") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Crowd crowd(seed);
    for (int64_t step = 0; step < 2000; ++step) {
      crowd.step(at(step * 1'000'000));
      REQUIRE(balanced(crowd.tracer()));
    }
    crowd.finish_all();
    const Tracer& tracer = crowd.tracer();
    CHECK(tracer.account().open == 0);
    CHECK(tracer.dropped(DropReason::queue_full) > 0);
    CHECK(tracer.queue().spans_exported() > 0);
    CHECK(balanced(tracer));
  }
}

TEST_CASE("the balance is shown as metrics") {
  Registry registry(1);
  Tracing tracing(1, settings_with(1), 7);
  tracing.observe(registry);
  Trace trace(tracing.tracer(0));
  trace.end(trace.start(edge_request, at(1)), at(2));
  const auto value = [&](std::string_view name) {
    return std::get<double>(registry.collect().find(name)->points.at(0).value);
  };
  CHECK(value("otel.sdk.span.started") == 1);
  CHECK(value("otel.sdk.span.live") == 1);
  trace.finish();
  CHECK(value("otel.sdk.span.live") == 0);
  CHECK(value("otel.sdk.processor.span.queue.size") == 1);
  CHECK(value("telemetry.spans.unaccounted") == 0);
  CHECK(registry.collect().find("telemetry.spans.dropped")->points.size() == 6);
}

TEST_CASE("monotonic times become wall times by the offset that was last set") {
  Tracing tracing(1, settings_with(1), 7);
  tracing.set_clock(at(500), WallTime(Duration(1'000'500)));
  CHECK(tracing.wall_ns(700) == 1'000'700);
}

}  // namespace weir::telemetry
