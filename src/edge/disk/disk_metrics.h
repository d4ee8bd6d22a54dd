#pragma once
// What the disk tier counts.

#include "telemetry/instrument.h"
#include "telemetry/recorder.h"

namespace weir::edge::disk {

inline constexpr telemetry::CounterDecl lookups{
    .name = "edge.cache.disk.lookups",
    .unit = "1",
    .help =
        "Look-ups on disk, by result; busy: raise edge.cache.disk.reads_max if the disk can do "
        "more, opening: shortly after a start.",
    .labels = {"result"}};
inline constexpr telemetry::CounterDecl offers{
    .name = "edge.cache.disk.offers",
    .unit = "1",
    .help =
        "Answers that were offered to the disk, by what became of them; full: the disk or its "
        "shard is too slow for what memory evicts, index: raise edge.cache.disk.index_bytes.",
    .labels = {"result"}};
inline constexpr telemetry::CounterDecl broken{
    .name = "edge.cache.disk.broken",
    .unit = "1",
    .help =
        "Things on disk whose checksum was wrong, which are misses; some are usual behind a loss "
        "of power, otherwise look at the disk.",
    .labels = {"what"}};
inline constexpr telemetry::CounterDecl disk_errors{
    .name = "edge.cache.disk.errors",
    .unit = "1",
    .help = "File operations of the disk tier that failed or came too late.",
    .labels = {"operation"}};
inline constexpr telemetry::CounterDecl discards{
    .name = "edge.cache.disk.discards",
    .unit = "1",
    .help =
        "Times that a partition dropped all that it had: another layout, or a journal of purges "
        "that could not be read or was full."};
inline constexpr telemetry::CounterDecl written_bytes{
    .name = "edge.cache.disk.written",
    .unit = "By",
    .help =
        "Bytes written to segments; what keeps being hit is written again when its segment goes."};
inline constexpr telemetry::CounterDecl read_bytes{
    .name = "edge.cache.disk.read", .unit = "By", .help = "Bytes read for look-ups."};
inline constexpr telemetry::UpDownCounterDecl stored_bytes{
    .name = "edge.cache.disk.bytes", .unit = "By", .help = "Size of all segments."};
inline constexpr telemetry::UpDownCounterDecl stored_objects{
    .name = "edge.cache.disk.objects", .unit = "1", .help = "Answers that can be found on disk."};
inline constexpr telemetry::UpDownCounterDecl open_partitions{
    .name = "edge.cache.disk.open_partitions",
    .unit = "1",
    .help =
        "Partitions that are in use; fewer than edge.cache.disk.partitions for long means that "
        "their files cannot be used, or that another process has them."};

struct DiskMetrics {
  explicit DiskMetrics(telemetry::Recorder& r)
      : hits(r.bind(lookups, {"hit"})),
        misses(r.bind(lookups, {"miss"})),
        busy(r.bind(lookups, {"busy"})),
        opening(r.bind(lookups, {"opening"})),
        written(r.bind(offers, {"written"})),
        full(r.bind(offers, {"full"})),
        no_index(r.bind(offers, {"index"})),
        too_large(r.bind(offers, {"too_large"})),
        purged(r.bind(offers, {"purged"})),
        present(r.bind(offers, {"present"})),
        failed(r.bind(offers, {"failed"})),
        broken_record(r.bind(broken, {"record"})),
        broken_body(r.bind(broken, {"body"})),
        broken_list(r.bind(broken, {"list"})),
        broken_segment(r.bind(broken, {"segment"})),
        broken_journal(r.bind(broken, {"journal"})),
        read_errors(r.bind(disk_errors, {"read"})),
        write_errors(r.bind(disk_errors, {"write"})),
        journal_errors(r.bind(disk_errors, {"journal"})),
        open_errors(r.bind(disk_errors, {"open"})),
        discarded(r.bind(discards)),
        bytes_written(r.bind(written_bytes)),
        bytes_read(r.bind(read_bytes)),
        bytes(r.bind(stored_bytes)),
        objects(r.bind(stored_objects)),
        open(r.bind(open_partitions)) {}

  telemetry::Counter hits, misses, busy, opening;
  telemetry::Counter written, full, no_index, too_large, purged, present, failed;
  telemetry::Counter broken_record, broken_body, broken_list, broken_segment, broken_journal;
  telemetry::Counter read_errors, write_errors, journal_errors, open_errors;
  telemetry::Counter discarded, bytes_written, bytes_read;
  telemetry::UpDownCounter bytes, objects, open;
};

}  // namespace weir::edge::disk
