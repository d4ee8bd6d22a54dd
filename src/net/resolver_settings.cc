#include "net/resolver_settings.h"

namespace weir::net {

const settings::Group<ResolverSettings>& resolver_settings() {
  using S = ResolverSettings;
  using settings::field;
  static const settings::Group<S> group{
      "dns",
      "How the names of origins are looked up.",
      {field(&S::servers, "servers", std::vector<std::string>{},
             "Servers to ask, as ADDRESS or ADDRESS:PORT; none asks those of /etc/resolv.conf."),
       field(&S::query_timeout, "query_timeout", seconds(1),
             "How long a server may take to answer before the next is asked.")
           .between(milliseconds(10), minutes(1)),
       field(&S::attempts, "attempts", 3u, "How often each server is asked.").between(1, 10),
       field(&S::ttl_min, "ttl_min", seconds(1),
             "Shortest time that an answer is kept, whatever it says itself.")
           .between(milliseconds(1), hours(1)),
       field(&S::ttl_max, "ttl_max", hours(1),
             "Longest time that an answer is kept; lower it when origins move without notice.")
           .between(seconds(1), hours(168)),
       field(&S::negative_ttl, "negative_ttl", seconds(5),
             "How long a failed look-up is remembered, so that a wrong name costs little.")
           .between(seconds(0), hours(1)),
       field(&S::stale_max, "stale_max", hours(24),
             "How long an old answer serves while the servers do not answer.")
           .between(seconds(0), hours(720)),
       field(&S::names_max, "names_max", 1024u, "Most names that a shard remembers.")
           .between(1, 1'000'000)},
      [](const S& s) -> std::optional<std::string> {
        if (s.ttl_min <= s.ttl_max) return std::nullopt;
        return "ttl_min is longer than ttl_max";
      }};
  return group;
}

}  // namespace weir::net
