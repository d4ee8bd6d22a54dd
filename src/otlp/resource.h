#pragma once
// Resource: who sends telemetry, as OpenTelemetry resource attributes: the settings `service.*` and
// `node.*`, whose keys are the attributes' names, and `otlp.resource` for whatever else a
// deployment wants to say. Values; made at the start.

#include <optional>
#include <string>
#include <string_view>

#include "settings/field.h"

namespace weir::otlp {

struct ServiceSettings {
  std::optional<std::string> name;
  std::optional<std::string> version;
};
const settings::Group<ServiceSettings>& service_settings();

struct NodeSettings {
  std::optional<std::string> id;
  std::string region;
};
const settings::Group<NodeSettings>& node_settings();

// What the program knows of itself, where the settings say "auto".
struct ProgramIdentity {
  std::string_view service_name;
  std::string_view version;
  std::string_view host_name;
};

struct Resource {
  settings::TextMap attributes;  // no name twice, none empty
  std::string program_version;
};

// `extra` wins over what is derived.
Resource make_resource(const ServiceSettings& service, const NodeSettings& node,
                       const settings::TextMap& extra, const ProgramIdentity& program);

}  // namespace weir::otlp
