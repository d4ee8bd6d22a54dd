#pragma once
// The two ends of a CacheWorld: an origin whose resources change with time, and clients that know
// when. Each runs on one shard and outlives the process that it runs in.

#include <map>
#include <string>
#include <vector>

#include "edge/cache/store.h"
#include "runtime/shard.h"
#include "sim/cache_world.h"
#include "wire/http1_request.h"
#include "wire/http1_response.h"

namespace weir::sim {

class VersionedOrigin {
 public:
  VersionedOrigin(int listener, const CacheWorldPlan& plan, CacheWorldOutcome& outcome)
      : listener_(listener), plan_(plan), outcome_(outcome) {}

  // Serves until its shard drains.
  runtime::Task<> run(runtime::Shard& shard);

 private:
  runtime::Task<> serve(runtime::Shard& shard, runtime::StreamPtr stream);
  std::string answer(const wire::RequestHead& head, MonoTime made, Random& random) const;
  // The body, or a part of it, with the fields that say so.
  void append_content(Buffer& out, const wire::RequestHead& head, std::string_view tag,
                      std::string_view body, Random& random) const;

  int listener_;
  const CacheWorldPlan& plan_;
  CacheWorldOutcome& outcome_;
};

class VersionedClients {
 public:
  VersionedClients(Address service, const CacheWorldPlan& plan, CacheWorldOutcome& outcome)
      : service_(service), plan_(plan), outcome_(outcome) {}

  // Ends when every client has.
  runtime::Task<> run(runtime::Shard& shard);
  // Whose memory is looked at after every answer.
  void watch(const edge::cache::Store& store) { store_ = &store; }
  // Whether a change is certain to last: not while the disk notes nothing.
  void set_durable(bool durable) { durable_ = durable; }

 private:
  struct Asked;
  runtime::Task<> client(runtime::Shard& shard, size_t index);
  runtime::Task<> ask(runtime::Shard& shard, const Asked& asked);
  void judge(const Asked& asked, const wire::ResponseHead& head, std::string_view body);
  void judge_change(const Asked& asked, const wire::ResponseHead& head);
  // Whether a body is what belongs to this version, or the part of it that was asked for.
  bool is_right(const Asked& asked, const wire::ResponseHead& head, std::string_view body,
                std::string_view whole);
  void violation(std::string what);

  // A resource was changed through the edge, and the client was told so.
  struct Change {
    MonoTime began, told;
  };

  Address service_;
  const CacheWorldPlan& plan_;
  CacheWorldOutcome& outcome_;
  const edge::cache::Store* store_ = nullptr;
  std::map<std::string, std::vector<Change>> changes_;  // by target
  bool durable_ = true;
};

}  // namespace weir::sim
