#pragma once
// PurgeRequest: what is to be removed or made stale, and PurgeLog: which purges a partition has
// seen lately, so that an answer whose fetch began before a purge is not stored as fresh after it.

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>

namespace weir::edge::cache {

enum class PurgeBy : uint8_t { key, prefix, tag };

struct PurgeRequest {
  PurgeBy by = PurgeBy::key;
  std::string text;   // the whole key, the first bytes of keys, or a tag
  bool soft = false;  // makes stale instead of removing
  // Fetches of this cause are not touched, see Begun; 0: all are.
  uint64_t cause = 0;
};

// When a fetch began, as the partition counts purges. `cause`: what made it begin, where that also
// makes void what was stored before, as a POST does whose answer is stored; 0: nothing.
struct Begun {
  uint64_t since = 0;
  uint64_t cause = 0;
};

enum class PurgeVerdict : uint8_t { untouched, stale, removed };

class PurgeLog {
 public:
  // More purges than this between the beginning of a fetch and its end count as one of it.
  static constexpr size_t purges_max = 1024;

  uint64_t add(const PurgeRequest& request);
  // What the purges later than `begun` say of an answer. Tags that are not known yet: `tags_known`
  // off; then any purge by tag counts.
  PurgeVerdict verdict(Begun begun, std::string_view key, std::span<const std::string_view> tags,
                       bool tags_known) const;

 private:
  struct Entry {
    uint64_t number;
    PurgeRequest request;
  };

  std::deque<Entry> entries_;
  uint64_t number_ = 0;
};

}  // namespace weir::edge::cache
