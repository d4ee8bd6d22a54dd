#pragma once
// What a shard measures of itself, whatever it serves.

#include "runtime/shard.h"
#include "telemetry/instrument.h"
#include "telemetry/recorder.h"

namespace weir::runtime {

inline constexpr telemetry::CounterDecl recv_buffers_exhausted{
    .name = "runtime.recv_buffers.exhausted",
    .unit = "1",
    .help =
        "Times that a shard had no receive buffer left and had to copy or wait; if it grows, "
        "raise runtime.recv_buffers."};
inline constexpr telemetry::CounterDecl file_operations_refused{
    .name = "runtime.file_operations.refused",
    .unit = "1",
    .help =
        "File operations that were refused because a shard had too many under way; if it grows, "
        "the disk is too slow for what is asked of it, or runtime.file_operations too low."};
inline constexpr telemetry::HistogramDecl shard_delay{
    .name = "runtime.shard.delay",
    .unit = "s",
    .help =
        "How late a shard runs what is due, looked at ten times a second; more than a few "
        "milliseconds means that it is overloaded or that its core is taken by others."};

// Records the above until the shard drains.
Task<> measure_shard(Shard& shard, telemetry::Recorder& recorder);

}  // namespace weir::runtime
