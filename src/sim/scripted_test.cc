// The simulation's own origin and clients against each other: honest ones find nothing wrong, and
// each way to be wrong is found.
#include <doctest/doctest.h>

#include "runtime/sim_process.h"
#include "sim/answer_bytes.h"
#include "sim/content.h"
#include "sim/scripted_client.h"
#include "sim/scripted_origin.h"

namespace weir::sim {
namespace {

using runtime::Shard;
using runtime::SimFaults;
using runtime::SimProcess;
using runtime::SimWorld;

const Address service = *Address::parse("10.0.0.1:80");
const Address client_host = *Address::parse("10.0.0.2:0");

struct Outcome {
  ClientTally clients;
  OriginTally origin;
  uint64_t hash = 0;
};

// Clients that speak to the origin with nothing between.
Outcome run(uint64_t seed, const SimFaults& faults, const OriginMix& origin_mix,
            const ClientMix& client_mix, bool silent = false) {
  SimWorld world(seed, faults);
  ScriptedOrigin origin(*world.network().open_listener(service), origin_mix);
  ClientOptions options{.service = service, .link_may_be_silent = silent};
  ScriptedClients clients(options, client_mix);
  {
    SimProcess serving(world, service, 1, [&](Shard& shard) { return origin.run(shard); });
    SimProcess asking(world, client_host, 1, [&](Shard& shard) { return clients.run(shard); });
    CHECK(asking.join(hours(2)));
  }
  CHECK(world.network().sockets() == 0);
  return {clients.tally(), origin.tally(), world.trace_hash()};
}

wire::ResponseHead head_of(std::span<wire::Field> storage, std::string_view bytes) {
  wire::ResponseHead head(storage);
  REQUIRE(wire::parse_response_head(bytes, 0, {}, wire::RequestMethod::get, head).complete());
  return head;
}

Verdict verdict_of(const SimRequest& request, const std::string& answer) {
  std::array<wire::Field, 16> storage;
  const wire::ResponseHead head = head_of(storage, answer);
  return judge(request, head, answer.substr(answer.find("\r\n\r\n") + 4), "");
}

std::string answer_to(const SimRequest& request) {
  return answer_bytes({request.method, request.target, request.secret, true}, {});
}

}  // namespace

TEST_CASE("content follows from the target, and from the asker unless it is shared") {
  CHECK(answer_content("/private/1/100", "a").size() == 100);
  CHECK(answer_content("/private/1/100", "a") != answer_content("/private/1/100", "b"));
  CHECK(answer_content("/private/1/100", "a") != answer_content("/private/2/100", "a"));
  CHECK(answer_content("/shared/1/100", "a") == answer_content("/shared/1/100", "b"));
}

TEST_CASE("the judge knows a foreign answer, a torn one, and an error page") {
  const SimRequest mine{.method = "GET", .target = "/private/1/50", .secret = "me"};
  SimRequest other = mine;
  other.secret = "you";
  SimRequest another = mine;
  another.target = "/private/2/50";
  const std::string right = answer_to(mine);
  CHECK(verdict_of(mine, right) == Verdict::right);
  CHECK(verdict_of(mine, answer_to(other)) == Verdict::foreign);
  CHECK(verdict_of(mine, answer_to(another)) == Verdict::foreign);
  CHECK(verdict_of(mine, right.substr(0, right.size() - 1)) == Verdict::wrong_body);
  CHECK(verdict_of(mine, right + "!") == Verdict::wrong_body);
  std::string flipped = right;
  flipped.back() ^= 1;
  CHECK(verdict_of(mine, flipped) == Verdict::wrong_body);
  CHECK(verdict_of(mine, "HTTP/1.1 502 Bad Gateway\r\n\r\nsorry") == Verdict::own_error);
  CHECK(verdict_of(mine, "HTTP/1.1 200 OK\r\n\r\nsorry") == Verdict::unknown);
}

TEST_CASE("over a good link an honest origin answers every request right") {
  uint64_t right = 0;
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    ClientMix mix = ClientMix::draw(random);
    mix.vanish = 0;
    // An origin that closes on requests that it has not read resets, and may take the last answer
    // with it.
    mix.pipelined = 0;
    const Outcome outcome = run(seed, {}, {}, mix);
    CHECK(outcome.clients.first_violation == "");
    CHECK(outcome.origin.first_violation == "");
    CHECK(outcome.clients.own_errors + outcome.clients.torn == 0);
    right += outcome.clients.right;
  }
  CHECK(right > 500);
}

TEST_CASE("over a bad link answers are right, torn or missing, never wrong") {
  ClientTally sum;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const SimFaults faults = SimFaults::draw(random);
    OriginMix mix = OriginMix::draw(random);
    mix.overlong = mix.garbage = 0;
    const Outcome outcome = run(seed, faults, mix, ClientMix::draw(random), true);
    CHECK(outcome.clients.first_violation == "");
    CHECK(outcome.origin.first_violation == "");
    sum.right += outcome.clients.right;
    sum.torn += outcome.clients.torn;
    sum.vanished += outcome.clients.vanished;
    sum.unanswered += outcome.clients.unanswered;
  }
  CHECK(sum.right > 1000);
  CHECK(sum.torn > 50);
  CHECK(sum.vanished > 20);
  CHECK(sum.unanswered > 50);
}

TEST_CASE("clients notice garbage, overlong answers and silence") {
  const Outcome garbage = run(1, {}, {.garbage = 0.5}, {});
  CHECK(garbage.clients.first_violation.starts_with("a malformed"));
  const Outcome overlong = run(2, {}, {.overlong = 1}, {.pipelined = 1});
  CHECK(overlong.clients.first_violation != "");
  // The origin closes a silent connection after a while; the link, never.
  SimFaults silent;
  silent.link.silence_chance = 1;
  CHECK(run(3, silent, {}, {}).clients.first_violation.starts_with("neither answered"));
  CHECK(run(3, silent, {}, {}, true).clients.unheard > 0);
}

TEST_CASE("a simulation of origin and clients is the same with every run") {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    Random first(seed), second(seed);
    const auto whole_run = [&](Random& random) {
      const SimFaults faults = SimFaults::draw(random);
      const OriginMix mix = OriginMix::draw(random);
      return run(seed, faults, mix, ClientMix::draw(random), true).hash;
    };
    CHECK(whole_run(first) == whole_run(second));
  }
}

}  // namespace weir::sim
