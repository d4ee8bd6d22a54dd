#include "settings/test_tables.h"

namespace weir::settings::test {

const Group<ServerSettings>& server_settings() {
  using S = ServerSettings;
  static const Group<S> group{
      "http.server",
      "How connections from clients are served.",
      {
          field(&S::idle_timeout, "idle_timeout", seconds(60),
                "Lower it when idle connections use too much memory.")
              .between(milliseconds(1), hours(1))
              .live(),
          field(&S::head_timeout, "head_timeout", seconds(10), "Raise it for slow clients."),
          field(&S::head_bytes_max, "head_bytes_max", 64 * KiB, "Raise it for large cookies.")
              .in_bytes()
              .between(1 * KiB, 1 * MiB),
          field(&S::port, "port", 8080, "The port to listen on."),
          field(&S::sample_rate, "sample_rate", 0.01, "Raise it to see more.").between(0, 1).live(),
          field(&S::keep_alive, "keep_alive", true, "Leave it on."),
          field(&S::backend, "backend", Backend::automatic,
                {{"automatic", Backend::automatic},
                 {"epoll", Backend::epoll},
                 {"io_uring", Backend::io_uring}},
                "Force one where the other is not allowed."),
          field(&S::shards, "shards", automatic, "Set it to use fewer cores.")
              .between(1, 1024)
              .unit("shards"),
          field(&S::token, "token", "", "Ask for it from whoever reads this server.")
              .secret()
              .live(),
          field(&S::trusted_peers, "trusted_peers", {"127.0.0.1"}, "Name your load balancers.")
              .between(0, 3)
              .live(),
      },
      [](const S& s) -> std::optional<std::string> {
        if (s.head_timeout <= s.idle_timeout) return std::nullopt;
        return "head_timeout must not exceed idle_timeout";
      }};
  return group;
}

namespace {

const Group<OriginSettings>& origin_settings() {
  using S = OriginSettings;
  static const Group<S> group{
      "",
      "Where a site's answers come from.",
      {field(&S::url, "url", required, "Where the origin listens.")
           .like([](std::string_view url) { return url.starts_with("http"); }, "http://HOST:PORT"),
       field(&S::weight, "weight", 1, "Raise it to send it more.").between(0, 100)}};
  return group;
}

const Group<RespondSettings>& respond_settings() {
  using S = RespondSettings;
  static const Group<S> group{
      "",
      "A fixed answer.",
      {field(&S::status, "status", 200, "The status code.").between(100, 599),
       field(&S::body, "body", "", "The body."), field(&S::headers, "headers", "Fields to send.")}};
  return group;
}

const Group<SiteSettings>& site_settings() {
  using S = SiteSettings;
  static const Group<S> group{
      "",
      "One site.",
      {field(&S::host, "host", required, "The names that the site answers to."),
       field(&S::origins, "origins", origin_settings(), "Where its answers come from."),
       field(&S::respond, "respond", respond_settings(), "Answers by itself.")},
      [](const S& s) -> std::optional<std::string> {
        if (s.origins.empty() != !s.respond) return std::nullopt;
        return "needs either origins or respond";
      }};
  return group;
}

}  // namespace

const Group<EdgeSettings>& edge_settings() {
  using S = EdgeSettings;
  static const Group<S> group{
      "edge",
      "The edge.",
      {field(&S::listen, "listen", "127.0.0.1:8080", "Where clients connect."),
       field(&S::sites, "sites", site_settings(), "What is served, by host.").live()}};
  return group;
}

Schema test_schema() {
  Schema schema;
  schema.add(server_settings());
  schema.add(edge_settings());
  return schema;
}

std::expected<Values, std::string> resolved(const Sources& sources) {
  auto values = resolve(test_schema(), sources);
  if (!values) return std::unexpected(to_string(values.error()));
  return *values;
}

}  // namespace weir::settings::test
