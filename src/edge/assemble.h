#pragma once
// An answer that is put together from parts that are stored and, where they do not suffice, from
// what the origin adds (RFC 9111 3.4). It becomes an object like any other, which grows while the
// pieces go into it; whoever reads it sees its own bytes and never a part's. The origin is asked
// once, from the first byte that is missing to the last, and with If-Range: what has changed comes
// whole.

#include "edge/cache/fill.h"
#include "edge/errand.h"
#include "edge/origin_fetch.h"
#include "edge/parts.h"

namespace weir::edge {

struct Pieces {
  enum class Kind : uint8_t {
    none,    // the parts are of no use: ask for all that is wanted
    ready,   // `assembly`, and `answer` with what it lacks
    other,   // `answer` is the answer to the whole question: another version, or an error
    failed,  // no answer: `error`
  };

  Kind kind = Kind::none;
  Assembly assembly;
  std::optional<FetchedAnswer> answer;
  Error error{ErrorCode::closed, "no error"};
};

// What of the errand can be had by parts. Its key has been claimed before, so that no purge
// goes unnoticed. `fetch` is used at most once.
runtime::Task<Pieces> gather(EdgeShard& edge, Errand& errand, const RequestDirectives& directives,
                             OriginFetch& fetch, runtime::Wait wait);

// Publishes what is ready as one object; false: it may not be stored, or does not fit.
bool publish(EdgeShard& edge, const Errand& errand, const Pieces& pieces, cache::Fill& fill);
// Where the draft of a part goes among the parts that are stored.
void put_in_place(EdgeShard& edge, const Errand& errand, class Draft& draft);

// Puts the bytes together, after publish(). False when it broke off.
runtime::Task<bool> assemble(EdgeShard& edge, Pieces pieces, cache::Fill fill);
// The same in a task of the shard's own, which holds the generation.
void assemble_beside(EdgeShard& edge, ShardGeneration& generation, Pieces pieces, cache::Fill fill);

}  // namespace weir::edge
