#pragma once
// BodyReader: reads one body from an offset, on one shard, while another may still be filling it.
// Many may read the same body. The filling shard sends mail only to shards that wait, once until it
// is delivered, however many readers wait there and however often bytes come.
//
//   BodyReader reader(store, object->body(), 0);
//   while (!reader.at_end()) {
//     if (reader.view().empty()) WEIR_CO_CHECK(co_await reader.more(wait));
//     ... send reader.view(), then reader.advance(n) ...
//   }

#include <atomic>
#include <memory>

#include "base/list.h"
#include "edge/cache/body.h"
#include "edge/cache/letter.h"
#include "runtime/waiter.h"

namespace weir::edge::cache {

class BodyReader : public ListNode<BodyReader> {
 public:
  // Holds the body; reads up to its end.
  BodyReader(ShardStore& store, Body& body, uint64_t offset);
  BodyReader(const BodyReader&) = delete;
  BodyReader& operator=(const BodyReader&) = delete;
  ~BodyReader();

  // What is there at the position, in one piece; stays until advance() passes it.
  std::string_view view() const { return gone_ ? std::string_view() : body_->view(position_); }
  void advance(uint64_t n);
  uint64_t position() const { return position_; }
  // Whether the body is complete and read to its end.
  bool at_end() const {
    return body_->state() == BodyState::complete && position_ >= body_->published();
  }
  // Waits until view() is not empty or at_end(). Errors: what the fill failed with; limit (it was
  // given up and the bytes at the position are gone, or there is no memory for one more shard that
  // reads what arrives: fetch it for yourself); timed_out, cancelled.
  runtime::Task<Result<>> more(runtime::Wait wait);

 private:
  friend struct FeedCell;
  friend class Feed;
  enum class Look : uint8_t { there, nothing, failed, gone };
  void enter();
  Look look();

  ShardStore& store_;
  BodyRef body_;
  uint64_t position_;
  FeedCell* cell_ = nullptr;  // while the body was filling when reading began
  bool gone_ = false;
};

// What one shard's readers of a filling body share with the filling shard. Made when the first of
// them comes, freed with the body.
struct FeedCell : Letter {
  static constexpr uint64_t memory_max = 512;  // with what the allocator adds
  static constexpr uint64_t gone = UINT64_MAX;

  // That much was taken for it from the account of what arrives.
  FeedCell(Body& of, ShardStore& on);

  static void deliver(Letter& letter, ShardStore& at);
  static void drop(Letter& letter);
  void wake();
  // A reader, which is in the list, begins at `position`; one went on to `to`, or has gone.
  void enter(uint64_t position);
  void leave(uint64_t from, uint64_t to = gone);

  Body& body;
  const size_t shard;  // of the readers
  ByteAccount* account;
  FeedCell* next = nullptr;
  List<BodyReader> readers;
  runtime::WaitQueue waiting;
  // Written by the readers' shard, read by the filling one.
  std::atomic<bool> waits{false};
  std::atomic<bool> mailed{false};     // the letter is on its way
  std::atomic<uint64_t> lowest{gone};  // position of the slowest reader

 private:
  struct Level {
    uint64_t position = gone;
    size_t readers = 0;
  };
  void arrive(uint64_t position);
  void look_at_all();

  // All readers are looked at only when nothing else tells who is the slowest now. A herd comes one
  // by one and goes on one by one, and would otherwise look at itself for each.
  size_t at_lowest_ = 0;
  Level next_;  // above the lowest
  bool next_known_ = true;
};

// The filling shard's side.
class Feed {
 public:
  // Tells every shard that waits for bytes of `body`.
  static void notify(Body& body, ShardStore& from);
  // The position of the slowest reader; UINT64_MAX when nobody reads.
  static uint64_t lowest(const Body& body);
  // Frees what every reader of a given-up body has passed.
  static void drop_passed(Body& body);
  // The cell of a shard, made if need be; nullptr: there is no memory for it.
  static FeedCell* cell(Body& body, ShardStore& store);
  static void free_cells(Body& body);
  // Their memory counts where the body's does.
  static uint64_t cell_bytes(const Body& body);
  static void charge_cells(Body& body, ByteAccount& to);
};

}  // namespace weir::edge::cache
