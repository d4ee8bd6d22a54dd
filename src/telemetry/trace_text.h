#pragma once
// TraceText: a recorded trace as one line of JSON, for people who look into the flight recorder and
// for what is left behind by a crash. Bounded; allocates nothing, takes no lock and calls nothing
// that a signal handler may not call. What does not fit is left out, and "cut" says so.
//
//   {"trace":"4bf9...","ended":"2026-11-26T00:31:28.123456Z","duration_us":812.4,"kept":"error",
//    "spans":[{"name":"edge.request","id":"00f0...","parent":"53ce...","start_us":0,
//              "duration_us":812.4,"status":"error","why":"no answer",
//              "attributes":{"url.path":"/a"},"events":[{"name":"retry","at_us":12.5}]}]}

#include <array>
#include <cstdint>
#include <string_view>

#include "telemetry/span_record.h"

namespace weir::telemetry {

class TraceText {
 public:
  // The line with its newline, until the next call. `wall_offset_ns` makes wall time of monotonic.
  std::string_view write(const TraceView& trace, int64_t wall_offset_ns);

 private:
  void add(std::string_view text);
  void add_string(std::string_view text);
  void add_hex(uint64_t value);
  void add_integer(int64_t value);
  void add_digits(uint64_t value, int count);
  void add_micros(int64_t ns);
  void add_number(double value);
  void add_time(int64_t wall_ns);
  void add_span(const TraceView& trace, size_t index);
  void add_attributes(const TraceView& trace, size_t index);
  void add_events(const TraceView& trace, size_t index, int64_t begin_ns);
  void add_value(const Entry& entry);

  // A trace of 1.8 KiB of text in which each byte needs six, and all else at its longest.
  std::array<char, 20 * 1024> text_;
  size_t size_ = 0;
  bool cut_ = false;
};

}  // namespace weir::telemetry
