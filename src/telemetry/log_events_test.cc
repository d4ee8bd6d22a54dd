#include "telemetry/log_events.h"

#include <string>

#include <doctest/doctest.h>

namespace weir::telemetry {

namespace {

constexpr LogEventDecl failed{"request.failed", LogLevel::error, "a request failed"};
constexpr std::atomic<ShedStep> nothing_shed{ShedStep::none};
constexpr TraceContext context{{1, 2}, {3}, TraceContext::sampled};

MonoTime at(int64_t ns) {
  return MonoTime(Duration(ns));
}

std::vector<std::string> attributes(const LogView& record) {
  std::vector<std::string> texts;
  record.each_attribute([&](const Entry& entry) {
    std::string text(name_of(entry.header.key));
    if (entry.type() == EntryType::text) text.append("=").append(entry.text());
    if (entry.type() == EntryType::integer) text += "=" + std::to_string(entry.integer());
    if (entry.type() == EntryType::boolean) text += entry.boolean() ? "=true" : "=false";
    texts.push_back(text);
  });
  return texts;
}

}  // namespace

TEST_CASE("an event is read with its attributes, time, trace and span") {
  LogEvents log(4096, 1000, nothing_shed);
  log.enable();
  LogEvent(log, failed, at(5), context)
      .set(AttributeKey::url_path, "/a/b")
      .set(AttributeKey::http_response_status_code, 502)
      .set(AttributeKey::cache_hit, false);
  LogEvents::Batch batch;
  log.peek(10, batch);
  REQUIRE(batch.records.size() == 1);
  const LogHeader header = batch.records[0].header();
  CHECK(header.decl == &failed);
  CHECK(header.time_ns == 5);
  CHECK(header.trace == context.trace);
  CHECK(header.span == context.span);
  CHECK(header.flags == TraceContext::sampled);
  CHECK(attributes(batch.records[0]) == std::vector<std::string>{"url.path=/a/b",
                                                                 "http.response.status_code=502",
                                                                 "cache.hit=false"});
}

TEST_CASE("so many events may wait and no more, and room comes back") {
  LogEvents log(1 << 20, 3, nothing_shed);
  log.enable();
  for (int i = 0; i < 5; ++i)
    LogEvent(log, failed, at(i), context);
  CHECK(log.recorded() == 3);
  CHECK(log.surplus() == 2);
  CHECK(log.dropped() == 0);
  CHECK(log.half_full());
  LogEvents::Batch batch;
  log.peek(10, batch);
  log.settle(batch, 2, 1);
  CHECK(log.held() == 1);
  CHECK_FALSE(log.half_full());
  {
    const LogEvent event(log, failed, at(5), context);
  }
  CHECK(log.recorded() == 4);
  CHECK(log.surplus() == 2);
}

TEST_CASE("nothing is recorded while nobody exports") {
  LogEvents log(4096, 1000, nothing_shed);
  LogEvent(log, failed, at(5), context).set(AttributeKey::url_path, "/a");
  CHECK(log.recorded() + log.dropped() == 0);
}

TEST_CASE("what a record has no room for is counted in it, and a long text is cut") {
  LogEvents log(4096, 1000, nothing_shed);
  log.enable();
  {
    LogEvent event(log, failed, at(1), context);
    for (int i = 0; i < 10; ++i)
      event.set(AttributeKey::url_path, std::string(1000, 'x'));
  }
  LogEvents::Batch batch;
  log.peek(1, batch);
  const auto texts = attributes(batch.records[0]);
  CHECK(texts.size() == 3);
  CHECK(texts[0].size() == std::string("url.path=").size() + LogEvent::text_bytes_max);
  CHECK(batch.records[0].header().dropped_attributes == 7);
}

TEST_CASE("a full ring drops, and recorded = exported + failed + held over many laps") {
  LogEvents log(8192, 1000, nothing_shed);
  log.enable();
  uint64_t asked = 0, first = 0;
  LogEvents::Batch batch;
  for (int round = 0; round < 200; ++round) {
    for (int i = 0; i < 40; ++i, ++asked)
      LogEvent(log, failed, at(static_cast<int64_t>(log.recorded())), context)
          .set(AttributeKey::url_path, std::string(static_cast<size_t>(i), 'p'));
    log.peek(30, batch);
    for (const LogView& record : batch.records)
      REQUIRE(record.header().time_ns == static_cast<int64_t>(first++));
    const uint64_t count = batch.records.size();
    log.settle(batch, count, round % 3 == 0 ? 1 : 0);
  }
  CHECK(log.dropped() > 0);
  CHECK(asked == log.recorded() + log.dropped());
  log.peek(UINT64_MAX, batch);
  CHECK(log.recorded() == log.exported() + log.failed() + batch.records.size());
}

TEST_CASE("what is shed is counted, and comes back") {
  std::atomic<ShedStep> shedding{ShedStep::log_events};
  LogEvents log(4096, 1000, shedding);
  log.enable();
  LogEvent(log, failed, at(1), context).set(AttributeKey::url_path, "/");
  CHECK(log.shed() == 1);
  CHECK(log.recorded() + log.dropped() == 0);
  shedding = ShedStep::none;
  LogEvent(log, failed, at(1), context).set(AttributeKey::url_path, "/");
  CHECK(log.recorded() == 1);
}

}  // namespace weir::telemetry
