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
inline constexpr telemetry::GaugeDecl received_waiting{
    .name = "runtime.received.waiting",
    .unit = "By",
    .help =
        "Bytes that were received and wait for slow readers, looked at ten times a second; the "
        "bound is runtime.received_bytes_max."};
inline constexpr telemetry::CounterDecl streams_paused{
    .name = "runtime.streams.paused",
    .unit = "1",
    .help =
        "Times that a connection was not read from for a while, since its reader was slower; "
        "ordinary back-pressure."};
inline constexpr telemetry::CounterDecl streams_cut_off{
    .name = "runtime.streams.cut_off",
    .unit = "{connection}",
    .help =
        "Connections that were cut off since all of them together held runtime.received_bytes_max; "
        "raise that, or lower runtime.stream_bytes."};
inline constexpr telemetry::CounterDecl relays_refused{
    .name = "runtime.relays.refused",
    .unit = "1",
    .help =
        "Bodies that were copied, although they could have moved inside the kernel, since a shard "
        "had too many under way or the system no pipe left; if it grows, raise runtime.relays."};
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
