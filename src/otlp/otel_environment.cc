#include "otlp/otel_environment.h"

#include <algorithm>
#include <array>

#include "base/buffer.h"
#include "settings/field.h"
#include "settings/leaf.h"
#include "settings/schema.h"
#include "wire/known_field.h"
#include "wire/url.h"

namespace weir::otlp {
namespace {

using Sets = std::vector<settings::Set>;
using std::unexpected;

// Empty for a variable that is not there.
std::string_view value_of(std::span<const std::string> environment, std::string_view name) {
  for (const std::string& text : environment)
    if (text.size() > name.size() && text.starts_with(name) && text[name.size()] == '=')
      return std::string_view(text).substr(name.size() + 1);
  return {};
}

struct Variable {
  std::string name;
  std::string_view value;
};

// The variable for traces, or the one for all signals.
Variable exporter_variable(std::span<const std::string> environment, std::string_view what) {
  Variable traces{"OTEL_EXPORTER_OTLP_TRACES_" + std::string(what), {}};
  traces.value = value_of(environment, traces.name);
  if (!traces.value.empty()) return traces;
  Variable all{"OTEL_EXPORTER_OTLP_" + std::string(what), {}};
  all.value = value_of(environment, all.name);
  return all;
}

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

// "a=1,b=%20" as W3C Baggage writes it, without properties.
std::expected<settings::TextMap, std::string> parse_pairs(const Variable& variable) {
  settings::TextMap pairs;
  std::string_view rest = variable.value;
  while (!rest.empty()) {
    const size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view pair = trimmed(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    if (equals == 0 || equals == pair.npos)
      return unexpected(variable.name + ": expected NAME=VALUE,NAME=VALUE");
    Buffer value;
    const std::string name(trimmed(pair.substr(0, equals)));
    if (!wire::percent_decode(trimmed(pair.substr(equals + 1)), value))
      return unexpected(variable.name + ": the value of " + name + " has a broken % escape");
    pairs.emplace_back(name, value.view());
  }
  return pairs;
}

std::string yaml_map(const settings::TextMap& pairs) {
  std::string yaml = "{";
  for (const auto& [name, value] : pairs) {
    if (yaml.size() > 1) yaml += ", ";
    yaml += settings::yaml_text(name) + ": " + settings::yaml_text(value);
  }
  return yaml + "}";
}

// What becomes a setting as it is, but for a unit.
struct Plain {
  std::string_view variable;
  std::string_view key;
  std::string_view unit;
};
constexpr std::array plain_variables{
    Plain{"PROTOCOL", "otlp.protocol", ""}, Plain{"TIMEOUT", "otlp.timeout", "ms"},
    Plain{"COMPRESSION", "otlp.compression", ""}, Plain{"CERTIFICATE", "otlp.ca_file", ""}};
// Those with names of their own.
constexpr std::array other_variables{
    Plain{"OTEL_METRIC_EXPORT_INTERVAL", "otlp.metrics_interval", "ms"},
    Plain{"OTEL_BSP_SCHEDULE_DELAY", "otlp.interval", "ms"},
    Plain{"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "otlp.batch_spans_max", ""},
    Plain{"OTEL_BSP_MAX_QUEUE_SIZE", "telemetry.queue_spans_max", ""}};

// gRPC's endpoints may be written "HOST:PORT".
std::string with_scheme(std::span<const std::string> environment, std::string_view endpoint) {
  if (endpoint.contains("://")) return std::string(endpoint);
  const bool insecure =
      wire::equal_ignoring_case(exporter_variable(environment, "INSECURE").value, "true");
  return std::string(insecure ? "http://" : "https://").append(endpoint);
}

void add_endpoints(std::span<const std::string> environment, Sets& sets) {
  const std::string_view disabled = value_of(environment, "OTEL_SDK_DISABLED");
  if (wire::equal_ignoring_case(disabled, "true")) {
    sets.push_back({"otlp.endpoint", "", "OTEL_SDK_DISABLED"});
    sets.push_back({"otlp.traces_endpoint", "", "OTEL_SDK_DISABLED"});
    sets.push_back({"otlp.metrics_endpoint", "", "OTEL_SDK_DISABLED"});
    sets.push_back({"otlp.logs_endpoint", "", "OTEL_SDK_DISABLED"});
    return;
  }
  for (const auto& [name, key] :
       {std::pair{"OTEL_EXPORTER_OTLP_ENDPOINT", "otlp.endpoint"},
        std::pair{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "otlp.traces_endpoint"},
        std::pair{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "otlp.metrics_endpoint"},
        std::pair{"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "otlp.logs_endpoint"}})
    if (const std::string_view value = value_of(environment, name); !value.empty())
      sets.push_back({key, with_scheme(environment, value), name});
}

std::expected<void, std::string> add_headers(std::span<const std::string> environment, Sets& sets) {
  const Variable variable = exporter_variable(environment, "HEADERS");
  if (variable.value.empty()) return {};
  const auto pairs = parse_pairs(variable);
  if (!pairs) return unexpected(pairs.error());
  sets.push_back({"otlp.headers", yaml_map(*pairs), variable.name});
  return {};
}

std::expected<void, std::string> add_resource(std::span<const std::string> environment,
                                              Sets& sets) {
  static constexpr std::array own_keys{"service.name", "service.version", "node.id", "node.region"};
  const Variable variable{"OTEL_RESOURCE_ATTRIBUTES",
                          value_of(environment, "OTEL_RESOURCE_ATTRIBUTES")};
  const auto pairs = parse_pairs(variable);
  if (!pairs) return unexpected(pairs.error());
  settings::TextMap others;
  for (const auto& [name, value] : *pairs) {
    if (std::ranges::find(own_keys, name) != own_keys.end())
      sets.push_back({name, value, variable.name});
    else
      others.emplace_back(name, value);
  }
  if (!others.empty()) sets.push_back({"otlp.resource", yaml_map(others), variable.name});
  const std::string_view name = value_of(environment, "OTEL_SERVICE_NAME");
  if (!name.empty()) sets.push_back({"service.name", std::string(name), "OTEL_SERVICE_NAME"});
  return {};
}

}  // namespace

std::expected<Sets, std::string> otel_sets(std::span<const std::string> environment) {
  Sets sets;
  add_endpoints(environment, sets);
  for (const Plain& plain : plain_variables)
    if (const Variable v = exporter_variable(environment, plain.variable); !v.value.empty())
      sets.push_back({std::string(plain.key), std::string(v.value).append(plain.unit), v.name});
  for (const Plain& plain : other_variables)
    if (const std::string_view value = value_of(environment, plain.variable); !value.empty())
      sets.push_back({std::string(plain.key), std::string(value).append(plain.unit),
                      std::string(plain.variable)});
  if (const auto added = add_headers(environment, sets); !added) return unexpected(added.error());
  if (const auto added = add_resource(environment, sets); !added) return unexpected(added.error());
  std::erase_if(sets, [&](const settings::Set& set) {
    const std::string own = settings::environment_name(set.key) + "=";
    return std::ranges::any_of(environment,
                               [&](const auto& text) { return text.starts_with(own); });
  });
  return sets;
}

}  // namespace weir::otlp
