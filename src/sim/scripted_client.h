#pragma once
// ScriptedClients: clients of an HTTP/1.1 service in a simulated world. Each draws from the seed
// what it asks and how it behaves, and judges every answer. One secret a client, on one connection
// after another. Runs on one shard; outlives the process that it runs in.

#include <string>
#include <vector>

#include "runtime/shard.h"
#include "sim/answer_judge.h"
#include "sim/message_reader.h"

namespace weir::sim {

// How often clients do what, in [0, 1]; all zero: one request after another, at once.
struct ClientMix {
  double pipelined = 0;        // of a connection: all requests are sent without waiting
  double vanish = 0;           // of a connection: ends at some moment, in order or with a reset
  double slow_reader = 0;      // of a connection
  double slow_writer = 0;      // of a connection
  double body = 0;             // of a request: POST or PUT, up to `body_bytes_max`
  double expect_continue = 0;  // of a request with a body
  double shared = 0;           // of a request: a target that others ask for, too
  uint64_t body_bytes_max = 200 << 10;
  uint64_t answer_bytes_max = 300 << 10;

  static ClientMix draw(Random& random);
};

struct ClientOptions {
  Address service;
  std::string host = "site.test";
  size_t clients = 8;
  size_t connections = 3;   // of a client, one after another
  size_t requests_max = 6;  // of a connection
  // The service answers or closes within this, counted from when a request is the next to be
  // answered.
  Duration answer_limit = seconds(120);
  // Whether bytes may vanish on the link, so that a missing answer is nobody's fault.
  bool link_may_be_silent = false;
};

struct ClientTally {
  uint64_t requests = 0;  // begun
  uint64_t right = 0;
  uint64_t own_errors = 0;
  uint64_t torn = 0;  // ended in the middle, and told so
  uint64_t unanswered = 0;
  uint64_t unconnected = 0;
  uint64_t vanished = 0;
  uint64_t unheard = 0;  // late on a link that may be silent
  // What must never be.
  uint64_t violations = 0;
  std::string first_violation;
};

class ScriptedClients {
 public:
  ScriptedClients(ClientOptions options, const ClientMix& mix)
      : options_(std::move(options)), mix_(mix) {}

  // The main task of its shard: ends when every client has.
  runtime::Task<> run(runtime::Shard& shard);
  const ClientTally& tally() const { return tally_; }

 private:
  struct Connection;

  runtime::Task<> one_client(runtime::Shard& shard, size_t index);
  runtime::Task<> one_connection(runtime::Shard& shard, std::string secret);
  void draw_requests(Connection& connection, const std::string& secret);
  SimRequest draw_request(Random& random, const std::string& secret);
  runtime::Task<> write_requests(Connection& connection);
  runtime::Task<bool> write_request(Connection& connection, const SimRequest& request);
  runtime::Task<> read_answers(Connection& connection);
  // False when there can be no further answer.
  runtime::Task<bool> read_answer(Connection& connection, const SimRequest& request);
  // The final head's bytes, to be parsed again by who keeps them.
  runtime::Task<Result<std::string>> read_final_head(Connection& connection,
                                                     const SimRequest& request, runtime::Wait wait);
  void count_failure(const Connection& connection, const SimRequest& request, Error error,
                     bool begun);
  void count(const SimRequest& request, Verdict verdict);
  void violation(std::string what);

  ClientOptions options_;
  ClientMix mix_;
  ClientTally tally_;
  uint64_t next_request_ = 1;
};

}  // namespace weir::sim
