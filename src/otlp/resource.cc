#include "otlp/resource.h"

#include <algorithm>

namespace weir::otlp {
namespace {

void add(settings::TextMap& attributes, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  const bool known = std::ranges::any_of(
      attributes, [&](const auto& attribute) { return attribute.first == name; });
  if (!known) attributes.emplace_back(name, value);
}

}  // namespace

const settings::Group<ServiceSettings>& service_settings() {
  using S = ServiceSettings;
  using settings::field;
  static const settings::Group<S> group{
      "service",
      "What this program is to whoever reads its telemetry.",
      {field(&S::name, "name", settings::automatic,
             "Name of the service, the same on all of its nodes; auto is SERVICE-service.")
           .between(1, 255),
       field(&S::version, "version", settings::automatic,
             "Version of what is deployed; auto is the program's own.")
           .between(1, 255)}};
  return group;
}

const settings::Group<NodeSettings>& node_settings() {
  using S = NodeSettings;
  using settings::field;
  static const settings::Group<S> group{
      "node",
      "Where this process runs.",
      {field(&S::id, "id", settings::automatic,
             "Name of this node among all, such as edge-us-west-1; auto is the machine's name.")
           .between(1, 255),
       field(&S::region, "region", "", "Region of this node, such as us-west.").between(0, 255)}};
  return group;
}

Resource make_resource(const ServiceSettings& service, const NodeSettings& node,
                       const settings::TextMap& extra, const ProgramIdentity& program) {
  Resource resource;
  resource.program_version = program.version;
  settings::TextMap& all = resource.attributes;
  for (const auto& [name, value] : extra)
    add(all, name, value);
  add(all, "service.name", service.name ? *service.name : program.service_name);
  add(all, "service.version", service.version ? *service.version : program.version);
  add(all, "node.id", node.id ? *node.id : program.host_name);
  add(all, "node.region", node.region);
  add(all, "host.name", program.host_name);
  add(all, "telemetry.sdk.name", "weir");
  add(all, "telemetry.sdk.language", "cpp");
  add(all, "telemetry.sdk.version", program.version);
  return resource;
}

}  // namespace weir::otlp
