#pragma once
// LoadOptions: what `weir load http` is to do, checked: whom to ask what, how often, over how many
// connections, for how long. A value, made from the command line.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "load/arrivals.h"
#include "settings/flags.h"
#include "wire/http1_head.h"

namespace weir::load {

inline constexpr uint32_t connections_most = 60'000;
inline constexpr uint32_t queue_most = 10'000'000;
inline constexpr uint64_t body_bytes_most = 64 << 20;
inline constexpr Duration time_most = hours(24);

struct LoadOptions {
  Address target;
  std::string url;                                        // as it was given, for the report
  std::string request_bytes;                              // the whole request, the same every time
  wire::RequestMethod method = wire::RequestMethod::get;  // decides how an answer is read

  std::optional<RateProfile> rate;  // none: closed loop
  Arrival arrival = Arrival::poisson;
  uint32_t connections = 64;        // in all shards
  uint32_t queue = 100'000;         // due requests that may wait for a connection, in all shards
  uint64_t max_requests = 0;        // 0: no bound but time
  Duration duration = seconds(10);  // measured, behind the warm-up
  Duration warmup = seconds(1);
  Duration timeout = seconds(5);  // of one request, from the moment that it was due

  std::vector<int> cores;  // one shard a core; never empty
  bool pin = false;
  bool json = false;

  bool open_loop() const { return rate.has_value(); }
};

// From the command line of `weir load http`. The error names the flag and what is wrong with it.
// Looks a host name up and reads the body's file, so it may block.
std::expected<LoadOptions, std::string> load_options(const settings::Arguments& arguments);

}  // namespace weir::load
