#pragma once
// CacheConsole: the operators' side of the edge's cache in the process: carries their questions to
// the shards, runs prewarming, and keeps the list of hot keys in the data directory. Made and
// ticked by the main thread; asked by the admin thread.

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "admin/admin_process.h"
#include "edge/edge_shard.h"
#include "edge/prewarm.h"
#include "runtime/shard.h"
#include "telemetry/event_log.h"

namespace weir::cli {

class CacheConsole {
 public:
  // The edge of a shard, asked on that shard; nullptr: it has drained.
  using FindEdge = std::function<edge::EdgeShard*(size_t shard)>;

  // `data`: the directory for hot-keys.txt; empty: none is kept. All outlive it.
  CacheConsole(runtime::ShardGroup& shards, FindEdge find, std::string data,
               telemetry::EventLog& log);

  // Any thread.
  void ask(admin::CacheQuestion question, std::shared_ptr<admin::CacheReply> reply);

  // --- the main thread ---
  // Fetches what was hot when the list was last saved.
  void load_hot_keys();
  // Saves the list from time to time.
  void tick(MonoTime now, const edge::HotKeySettings& settings);
  // Saves it for the next start, before the shards drain; waits a moment at most.
  void save_at_stop(const edge::HotKeySettings& settings);

 private:
  struct Asked;
  runtime::Task<> answer(edge::EdgeShard& edge, std::shared_ptr<Asked> asked);
  void prewarm(const admin::CacheQuestion& question, admin::CacheReply& reply);
  void start(std::vector<std::string> urls, size_t at_a_time);
  std::shared_ptr<edge::PrewarmJob> job() const;
  bool save(const std::string& urls);
  void ask_for_hot(size_t count);
  std::string file() const { return data_ + "/hot-keys.txt"; }

  runtime::ShardGroup& shards_;
  FindEdge find_;
  std::string data_;
  telemetry::EventLog& log_;
  mutable std::mutex mutex_;  // guards job_
  std::shared_ptr<edge::PrewarmJob> job_;
  MonoTime next_save_{};
  std::shared_ptr<admin::CacheReply> hot_;  // while it is being asked for
};

}  // namespace weir::cli
