#pragma once
// Errand: what it takes to fetch one answer for the cache, judge it and store it, whoever still
// waits for it: all that has to be known of the request that wanted it, copied. On one shard.

#include <optional>
#include <string>

#include "edge/edge_request.h"
#include "edge/forward.h"
#include "edge/rules/byte_range.h"
#include "edge/rules/freshness.h"
#include "edge/rules/validators.h"

namespace weir::edge {

struct Errand {
  std::string key;  // of the cache
  uint64_t key_hash = 0;
  std::string path;  // for rules by path
  size_t site_index = 0;
  const CachePolicy* policy = nullptr;  // of the generation, which is held
  RequestFacts facts;
  std::optional<RangeSpec> part;  // what is wanted, where it is not the whole
  std::string if_range;           // the client's condition on that
  // It was a POST, and its answer is what a GET of the same address would give.
  bool content_of_target = false;
  OriginAsk ask;
  Buffer fields;  // of the request, as lines, by which variants are told apart
};

// What the request wants of its origin, without what concerns this client alone: ranges and, unless
// they are to be asked, too, its preconditions.
Errand make_errand(const EdgeRequest& request, bool with_conditions = false);
// Adds the question whether the stored answer with these validators still holds; nothing where it
// has none.
void append_whether(OriginAsk& ask, const Validators& stored);
// Appends the field that asks for the part that is wanted; nothing where that is the whole.
void append_part_asked(Buffer& fields, const Errand& errand);
// The same errand for all of it.
Errand for_whole(Errand errand);

}  // namespace weir::edge
