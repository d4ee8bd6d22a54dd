#include "sim/origin_plan.h"

namespace weir::sim {
namespace {

double maybe(Random& random, double most) {
  return random.below(3) == 0 ? random.unit() * most : 0;
}

}  // namespace

OriginMix OriginMix::draw(Random& random) {
  OriginMix mix;
  mix.slow = maybe(random, 0.5);
  mix.cut = maybe(random, 0.3);
  mix.overlong = maybe(random, 0.2);
  mix.garbage = maybe(random, 0.2);
  mix.silent = maybe(random, 0.1);
  mix.hang_up = maybe(random, 0.2);
  mix.early = maybe(random, 0.5);
  mix.error = maybe(random, 0.1);
  mix.idle_max = milliseconds(1 + random.below(random.below(2) == 0 ? 200 : 60'000));
  return mix;
}

OriginPlan OriginPlan::draw(Random& random, const OriginMix& mix) {
  const auto chance = [&](double p) { return p > 0 && random.unit() < p; };
  OriginPlan plan;
  if (chance(mix.garbage)) plan.kind = Kind::garbage;
  if (chance(mix.silent)) plan.kind = Kind::silent;
  if (chance(mix.hang_up)) plan.kind = Kind::hang_up;
  plan.framing = static_cast<AnswerFraming>(random.below(3));
  if (chance(mix.error)) plan.status = 500;
  if (chance(0.1)) plan.status = 404;
  if (chance(0.05)) plan.status = 204;
  plan.early = chance(mix.early);
  plan.trailer = chance(0.5);
  plan.interims = chance(0.1) ? 1 + static_cast<unsigned>(random.below(3)) : 0;
  plan.cut = chance(mix.cut);
  // Where the end of the connection is the end of the body, only a reset can say that it is torn.
  plan.cut_by_reset = plan.framing == AnswerFraming::until_close || chance(0.5);
  if (chance(mix.overlong)) plan.extra_bytes = 1 + random.below(100);
  if (chance(mix.slow)) plan.pause_max = milliseconds(1 + random.below(500));
  plan.keep_alive = plan.framing != AnswerFraming::until_close && chance(0.9);
  return plan;
}

}  // namespace weir::sim
