#pragma once
// Fill: the right and the duty to fetch one answer, held by one shard. Others who want the same key
// wait for it (ShardStore::claim). Its holder says how it ends: publish()
// and then complete(); decline(): it may not be stored; fail(). A Fill that is dropped without
// saying so fails, and hands the duty to one of those who wait.
//
// Not bound to the client that began it: keep it in a background task. Belongs to the shard that
// claimed it. What is too large to be stored, or finds no memory, is given up: it leaves the index,
// and those who read it already get it to its end, through what memory there is.

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "edge/cache/object.h"
#include "runtime/cancel.h"
#include "runtime/task.h"

namespace weir::edge::cache {

class ShardStore;
struct FillSide;

// What becomes of those who wait when a fill fails.
enum class OnFailure : uint8_t {
  share,   // they all get the error
  hand_on  // one of them tries again, at most fill.attempts_max in all; then as above
};

class Fill {
 public:
  // Bytes of a given-up body that are kept for readers who are behind, at most.
  static constexpr uint64_t window_bytes_max = 1024 * 1024;

  Fill() = default;
  Fill(Fill&& other) noexcept;
  Fill& operator=(Fill&& other) noexcept;
  ~Fill();
  explicit operator bool() const { return side_ != nullptr; }

  // The answer's head has come: from now on find() finds the object, on every shard, and whoever
  // waited is answered; its body grows. Once. `length`: of the body, where it is known. Errors:
  // limit (larger than may be stored, or no memory for it: decline() then).
  Result<> publish(const ObjectDraft& draft, std::optional<uint64_t> length);
  // 304 or HEAD: a new object with the body of `old`, which takes its place, if `old` is still
  // stored. The fill is then over. Answers the new object, which is good to be sent either way.
  // Errors: limit; invalid (the body of `old` is still arriving).
  Result<ObjectRef> refresh(const Object& old, const ObjectDraft& draft);
  // More bytes of the body, copied; answers how many were taken, from the front. Fewer only of a
  // given-up body, whose readers are a window behind, or for which there is no memory at the
  // moment: await readers_ahead(), and append the rest. Errors: invalid (more than was promised),
  // closed (given up and nobody reads it any more: stop fetching).
  Result<size_t> append(std::string_view bytes);
  // append() may take more. Errors: closed (nobody reads it any more), timed_out, cancelled.
  runtime::Task<Result<>> readers_ahead(runtime::Wait wait);
  // Both, until all of `bytes` are taken.
  runtime::Task<Result<>> append_all(std::string_view bytes, runtime::Wait wait);
  // The body is whole: it is kept from now on, as long as eviction lets it. Errors: invalid (fewer
  // bytes than promised: it has failed).
  Result<> complete();
  // The answer may not be stored: whoever waits goes on alone, and whoever comes does so too, for
  // `remember`. `why` is static text, for operators who ask. `then`: hand_on where it says nothing
  // of what the others would get; when it was tried often enough they go on alone all the same.
  void decline(Duration remember, std::string_view why = {}, OnFailure then = OnFailure::share);
  // No answer, or a body that broke off.
  void fail(Error error, OnFailure then);

  // The published object; nullptr before.
  const Object* object() const;
  // Whether it will be stored, as far as one knows.
  bool storing() const;
  // Whether anybody waits for it or reads it, on any shard, as far as one knows.
  bool wanted() const;

 private:
  friend class ShardStore;
  friend struct ClaimInquiry;
  explicit Fill(std::unique_ptr<FillSide> side);
  size_t copy(std::string_view bytes);
  bool has_to_wait();
  void tighten();
  std::unique_ptr<FillSide> side_;
};

enum class ClaimOutcome : uint8_t {
  lead,        // fetch it: `fill` is yours
  ready,       // published while you waited: `object`
  look_again,  // stored meanwhile: find() gives it
  alone,       // not storable lately, or declined: fetch it for yourself; fill_alone() if it is
  overloaded,  // too many wait, or too many fills run: fetch it for yourself, or refuse
  failed,      // the fetch that you waited for failed: `error`
  timed_out,
  cancelled
};

struct Claim {
  ClaimOutcome outcome;
  Fill fill;
  ObjectRef object;
  Error error{ErrorCode::closed, "no error"};
};

}  // namespace weir::edge::cache
