#include "edge/site.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/units.h"
#include "wire/http1_write.h"

namespace weir::edge {
namespace {

using TextResult = std::expected<std::string, std::string>;

// What calls this adds the key to its error. A pipe or a device may have no end: it is not read.
TextResult read_regular(int fd) {
  constexpr uint64_t bytes_max = RespondSettings::body_file_bytes_max;
  struct stat status{};
  if (fd < 0 || ::fstat(fd, &status) != 0) return std::unexpected(std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return std::unexpected("not a regular file");
  std::string body;
  std::array<char, 16 * KiB> piece{};
  while (const ssize_t size = ::read(fd, piece.data(), piece.size())) {
    if (size < 0) return std::unexpected(std::strerror(errno));
    body.append(piece.data(), static_cast<size_t>(size));
    if (body.size() > bytes_max) return std::unexpected("larger than " + format_bytes(bytes_max));
  }
  return body;
}

// Errors of this and what calls it begin with the key below what they are given.
TextResult body_of(const RespondSettings& settings) {
  if (settings.body_file.empty()) return settings.body;
  // Else a pipe that nobody writes into would be waited for.
  const int fd = ::open(settings.body_file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  TextResult body = read_regular(fd);
  if (fd >= 0) ::close(fd);
  if (!body) return std::unexpected("body_file: " + settings.body_file + ": " + body.error());
  return body;
}

bool names(const settings::TextMap& fields, std::string_view wanted) {
  for (const auto& [name, value] : fields)
    if (wire::equal_ignoring_case(name, wanted)) return true;
  return false;
}

std::expected<FixedAnswer, std::string> fixed_answer(const RespondSettings& settings,
                                                     const HeaderEdits& edits,
                                                     std::string_view server_line) {
  TextResult body = body_of(settings);
  if (!body) return std::unexpected(body.error());
  Buffer head;
  const auto status = static_cast<uint16_t>(settings.status);
  wire::append_status_line(head, status);
  if (!names(settings.headers, "server") && !edits.removes("server")) head.append(server_line);
  for (const auto& [name, value] : settings.headers)
    if (!edits.removes(name)) wire::append_field(head, name, value);
  head.append(edits.lines());
  if (status == 204 || status == 304) {
    body->clear();
  } else {
    wire::append_content_length(head, body->size());
  }
  return FixedAnswer{status, std::string(head.view()), *std::move(body)};
}

// What tells of the content of an answer, where another lies, and how long it may be stored: a page
// that tells of an error, and the outcome of a call, have their own.
bool tells_of_answer(std::string_view name) {
  static constexpr std::array<std::string_view, 10> names{
      "accept-ranges", "age",         "cache-control", "etag",     "expires",
      "grpc-message",  "grpc-status", "last-modified", "location", "surrogate-control"};
  const auto begins = [name](std::string_view with) {
    return wire::equal_ignoring_case(name.substr(0, with.size()), with);
  };
  const auto ends = [name](std::string_view with) {
    return name.size() >= with.size() &&
           wire::equal_ignoring_case(name.substr(name.size() - with.size()), with);
  };
  if (begins("content-")) return !begins("content-security-policy");
  return ends("-cache-control") || std::ranges::any_of(names, [name](std::string_view other) {
           return wire::equal_ignoring_case(name, other);
         });
}

// A rule says where to.
bool is_location(std::string_view name) {
  return wire::equal_ignoring_case(name, "location");
}

HeaderEdits response_edits_without(bool (*left_out)(std::string_view), HeaderSettings s) {
  std::erase_if(s.response_set, [&](const auto& field) { return left_out(field.first); });
  std::erase_if(s.response_remove, left_out);
  return HeaderEdits(s.response_set, s.response_remove);
}

CorsPolicy policy_of(const CorsSettings& s) {
  return {s.allow_origins,  s.allow_methods,     s.allow_headers,
          s.expose_headers, s.allow_credentials, s.max_age};
}

PathRules path_rules(const std::vector<PathSettings>& all) {
  std::vector<PathRule> rules;
  for (const PathSettings& s : all)
    rules.push_back({s.prefix, s.to, static_cast<uint16_t>(s.redirect)});
  return PathRules(std::move(rules));
}

std::expected<Site, std::string> site_of(const SiteSettings& s, const EdgeCacheSettings& cache,
                                         std::string_view server_line) {
  Site site;
  site.name = site.padded_name = s.host.front();
  site.padded_name.resize((site.name.size() + 7) / 8 * 8);
  site.origins = s.origins;
  site.request_edits = HeaderEdits(s.headers.request_set, s.headers.request_remove);
  site.response_edits = HeaderEdits(s.headers.response_set, s.headers.response_remove);
  site.page_edits = response_edits_without(tells_of_answer, s.headers);
  site.redirect_edits = response_edits_without(is_location, s.headers);
  if (s.respond) {
    auto answer = fixed_answer(*s.respond, site.response_edits, server_line);
    if (!answer) return std::unexpected("respond." + answer.error());
    site.respond = *std::move(answer);
  }
  site.cached = s.cache.enabled.value_or(cache.enabled) && !site.respond;
  site.cache = compile_cache(cache, s.cache);
  site.paths = path_rules(s.paths);
  if (s.cors) site.cors = policy_of(*s.cors);
  site.body_bytes_max = s.body_bytes_max;
  site.request_timeout = s.request_timeout;
  site.pass_host = s.pass_host;
  return site;
}

// The site that --origin makes.
SiteSettings catch_all(const net::OriginSettings& origin) {
  SiteSettings site;
  site.host = {"*"};
  site.origins = {origin};
  site.body_bytes_max = UINT64_MAX;
  site.request_timeout = hours(24);
  site.pass_host = true;
  return site;
}

}  // namespace

HeaderEdits::HeaderEdits(const settings::TextMap& set, const std::vector<std::string>& remove)
    : removed_(remove) {
  Buffer lines;
  for (const auto& [name, value] : set) {
    removed_.push_back(name);
    wire::append_field(lines, name, value);
  }
  lines_ = lines.view();
}

bool HeaderEdits::removes(std::string_view name) const {
  for (const std::string& removed : removed_)
    if (wire::equal_ignoring_case(removed, name)) return true;
  return false;
}

std::expected<std::shared_ptr<const EdgeConfig>, std::string> compile(
    const EdgeSettings& settings) {
  auto config = std::make_shared<EdgeConfig>();
  config->name = settings.name;
  config->server_line = "Server: " + settings.name + "\r\n";
  config->via_line = "Via: 1.1 " + settings.name + "\r\n";
  config->via_line_10 = "Via: 1.0 " + settings.name + "\r\n";
  config->via_line_2 = "Via: 2 " + settings.name + "\r\n";
  config->cache = settings.cache;
  config->health = settings.health;
  config->client_abort = settings.client_abort;
  for (const std::string& range : settings.trusted_peers)
    config->trusted_peers.push_back(*AddressRange::parse(range));
  std::vector<SiteSettings> sites = settings.sites;
  bool has_catch_all = false;
  for (const SiteSettings& site : sites)
    for (const std::string& host : site.host)
      has_catch_all |= host == "*";
  if (settings.origin && has_catch_all)
    return std::unexpected(
        std::string("edge.origin and a site for host * both answer for the rest: remove one"));
  if (settings.origin) sites.push_back(catch_all(*settings.origin));
  for (const SiteSettings& each : sites) {
    const auto index = static_cast<uint32_t>(config->sites.size());
    auto site = site_of(each, settings.cache, config->server_line);
    if (!site) return std::unexpected("edge.sites[" + std::to_string(index) + "]." + site.error());
    config->sites.push_back(*std::move(site));
    for (const std::string& host : each.host)
      if (!config->hosts.add(host, index))
        return std::unexpected("host " + host + " is named twice");
  }
  return config;
}

}  // namespace weir::edge
