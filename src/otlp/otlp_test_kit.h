#pragma once
// For the tests of this module: a decoder of OTLP requests that shares nothing with the encoder,
// and traces to send.

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "settings/load.h"
#include "telemetry/trace.h"

namespace weir::otlp::test {

// Fields by number, in the order of the message; a varint or fixed number is its eight bytes.
using Fields = std::multimap<int, std::string>;

inline uint64_t number_of(const std::string& bytes) {
  uint64_t value = 0;
  REQUIRE(bytes.size() == 8);
  std::memcpy(&value, bytes.data(), 8);
  return value;
}

class Decoder {
 public:
  explicit Decoder(std::string bytes) : bytes_(std::move(bytes)) {}

  Fields all() {
    Fields fields;
    while (at_ < bytes_.size()) {
      const uint64_t tag = varint();
      fields.emplace(static_cast<int>(tag / 8), value(tag % 8));
    }
    return fields;
  }

 private:
  std::string value(uint64_t type) {
    if (type == 2) return take(varint());
    if (type == 1) return take(8);
    if (type == 5) return take(4) + std::string(4, '\0');
    REQUIRE(type == 0);
    const uint64_t number = varint();
    std::string bytes(8, '\0');
    std::memcpy(bytes.data(), &number, 8);
    return bytes;
  }
  uint64_t varint() {
    uint64_t number = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<uint8_t>(take(1)[0]);
      number += uint64_t{byte & 127u} << shift;
      if (byte < 128) return number;
    }
  }
  std::string take(uint64_t size) {
    REQUIRE(at_ + size <= bytes_.size());
    at_ += size;
    return bytes_.substr(at_ - size, size);
  }

  std::string bytes_;
  size_t at_ = 0;
};

inline Fields decode(std::string_view bytes) {
  return Decoder(std::string(bytes)).all();
}
// The only field of that number.
inline std::string one(const Fields& fields, int number) {
  REQUIRE(fields.count(number) == 1);
  return fields.find(number)->second;
}
inline std::vector<std::string> each(const Fields& fields, int number) {
  std::vector<std::string> values;
  for (auto [at, end] = fields.equal_range(number); at != end; ++at)
    values.push_back(at->second);
  return values;
}

// "url.path=text:/a", "cache.hit=bool:0", in order.
inline std::vector<std::string> attributes(const Fields& fields, int number) {
  std::vector<std::string> texts;
  for (const std::string& pair : each(fields, number)) {
    const Fields key_value = decode(pair);
    const Fields value = decode(one(key_value, 2));
    REQUIRE(value.size() == 1);
    const auto& [type, bytes] = *value.begin();
    std::string text = one(key_value, 1) + "=";
    if (type == 1) text += "text:" + bytes;
    if (type == 2) text += "bool:" + std::to_string(number_of(bytes));
    if (type == 3) text += "int:" + std::to_string(static_cast<int64_t>(number_of(bytes)));
    if (type == 4) text += "double:" + std::to_string(std::bit_cast<double>(number_of(bytes)));
    texts.push_back(text);
  }
  return texts;
}

// The spans of a request, which has one resource and one scope.
inline std::vector<Fields> spans_of(std::string_view request) {
  const Fields scope_spans = decode(one(decode(one(decode(request), 1)), 2));
  std::vector<Fields> spans;
  for (const std::string& span : each(scope_spans, 2))
    spans.push_back(decode(span));
  return spans;
}

inline constexpr telemetry::SpanDecl request_span{"edge.request", telemetry::SpanKind::server};
inline constexpr telemetry::SpanDecl fetch_span{"origin.fetch", telemetry::SpanKind::client};

inline telemetry::TelemetrySettings telemetry_with(double rate, uint32_t queue_spans = 10'000) {
  auto settings = settings::defaults(telemetry::telemetry_settings());
  settings.sampling.rate = rate;
  settings.queue_spans_max = queue_spans;
  settings.flight_recorder_bytes = 64 * 1024;
  return settings;
}

inline MonoTime at(int64_t ns) {
  return MonoTime(Duration(ns));
}

// A trace of two spans.
inline void record_request(telemetry::Tracer& tracer, std::string_view path = "/a") {
  telemetry::Trace trace(tracer);
  const auto root = trace.start(request_span, at(1000));
  trace.set(root, telemetry::AttributeKey::url_path, path);
  trace.end(trace.start(fetch_span, at(1100)), at(1200));
  trace.end(root, at(1300));
}

inline telemetry::TraceQueue::Batch peek_all(telemetry::Tracer& tracer) {
  telemetry::TraceQueue::Batch batch;
  tracer.queue().peek(UINT64_MAX, UINT64_MAX, batch);
  return batch;
}

}  // namespace weir::otlp::test
