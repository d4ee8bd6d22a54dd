#pragma once
// What operators ask of the cache, on one shard of the edge: remove, explain, list what is hot.
// Answers are JSON, for the admin pages and `weir edge`.

#include <string>
#include <vector>

#include "edge/cache/purge.h"
#include "edge/edge_shard.h"

namespace weir::edge {

struct DeskAnswer {
  uint16_t status = 200;
  std::string json;
};

// By key and prefix `text` is a URL or the beginning of one, without regard to its scheme; by tag
// it is the tag. In force on all shards when it answers.
runtime::Task<DeskAnswer> purge(EdgeShard& edge, cache::PurgeRequest request);
// What is stored under a URL, until when, and why not if not.
runtime::Task<DeskAnswer> explain(EdgeShard& edge, std::string url);
// The URLs that are asked for most, hottest first.
runtime::Task<std::vector<std::string>> hottest(EdgeShard& edge, size_t count);

// The key of a URL; empty when it is none, or no site serves it. `site` gets whose it is.
std::string key_of_url(const EdgeConfig& config, std::string_view url, const Site** site);

}  // namespace weir::edge
