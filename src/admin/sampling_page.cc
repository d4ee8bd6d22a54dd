#include <array>
#include <charconv>

#include "admin/admin_handler.h"
#include "admin/query_value.h"
#include "wire/json_writer.h"
#include "wire/url.h"

namespace weir::admin {
namespace {

using runtime::Task;
using telemetry::RouteSampling;
using telemetry::RouteStrategy;
using telemetry::SamplingSettings;
using telemetry::SamplingStrategy;

constexpr std::array<std::string_view, 3> strategies{"fixed", "adaptive", "tail"};

std::optional<size_t> parse_strategy(std::string_view text) {
  for (size_t i = 0; i < strategies.size(); ++i)
    if (strategies[i] == text) return i;
  return std::nullopt;
}

std::optional<double> parse_rate(std::string_view text) {
  double rate = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rate);
  const bool number = error == std::errc() && end == text.data() + text.size();
  if (!number || !(rate >= 0 && rate <= 1)) return std::nullopt;
  return rate;
}

// What is wrong with the question; nullptr: nothing, and the settings are changed.
const char* change(SamplingSettings& settings, std::string_view query) {
  RouteSampling* route = nullptr;
  if (const auto path = query_value(query, "path")) {
    Buffer decoded;
    if (!wire::percent_decode(*path, decoded)) return "path has a broken % escape\n";
    for (RouteSampling& each : settings.routes)
      if (each.path == decoded.view()) route = &each;
    if (!route) return "path is none of telemetry.sampling.routes\n";
  }
  if (const auto text = query_value(query, "strategy")) {
    const auto strategy = parse_strategy(*text);
    if (!strategy) return "strategy is fixed, adaptive or tail\n";
    if (route)
      route->strategy = static_cast<RouteStrategy>(*strategy);
    else
      settings.strategy = static_cast<SamplingStrategy>(*strategy);
  }
  if (const auto text = query_value(query, "rate")) {
    const auto rate = parse_rate(*text);
    if (!rate) return "rate is a number from 0 to 1\n";
    if (route)
      route->rate = rate;
    else
      settings.rate = *rate;
  }
  return nullptr;
}

void append(wire::JsonWriter& json, const RouteSampling& route) {
  json.begin_object().member("path", route.path);
  if (route.strategy != RouteStrategy::as_others)
    json.member("strategy", strategies[static_cast<size_t>(route.strategy)]);
  if (route.rate) json.member("rate", *route.rate);
  json.end_object();
}

}  // namespace

AdminHandler::Answer AdminHandler::in_force(const SamplingSettings& settings) {
  Buffer text;
  wire::JsonWriter json(text);
  json.begin_object()
      .member("strategy", strategies[static_cast<size_t>(settings.strategy)])
      .member("rate", settings.rate)
      .key("routes")
      .begin_array();
  for (const RouteSampling& route : settings.routes)
    append(json, route);
  json.end_array().end_object();
  text.append('\n');
  return {.content_type = "application/json", .body = std::string(text.view())};
}

Task<AdminHandler::Answer> AdminHandler::sampling(net::HttpExchange&) {
  co_return in_force(process_.tracing().table()->settings());
}

Task<AdminHandler::Answer> AdminHandler::resample(net::HttpExchange& exchange) {
  const std::string_view query = exchange.head.query;
  if (query.empty() || stranger(query, {"path", "strategy", "rate"}))
    co_return Answer{.status = 400, .body = "the parameters are path, strategy and rate\n"};
  SamplingSettings settings = process_.tracing().table()->settings();
  if (const char* problem = change(settings, query))
    co_return Answer{.status = 400, .body = problem};
  process_.resample(settings);
  co_return in_force(settings);
}

}  // namespace weir::admin
