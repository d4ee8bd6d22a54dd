#pragma once
// What the memory of the edge cache counts. Gauges over bytes and objects are Store::observe().

#include <array>

#include "edge/cache/object.h"
#include "telemetry/instrument.h"
#include "telemetry/recorder.h"

namespace weir::edge::cache {

inline constexpr telemetry::CounterDecl stored_decl{
    .name = "edge.cache.stored",
    .unit = "{object}",
    .help = "Answers that were stored; by what eviction knew of the key: new, or seen lately.",
    .labels = {"key"}};
inline constexpr telemetry::CounterDecl not_stored_decl{
    .name = "edge.cache.not_stored",
    .unit = "{object}",
    .help =
        "Answers that might have been stored but were not, by reason: too_large (raise "
        "memory.object_bytes_max), crowded (more arrive at once than memory.fill_share allows), "
        "no_room, purged meanwhile.",
    .labels = {"reason"}};
inline constexpr telemetry::CounterDecl removed_decl{
    .name = "edge.cache.removed",
    .unit = "{object}",
    .help = "Objects that left the cache, by reason; many evicted ones ask for more memory.bytes.",
    .labels = {"reason"}};
inline constexpr telemetry::CounterDecl fills_decl{
    .name = "edge.cache.fills",
    .unit = "{fill}",
    .help = "Fetches for the cache, by how they ended: complete, refreshed, declined, failed.",
    .labels = {"end"}};
inline constexpr telemetry::CounterDecl claims_decl{
    .name = "edge.cache.claims",
    .unit = "{request}",
    .help =
        "Misses that asked who fetches, by the answer: lead fetches, ready waited for another's "
        "fetch, alone is not storable, overloaded found memory.fills_max or memory.waiting_max "
        "reached.",
    .labels = {"answer"}};
inline constexpr telemetry::CounterDecl purges_decl{
    .name = "edge.cache.purges",
    .unit = "{purge}",
    .help =
        "Purges, by what they name: key, prefix, tag. Each is counted once on every shard that "
        "had to look.",
    .labels = {"by"}};
inline constexpr telemetry::GaugeDecl bytes_decl{
    .name = "edge.cache.bytes",
    .unit = "By",
    .help = "Memory that the cache holds, all counted; the bound is edge.cache.bytes_max."};
inline constexpr telemetry::GaugeDecl bytes_max_decl{
    .name = "edge.cache.bytes_max", .unit = "By", .help = "Memory that the cache may hold."};
inline constexpr telemetry::GaugeDecl filling_bytes_decl{
    .name = "edge.cache.filling_bytes",
    .unit = "By",
    .help = "Of that, of answers that are still arriving."};
inline constexpr telemetry::GaugeDecl objects_decl{
    .name = "edge.cache.objects", .unit = "{object}", .help = "Objects in the cache."};

enum class NotStored : uint8_t { too_large, crowded, no_room, purged };
inline constexpr std::array<std::string_view, 4> not_stored_names{"too_large", "crowded", "no_room",
                                                                  "purged"};
inline constexpr std::array<std::string_view, 6> removal_names{"replaced", "evicted",  "purged",
                                                               "failed",   "given_up", "expired"};
enum class FillEnd : uint8_t { complete, refreshed, declined, failed };
inline constexpr std::array<std::string_view, 4> fill_end_names{"complete", "refreshed", "declined",
                                                                "failed"};
inline constexpr std::array<std::string_view, 8> claim_names{
    "lead", "ready", "look_again", "alone", "overloaded", "failed", "timed_out", "cancelled"};
inline constexpr std::array<std::string_view, 3> purge_names{"key", "prefix", "tag"};

// Handles of one shard.
class StoreMetrics {
 public:
  explicit StoreMetrics(telemetry::Recorder& recorder)
      : stored_new(recorder.bind(stored_decl, {"new"})),
        stored_known(recorder.bind(stored_decl, {"known"})) {
    bind(recorder, not_stored_decl, not_stored_names, not_stored_);
    bind(recorder, removed_decl, removal_names, removed_);
    bind(recorder, fills_decl, fill_end_names, fills_);
    bind(recorder, claims_decl, claim_names, claims_);
    bind(recorder, purges_decl, purge_names, purges_);
  }

  telemetry::Counter stored_new;
  telemetry::Counter stored_known;
  telemetry::Counter& not_stored(NotStored why) { return not_stored_[static_cast<size_t>(why)]; }
  telemetry::Counter& removed(Removal why) { return removed_[static_cast<size_t>(why)]; }
  telemetry::Counter& fills(FillEnd end) { return fills_[static_cast<size_t>(end)]; }
  telemetry::Counter& claims(size_t outcome) { return claims_[outcome]; }
  telemetry::Counter& purges(size_t by) { return purges_[by]; }

 private:
  template <size_t N>
  static void bind(telemetry::Recorder& recorder, const telemetry::CounterDecl& decl,
                   const std::array<std::string_view, N>& names,
                   std::array<telemetry::Counter, N>& counters) {
    for (size_t i = 0; i < N; ++i)
      counters[i] = recorder.bind(decl, {names[i]});
  }

  std::array<telemetry::Counter, not_stored_names.size()> not_stored_;
  std::array<telemetry::Counter, removal_names.size()> removed_;
  std::array<telemetry::Counter, fill_end_names.size()> fills_;
  std::array<telemetry::Counter, claim_names.size()> claims_;
  std::array<telemetry::Counter, purge_names.size()> purges_;
};

}  // namespace weir::edge::cache
