#pragma once
// SpanAccount: where every span that was created is, as of one moment:
//
//   created = exported + dropped by reason + open (in a request that runs) + queued
//
// Most spans leave their trace with one write, which drops them, too: Tracer::count_unsampled(). A
// shard makes its other changes between two marks (Tracer::begin_leaving()), so that whoever reads
// can tell a moment between them from one in their midst, and reads again.

#include <array>
#include <cstdint>
#include <string_view>

namespace weir::telemetry {

enum class DropReason : uint8_t {
  not_sampled,    // no reason to keep its trace
  keep_ceiling,   // a reason to keep it, but thinned out above the ceiling of such traces
  shed,           // left out to hold the budget of CPU
  queue_full,     // the exporter does not keep up
  request_full,   // more spans in one request than it has room for
  export_failed,  // the receiver refused it for good
};
inline constexpr std::array<std::string_view, 6> drop_reason_names{
    "not_sampled", "keep_ceiling", "shed", "queue_full", "request_full", "export_failed"};

struct SpanAccount {
  uint64_t created = 0;
  uint64_t exported = 0;
  uint64_t open = 0;
  uint64_t queued = 0;
  std::array<uint64_t, drop_reason_names.size()> dropped{};

  // Anything but 0 is a bug.
  int64_t unaccounted() const {
    uint64_t known = exported + open + queued;
    for (const uint64_t each : dropped)
      known += each;
    return static_cast<int64_t>(created - known);
  }
  SpanAccount& operator+=(const SpanAccount& other) {
    created += other.created;
    exported += other.exported;
    open += other.open;
    queued += other.queued;
    for (size_t i = 0; i < dropped.size(); ++i)
      dropped[i] += other.dropped[i];
    return *this;
  }
};

}  // namespace weir::telemetry
