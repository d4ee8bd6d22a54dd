#include "otlp/otel_environment.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/buffer.h"
#include "base/units.h"
#include "settings/field.h"
#include "settings/leaf.h"
#include "settings/schema.h"
#include "wire/known_field.h"
#include "wire/url.h"

namespace weir::otlp {
namespace {

using std::unexpected;

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

bool is_share(std::string_view text) {
  double share = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), share);
  return error == std::errc() && end == text.data() + text.size() && share >= 0 && share <= 1;
}

std::string broken_escape(const std::string& variable, std::string_view name) {
  return variable + ": the value of " + std::string(name) + " has a broken % escape";
}

// "a=1,b=%20" as W3C Baggage writes it, without properties.
std::expected<settings::TextMap, std::string> parse_pairs(const std::string& variable,
                                                          std::string_view rest) {
  settings::TextMap pairs;
  while (!rest.empty()) {
    const size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view pair = trimmed(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    if (equals == 0 || equals == pair.npos)
      return unexpected(variable + ": expected NAME=VALUE,NAME=VALUE");
    Buffer value;
    const std::string_view name = trimmed(pair.substr(0, equals));
    if (!wire::percent_decode(trimmed(pair.substr(equals + 1)), value))
      return unexpected(broken_escape(variable, name));
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

struct Scope {
  std::string_view infix;  // of variables
  std::string_view group;  // of settings
};
constexpr std::array signals{Scope{"TRACES_", "otlp.traces."}, Scope{"METRICS_", "otlp.metrics."},
                             Scope{"LOGS_", "otlp.logs."}};

// What becomes a setting as it is, but for a unit.
struct Plain {
  std::string_view variable;
  std::string_view key;
  std::string_view unit;
  bool number = true;
};
// Behind OTEL_EXPORTER_OTLP_ and OTEL_EXPORTER_OTLP_SIGNAL_.
constexpr std::array exporter_variables{
    Plain{"TIMEOUT", "timeout", "ms"}, Plain{"CERTIFICATE", "ca_file", "", false},
    Plain{"CLIENT_CERTIFICATE", "client_certificate", "", false},
    Plain{"CLIENT_KEY", "client_key", "", false}};
// Those with names of their own.
constexpr std::array other_variables{
    Plain{"OTEL_METRIC_EXPORT_INTERVAL", "otlp.metrics_interval", "ms"},
    Plain{"OTEL_METRIC_EXPORT_TIMEOUT", "otlp.metrics.elapsed_max", "ms"},
    Plain{"OTEL_BSP_SCHEDULE_DELAY", "otlp.interval", "ms"},
    Plain{"OTEL_BSP_EXPORT_TIMEOUT", "otlp.traces.elapsed_max", "ms"},
    Plain{"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "otlp.batch_spans_max", ""},
    Plain{"OTEL_BSP_MAX_QUEUE_SIZE", "telemetry.queue_spans_max", ""},
    Plain{"OTEL_BLRP_SCHEDULE_DELAY", "otlp.logs_interval", "ms"},
    Plain{"OTEL_BLRP_EXPORT_TIMEOUT", "otlp.logs.elapsed_max", "ms"},
    Plain{"OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "otlp.batch_logs_max", ""},
    Plain{"OTEL_BLRP_MAX_QUEUE_SIZE", "telemetry.queue_logs_max", ""}};

// What one value of a variable means.
struct Choice {
  std::string_view variable;
  std::string_view value;
  std::string_view key;  // empty: it is so anyway
  std::string_view set;
};
constexpr std::array choices{
    Choice{"OTEL_TRACES_EXPORTER", "otlp", "", ""},
    Choice{"OTEL_TRACES_EXPORTER", "none", "otlp.traces.send", "false"},
    Choice{"OTEL_METRICS_EXPORTER", "otlp", "", ""},
    Choice{"OTEL_METRICS_EXPORTER", "none", "otlp.metrics.send", "false"},
    Choice{"OTEL_LOGS_EXPORTER", "otlp", "", ""},
    Choice{"OTEL_LOGS_EXPORTER", "none", "otlp.logs.send", "false"},
    Choice{"OTEL_PROPAGATORS", "tracecontext,baggage", "", ""},
    Choice{"OTEL_METRICS_EXEMPLAR_FILTER", "trace_based", "", ""},
    Choice{"OTEL_METRICS_EXEMPLAR_FILTER", "always_off", "telemetry.exemplars", "false"},
    Choice{"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "cumulative", "", ""},
    Choice{"OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
           "base2_exponential_bucket_histogram", "", ""},
    Choice{"OTEL_LOG_LEVEL", "debug", "telemetry.log_level", "debug"},
    Choice{"OTEL_LOG_LEVEL", "info", "telemetry.log_level", "info"},
    Choice{"OTEL_LOG_LEVEL", "warn", "telemetry.log_level", "warning"},
    Choice{"OTEL_LOG_LEVEL", "error", "telemetry.log_level", "error"}};

class Reader {
 public:
  explicit Reader(std::span<const std::string> environment) : environment_(environment) {}

  std::expected<OtelVariables, std::string> read() {
    read_switch();
    for (const Choice& choice : choices)
      read_choices(choice.variable);
    read_exporter({"", "otlp."});
    for (const Scope& signal : signals)
      read_exporter(signal);
    for (const Plain& plain : other_variables)
      read_plain(plain, plain.variable, plain.key);
    read_sampler();
    read_resource();
    warn_of_others();
    if (!error_.empty()) return unexpected(error_);
    std::erase_if(found_.sets, [this](const settings::Set& set) {
      return !value_of(settings::environment_name(set.key), true).empty();
    });
    return std::move(found_);
  }

 private:
  // Empty for a variable that is not there.
  std::string_view value_of(std::string_view name, bool with_name = false) {
    known_.emplace_back(name);
    for (const std::string& text : environment_)
      if (text.size() > name.size() && text.starts_with(name) && text[name.size()] == '=')
        return std::string_view(text).substr(with_name ? 0 : name.size() + 1);
    return {};
  }

  // All else is false, of which only "false" and nothing at all go unsaid.
  bool is_true(std::string_view name) {
    const bool known = std::ranges::find(known_, name) != known_.end();
    const std::string_view value = value_of(name);
    if (wire::equal_ignoring_case(value, "true")) return true;
    if (!known && !value.empty() && !wire::equal_ignoring_case(value, "false"))
      warn(name, "is true or false; taken as false: " + settings::quoted(value));
    return false;
  }

  void set(std::string_view key, std::string value, std::string_view variable) {
    found_.sets.push_back({std::string(key), std::move(value), std::string(variable)});
  }
  void warn(std::string_view variable, std::string_view why) {
    found_.warnings.push_back(std::string(variable).append(" ").append(why));
  }

  void warn_of_value(std::string_view variable, std::string_view value) {
    warn(variable, "has a value that is not supported, and no effect: " + settings::quoted(value));
  }

  // What is no number is as good as not set, by OpenTelemetry's rules.
  void read_plain(const Plain& plain, std::string_view variable, std::string_view key) {
    const std::string_view value = value_of(variable);
    if (value.empty()) return;
    if (plain.number && !parse_u64(value)) return warn_of_value(variable, value);
    set(key, std::string(value).append(plain.unit), variable);
  }

  void read_switch() {
    if (!is_true("OTEL_SDK_DISABLED")) return;
    for (const Scope& signal : signals)
      set(std::string(signal.group) + "send", "false", "OTEL_SDK_DISABLED");
  }

  // Once for each variable, by its first row.
  void read_choices(std::string_view variable) {
    if (std::ranges::find(known_, variable) != known_.end()) return;
    const std::string_view value = value_of(variable);
    if (value.empty()) return;
    const auto found = std::ranges::find_if(choices, [&](const Choice& choice) {
      return choice.variable == variable && wire::equal_ignoring_case(choice.value, value);
    });
    if (found == choices.end()) return warn_of_value(variable, value);
    if (!found->key.empty()) set(found->key, std::string(found->set), variable);
  }

  void read_exporter(const Scope& scope) {
    const auto name = [&](std::string_view what) {
      return std::string("OTEL_EXPORTER_OTLP_").append(scope.infix).append(what);
    };
    const auto key = [&](std::string_view what) { return std::string(scope.group).append(what); };
    for (const Plain& plain : exporter_variables)
      read_plain(plain, name(plain.variable), key(plain.key));
    read_one_of(name("PROTOCOL"), key("protocol"), "http/protobuf", "grpc");
    read_one_of(name("COMPRESSION"), key("compression"), "gzip", "none");
    const bool insecure = is_true(name("INSECURE")) || (value_of(name("INSECURE")).empty() &&
                                                        is_true("OTEL_EXPORTER_OTLP_INSECURE"));
    const std::string variable = name("ENDPOINT");
    std::string endpoint(value_of(variable));
    // gRPC's endpoints may be written "HOST:PORT".
    if (!endpoint.empty() && !endpoint.contains("://"))
      endpoint.insert(0, insecure ? "http://" : "https://");
    if (!endpoint.empty()) set(key("endpoint"), std::move(endpoint), variable);
    if (const auto pairs = read_pairs(name("HEADERS")); !pairs.empty())
      set(key("headers"), yaml_map(pairs), name("HEADERS"));
  }

  void read_one_of(const std::string& variable, const std::string& key, std::string_view one,
                   std::string_view other) {
    const std::string_view value = value_of(variable);
    if (value.empty()) return;
    if (value != one && value != other) return warn_of_value(variable, value);
    set(key, std::string(value), variable);
  }

  settings::TextMap read_pairs(const std::string& variable) {
    auto pairs = parse_pairs(variable, value_of(variable));
    if (pairs) return *std::move(pairs);
    if (error_.empty()) error_ = pairs.error();
    return {};
  }

  // Trusted parents are followed whether the sampler says so or not.
  void read_sampler() {
    constexpr std::string_view variable = "OTEL_TRACES_SAMPLER";
    constexpr std::string_view rate_variable = "OTEL_TRACES_SAMPLER_ARG";
    const std::string_view named = value_of(variable);
    std::string_view rate = value_of(rate_variable);
    if (named.empty()) return;
    std::string_view sampler = named;
    constexpr std::string_view parent_based = "parentbased_";
    if (sampler.starts_with(parent_based)) sampler.remove_prefix(parent_based.size());
    if (sampler != "always_on" && sampler != "always_off" && sampler != "traceidratio")
      return warn_of_value(variable, named);
    if (sampler == "traceidratio" && !rate.empty() && !is_share(rate)) {
      warn_of_value(rate_variable, rate);
      rate = {};
    }
    if (sampler == "always_on" || (sampler == "traceidratio" && rate.empty())) rate = "1";
    if (sampler == "always_off") rate = "0";
    set("telemetry.sampling.strategy", "fixed", variable);
    set("telemetry.sampling.rate", std::string(rate), variable);
  }

  void read_resource() {
    static constexpr std::array own_keys{"service.name", "service.version", "node.id",
                                         "node.region"};
    const std::string variable = "OTEL_RESOURCE_ATTRIBUTES";
    settings::TextMap others;
    for (const auto& [name, value] : read_pairs(variable)) {
      if (std::ranges::find(own_keys, name) != own_keys.end())
        set(name, value, variable);
      else
        others.emplace_back(name, value);
    }
    if (!others.empty()) set("otlp.resource", yaml_map(others), variable);
    if (const std::string_view name = value_of("OTEL_SERVICE_NAME"); !name.empty())
      set("service.name", std::string(name), "OTEL_SERVICE_NAME");
  }

  void warn_of_others() {
    for (const std::string& text : environment_) {
      const std::string_view name = std::string_view(text).substr(0, text.find('='));
      if (!name.starts_with("OTEL_") || name.size() + 1 >= text.size()) continue;
      if (std::ranges::find(known_, name) == known_.end()) warn(name, "has no effect");
    }
  }

  std::span<const std::string> environment_;
  std::vector<std::string> known_;  // names that were asked for
  OtelVariables found_;
  std::string error_;  // the first
};

}  // namespace

std::expected<OtelVariables, std::string> otel_variables(std::span<const std::string> environment) {
  return Reader(environment).read();
}

}  // namespace weir::otlp
