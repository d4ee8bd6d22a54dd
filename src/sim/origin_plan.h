#pragma once
// OriginPlan: how a simulated origin behaves for one request, drawn from the seed: values only.

#include <cstdint>

#include "base/random.h"
#include "base/time.h"

namespace weir::sim {

// How often what goes wrong, in [0, 1]; all zero: an honest, quick origin.
struct OriginMix {
  double slow = 0;                  // pauses between pieces of the answer
  double cut = 0;                   // ends in the middle: lies about its length, or resets
  double overlong = 0;              // sends bytes behind its answer
  double garbage = 0;               // answers what is not HTTP, or not safely so
  double silent = 0;                // takes the request and never answers
  double hang_up = 0;               // takes the request and closes
  double early = 0;                 // answers before it has read the request's body
  double error = 0;                 // answers with 500
  Duration idle_max = seconds(60);  // closes an idle connection after half of it to all of it

  static OriginMix draw(Random& random);
};

enum class AnswerFraming : uint8_t { content_length, chunked, until_close };

struct OriginPlan {
  enum class Kind : uint8_t { answer, garbage, silent, hang_up };

  Kind kind = Kind::answer;
  AnswerFraming framing = AnswerFraming::content_length;
  uint16_t status = 200;
  bool early = false;
  bool keep_alive = true;
  bool trailer = false;
  bool cut = false;
  bool cut_by_reset = false;
  unsigned interims = 0;
  size_t extra_bytes = 0;
  Duration pause_max{0};

  static OriginPlan draw(Random& random, const OriginMix& mix);
};

}  // namespace weir::sim
