#pragma once
// AdminProcess: what the admin pages ask of the process that they belong to. Implemented by cli/.
// Called on the admin shard, beside everything else that the process does: implementations lock
// what they share, and take milliseconds at most.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "telemetry/prometheus.h"
#include "telemetry/tracing.h"

namespace weir::admin {

// What a reload did, as JSON for whoever asked for it.
struct ReloadAnswer {
  bool accepted = false;  // false: the configuration is broken, and the old one stays in force
  std::string json;
};

// What the pages ask of the cache.
struct CacheQuestion {
  enum class Kind : uint8_t {
    purge_url,
    purge_prefix,
    purge_tag,
    explain,
    hottest,
    prewarm,        // the URLs in `text`, a line each
    prewarm_state,  // how far it is
  };
  Kind kind = Kind::explain;
  std::string text = {};
  bool soft = false;   // of purges: make stale instead of removing
  uint64_t count = 0;  // of hottest: how many; of prewarm: how many at a time
  bool purges() const {
    return kind == Kind::purge_url || kind == Kind::purge_prefix || kind == Kind::purge_tag;
  }
};
struct CacheAnswer {
  uint16_t status = 200;
  std::string json = {};
};
// Where an answer is laid by the thread that has it, and found by the one that asked.
class CacheReply {
 public:
  void give(CacheAnswer answer) {
    answer_ = std::move(answer);
    there_.store(true, std::memory_order_release);
  }
  bool there() const { return there_.load(std::memory_order_acquire); }
  // Once it is there.
  const CacheAnswer& answer() const { return answer_; }

 private:
  CacheAnswer answer_;
  std::atomic<bool> there_{false};
};

class AdminProcess {
 public:
  // Whether clients should be sent here: not while starting, nor while draining.
  virtual bool ready() const = 0;
  // The effective configuration as YAML, without secrets.
  virtual std::string config() const = 0;
  virtual ReloadAnswer reload() = 0;
  // Has the question answered, now or soon; whoever drops the reply does not want it any more.
  virtual void ask_cache(CacheQuestion question, std::shared_ptr<CacheReply> reply) = 0;
  // What is in the flight recorders, for as long as the process lives.
  virtual const telemetry::Tracing& tracing() const = 0;
  // Puts other sampling settings in force on all shards, until the next reload.
  virtual void resample(const telemetry::SamplingSettings& settings) = 0;
  // A scrape has taken this much CPU.
  virtual void count_scrape(Duration time) = 0;
  // Traces to go with the buckets of a histogram.
  virtual telemetry::HistogramExamples examples() const = 0;
  // Version, compiler, reactor and the like, in the order in which they are shown.
  virtual std::vector<std::pair<std::string, std::string>> build_facts() const = 0;

 protected:
  ~AdminProcess() = default;
};

}  // namespace weir::admin
