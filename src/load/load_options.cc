#include "load/load_options.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <memory>
#include <netdb.h>

#include "base/units.h"
#include "settings/field_info.h"
#include "settings/machine.h"
#include "wire/http1_write.h"
#include "wire/scan.h"
#include "wire/url.h"

namespace weir::load {
namespace {

using settings::Arguments;
using Problem = std::optional<std::string>;

constexpr double rate_most = 50e6;

std::string about(std::string_view flag, std::string_view value, std::string_view wrong) {
  return "--" + std::string(flag) + ": " + settings::quoted(value) + " " + std::string(wrong);
}

Problem read_duration(const Arguments& arguments, std::string_view flag, Duration low,
                      Duration& into) {
  const auto text = arguments.last(flag);
  if (!text) return std::nullopt;
  const Result<Duration> value = parse_duration(*text);
  if (!value) return about(flag, *text, "is no time; write 500ms, 10s or 2m");
  if (*value < low || *value > time_most)
    return about(flag, *text, "must be between " + format_duration(low) + " and 24h");
  into = *value;
  return std::nullopt;
}

template <class Number>
Problem read_count(const Arguments& arguments, std::string_view flag, uint64_t low, uint64_t high,
                   Number& into) {
  const auto text = arguments.last(flag);
  if (!text) return std::nullopt;
  const Result<uint64_t> value = parse_u64(*text);
  if (!value || *value < low || *value > high)
    return about(flag, *text,
                 "must be a number from " + std::to_string(low) + " to " + std::to_string(high));
  into = static_cast<Number>(*value);
  return std::nullopt;
}

std::optional<double> parse_rate(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!std::isfinite(value) || value < 0 || value > rate_most) return std::nullopt;
  return value;
}

Problem read_ramp(std::string_view text, RateProfile& profile) {
  const size_t dots = text.find("..");
  const auto from = parse_rate(text.substr(0, dots));
  const auto to = dots == text.npos ? std::nullopt : parse_rate(text.substr(dots + 2));
  if (!from || !to || *from + *to == 0)
    return about("ramp", text, "is no ramp; write FROM..TO in requests a second, such as 0..1000");
  profile.from = *from;
  profile.to = *to;
  return std::nullopt;
}

Problem read_rate(const Arguments& arguments, LoadOptions& options) {
  const auto rate = arguments.last("rate");
  const auto ramp = arguments.last("ramp");
  if (rate && ramp) return "--rate and --ramp exclude each other";
  if (arguments.has("ramp-time") && !ramp) return "--ramp-time needs --ramp FROM..TO";
  if (!rate && !ramp) return std::nullopt;
  RateProfile& profile = options.rate.emplace();
  profile.level_time = options.warmup;
  if (ramp) {
    profile.ramp_time = options.duration;
    if (Problem wrong = read_ramp(*ramp, profile)) return wrong;
    return read_duration(arguments, "ramp-time", milliseconds(1), profile.ramp_time);
  }
  const auto value = parse_rate(*rate);
  if (!value || *value == 0)
    return about("rate", *rate, "must be a number of requests a second, above 0, at most 5e7");
  profile.from = profile.to = *value;
  return std::nullopt;
}

Problem read_arrival(const Arguments& arguments, LoadOptions& options) {
  const std::string_view text = arguments.last("arrival").value_or("poisson");
  if (text != "poisson" && text != "uniform")
    return about("arrival", text, "must be poisson or uniform");
  options.arrival = text == "poisson" ? Arrival::poisson : Arrival::uniform;
  return std::nullopt;
}

Problem read_cores(const Arguments& arguments, LoadOptions& options) {
  options.cores = {0};
  const auto text = arguments.last("cores");
  if (!text) return std::nullopt;
  const settings::Machine machine = settings::read_machine("/", settings::read_affinity());
  const auto plan = settings::plan(machine, *text);
  if (!plan) return "--cores: " + plan.error();
  options.cores.assign(plan->cores.begin(), plan->cores.end());
  options.pin = true;
  if (options.cores.size() > options.connections)
    return "--connections: fewer than there are cores; each core needs one";
  return std::nullopt;
}

// The first address of a name or the address itself.
Result<Address> look_up(const wire::Url& url) {
  const std::string host(url.authority.address());
  if (Result<Address> literal = Address::parse_ip(host, url.port())) return literal;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0 || !found)
    return fail(ErrorCode::dns, "cannot be resolved");
  Address address(found->ai_addr, found->ai_addrlen);
  // "localhost" may be ::1 first while the server listens on 127.0.0.1 only.
  for (const addrinfo* each = found; each; each = each->ai_next) {
    if (each->ai_family != AF_INET) continue;
    address = Address(each->ai_addr, each->ai_addrlen);
    break;
  }
  freeaddrinfo(found);
  address.set_port(url.port());
  return address;
}

Problem read_target(const Arguments& arguments, wire::Url& url, LoadOptions& options) {
  const auto text = arguments.last("url");
  if (!text) return "--url is missing: say what to ask for, such as http://127.0.0.1:8080/";
  const Result<wire::Url> parsed = wire::parse_url(*text);
  if (!parsed) return about("url", *text, "is no URL: " + std::string(parsed.error().text));
  if (parsed->scheme != wire::Scheme::http) return about("url", *text, "must begin with http://");
  const Result<Address> address = look_up(*parsed);
  if (!address)
    return about("url", *text, "names a host that " + std::string(address.error().text));
  if (!address->is_loopback() && !arguments.has("allow-remote"))
    return about("url", *text,
                 "is not on this machine; load only what is yours, and say so with --allow-remote");
  url = *parsed;
  options.url = *text;
  options.target = *address;
  return std::nullopt;
}

Problem read_file(const std::string& path, std::string& into) {
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rb"));
  if (!file) return about("body", "@" + path, "cannot be opened");
  into.resize(64 * KiB);
  size_t size = 0;
  while (!std::feof(file.get()) && !std::ferror(file.get())) {
    size += std::fread(into.data() + size, 1, into.size() - size, file.get());
    if (size > body_bytes_most) return about("body", "@" + path, "is larger than 64MiB");
    if (size == into.size()) into.resize(size * 2);
  }
  if (std::ferror(file.get())) return about("body", "@" + path, "cannot be read");
  into.resize(size);
  return std::nullopt;
}

Problem read_body(const Arguments& arguments, std::string& into) {
  const auto text = arguments.last("body");
  if (!text) return std::nullopt;
  if (text->starts_with('@')) return read_file(std::string(text->substr(1)), into);
  into = *text;
  return std::nullopt;
}

Problem append_headers(const Arguments& arguments, Buffer& out) {
  for (const std::string_view header : arguments.all("header")) {
    const size_t colon = header.find(':');
    const std::string_view name = header.substr(0, colon);
    if (colon == header.npos || !wire::is_token(name))
      return about("header", header, "must be NAME: VALUE");
    const std::string_view value = wire::trim_ows(header.substr(colon + 1));
    if (!wire::is_field_value(value)) return about("header", header, "has a byte that cannot be");
    const wire::KnownField id = wire::known_field(name);
    if (id == wire::KnownField::host) return about("header", header, "is set with --host");
    if (id == wire::KnownField::content_length || id == wire::KnownField::transfer_encoding ||
        id == wire::KnownField::expect)
      return about("header", header, "cannot be set: it follows from --body");
    wire::append_field(out, name, value);
  }
  return std::nullopt;
}

Problem write_request(const Arguments& arguments, const wire::Url& url, LoadOptions& options) {
  std::string body;
  if (Problem wrong = read_body(arguments, body)) return wrong;
  const bool has_body = arguments.has("body");
  const std::string_view method = arguments.last("method").value_or(has_body ? "POST" : "GET");
  if (!wire::is_token(method)) return about("method", method, "is no method");
  options.method = wire::request_method(method);
  if (options.method == wire::RequestMethod::connect)
    return about("method", method, "opens a tunnel, which is no request to measure");
  const std::string_view host = arguments.last("host").value_or(url.authority.text);
  if (!wire::parse_authority(host)) return about("host", host, "must be HOST or HOST:PORT");
  std::string target(url.path.empty() ? "/" : url.path);
  if (url.has_query) target += "?" + std::string(url.query);

  Buffer out;
  wire::append_request_line(out, method, target);
  wire::append_field(out, "Host", host);
  wire::append_field(out, "User-Agent", std::string_view("weir-load"));
  if (Problem wrong = append_headers(arguments, out)) return wrong;
  if (has_body) wire::append_content_length(out, body.size());
  wire::end_head(out);
  options.request_bytes = out.view();
  options.request_bytes += body;
  return std::nullopt;
}

}  // namespace

std::expected<LoadOptions, std::string> load_options(const Arguments& arguments) {
  LoadOptions options;
  wire::Url url;
  options.json = arguments.has("json");
  Problem wrong = read_target(arguments, url, options);
  if (!wrong) wrong = write_request(arguments, url, options);
  if (!wrong) wrong = read_duration(arguments, "duration", milliseconds(1), options.duration);
  if (!wrong) wrong = read_duration(arguments, "warmup", Duration(0), options.warmup);
  if (!wrong) wrong = read_duration(arguments, "timeout", milliseconds(1), options.timeout);
  if (!wrong)
    wrong = read_count(arguments, "connections", 1, connections_most, options.connections);
  if (!wrong) wrong = read_count(arguments, "queue", 1, queue_most, options.queue);
  if (!wrong)
    wrong = read_count(arguments, "max-requests", 1, UINT64_MAX / 2, options.max_requests);
  if (!wrong) wrong = read_rate(arguments, options);
  if (!wrong) wrong = read_arrival(arguments, options);
  if (!wrong) wrong = read_cores(arguments, options);
  if (wrong) return std::unexpected(*std::move(wrong));
  return options;
}

}  // namespace weir::load
