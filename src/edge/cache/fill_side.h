#pragma once
// What a fill is on its two shards. FillSide: on the shard that fetches; it goes to the owner when
// the fill has ended. FillRecord: on the owner's, with those who wait for it. ClaimInquiry: a claim
// on its way, or waiting in a record.

#include <string>

#include "edge/cache/fill.h"
#include "edge/cache/inquiry.h"
#include "edge/cache/owner_table.h"
#include "edge/cache/purge.h"
#include "edge/cache/store_metrics.h"

namespace weir::edge::cache {

struct FillRecord : ListNode<FillRecord> {
  uint64_t hash = 0;  // of key and variant
  FillRecord* next_in_table = nullptr;
  std::string key;
  std::string variant;
  uint64_t since = 0;  // purges that the partition had seen when it began
  uint32_t attempts = 1;
  bool listed = false;  // those who come may join
  size_t waiting_count = 0;
  List<Inquiry> waiting;  // ClaimInquirys
};

struct ClaimInquiry final : Inquiry {
  ClaimInquiry(ShardStore& store, std::string_view of_key, uint64_t of_hash,
               std::string_view of_variant, uint64_t seen_stamp)
      : Inquiry(store), key(of_key), variant(of_variant), hash(of_hash), seen(seen_stamp) {}

  // The right to fetch, on the home shard.
  Fill take_fill();

  std::string key;
  std::string variant;
  uint64_t hash;
  uint64_t seen;
  std::string unbound_by;
  ClaimOutcome outcome = ClaimOutcome::failed;
  FillRecord* record = nullptr;  // of a lead
  uint64_t since = 0;
  ObjectRef object;
  Error error{ErrorCode::closed, "the fetch was dropped"};

 protected:
  void arrive(ShardStore& at) override;
  void come_late() override;
};

struct FillSide {
  FillSide(ShardStore& of, FillRecord* at_owner, ClaimInquiry& claim);
  FillSide(ShardStore& of, std::string_view key, uint64_t hash, Begun begun);
  FillSide(const FillSide&) = delete;
  FillSide& operator=(const FillSide&) = delete;

  struct FillLetter : Letter {
    FillLetter(FillSide& of, Deliver on_delivery, Drop on_drop)
        : Letter(on_delivery, on_drop), side(of) {}
    FillSide& side;
  };
  void tell_owner(FillLetter& letter);
  // Hands `side` to the owner.
  static void end(std::unique_ptr<FillSide> side, FillEnd how);
  void give_up(NotStored why);
  // Whether `bytes` are to be had of the memory for what arrives; taken from it if so.
  bool take(uint64_t bytes);
  // Takes what `body` needs to grow by `n` bytes.
  bool prepay(Body& body, uint64_t n);

  ShardStore& store;
  FillRecord* record;  // the owner's; none of a fill that is alone
  std::string key;
  std::string variant;
  uint64_t hash;
  Begun begun;
  bool given_up = false;
  ObjectRef object;          // once published; not changed then, since the owner may be reading it
  ObjectRef tight;           // its copy, when its body was copied to the right size
  ObjectRef takes_place_of;  // of a refresh
  FillEnd how = FillEnd::failed;
  Duration remember{};
  std::string_view declined_for;  // static text
  Error error{ErrorCode::closed, "the fetch was dropped"};
  OnFailure then = OnFailure::hand_on;
  FillLetter published;
  FillLetter gave_up;
  FillLetter ended;
};

}  // namespace weir::edge::cache
