#pragma once
// WrittenHits: the answers that a shard gives most from its cache, as they leave: a run of bytes
// with head, Age, Cache-Status and body, for as long as they would be written alike, at most a
// second. Belongs to one shard's generation. Holds `runs_max` runs of `run_bytes_max`, besides
// those that are still being sent; an object's place is given by its hash, and the last who came
// has it.
//
// A run is written when the same answer is wanted a second time: what is asked for once in a while
// is not worth it.

#include <array>
#include <cstdint>
#include <string_view>

#include "edge/written_run.h"

namespace weir::edge {

class WrittenHits {
 public:
  static constexpr size_t runs_max = 64;
  static constexpr size_t run_bytes_max = 12 * 1024;

  // What makes an answer this one and no other. A stamp is given once by the owner of a hash.
  struct Name {
    uint64_t hash = 0;
    uint64_t stamp = 0;  // of the object; 0: none
    uint64_t age_s = 0;
    int64_t ttl_s = 0;

    bool operator==(const Name&) const = default;
  };

  // An answer's place.
  class Place {
   public:
    // The run of `name`, if it is written; otherwise the place is for `name` from now on.
    WrittenRun* find(const Name& name) {
      again_ = name_ == name;
      if (again_ && written_) return run_;
      name_ = name;
      written_ = false;
      return nullptr;
    }
    // Whether what find() did not find has been wanted before.
    bool wanted_again() const { return again_; }
    // Under the name that find() was called with. Takes the memory of the run before, unless that
    // is still being sent.
    WrittenRun& write(std::string_view bytes) {
      if (run_ && run_->unsent()) {
        run_->rewrite(bytes);
      } else {
        run_ = new WrittenRun(std::string(bytes));
        pin_ = run_->pin();
      }
      written_ = true;
      return *run_;
    }

   private:
    Name name_;
    bool again_ = false;
    bool written_ = false;  // the run is that of the name
    WrittenRun* run_ = nullptr;
    Pin pin_;
  };

  // The low bits of a hash choose an index's bucket and the high ones its owner.
  Place& place_of(uint64_t hash) { return places_[(hash >> 32) % runs_max]; }

 private:
  std::array<Place, runs_max> places_;
};

}  // namespace weir::edge
