#pragma once
// DemoOrigin: a small real site that shows what the edge in front of it does: pages and images that
// a cache may keep, an API, streams, slow and failing paths. One a shard. Everything it makes is
// bounded: waits by 30 s, generated bodies by 1 GiB, memory by what the pages take.
//
//   /  /styles.css  /images/NAME.svg  /images/gradient.png       kept parts, with validators
//   /api/time  /api/products  /api/echo                          JSON; echo returns what it is sent
//   /stream  /slow?ms=N  /large?bytes=N                          streams
//   /status/NNN  /early-hints  /fail/reset  /fail/short          answers of every kind

#include <map>

#include "demo/demo_answer.h"
#include "demo/demo_site.h"
#include "net/http_exchange.h"

namespace weir::demo {

inline constexpr uint64_t slow_ms_max = 30'000;
inline constexpr uint64_t large_bytes_max = uint64_t{1} << 30;

class DemoOrigin final : public net::HttpHandler {
 public:
  // What the site is made of was last modified at `born`.
  explicit DemoOrigin(WallTime born);

  runtime::Task<> handle(net::HttpExchange& exchange) override;
  void reject(net::HttpExchange& exchange, uint16_t status, const char* reason) override;

 private:
  using Handler = runtime::Task<> (*)(net::HttpExchange& exchange, std::string_view rest);
  struct Route {
    std::string_view path;
    Handler handler;
    bool any_method = false;
    bool prefix = false;  // what is behind it goes to the handler
  };
  static const Route routes[];

  void answer_kept(net::HttpExchange& exchange, const Kept& kept) const;

  std::map<std::string_view, Kept> site_;
};

}  // namespace weir::demo
