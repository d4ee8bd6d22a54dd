#include "cli/all_settings.h"

#include "admin/admin_settings.h"
#include "edge/edge_settings.h"
#include "net/resolver_settings.h"
#include "net/server_settings.h"
#include "otlp/otlp_settings.h"
#include "otlp/resource.h"
#include "runtime/runtime_settings.h"
#include "telemetry/settings.h"

namespace weir::cli {

const settings::Schema& all_settings() {
  static const settings::Schema schema = [] {
    settings::Schema made;
    made.add(edge::edge_settings());
    made.add(net::http_server_settings());
    made.add(net::resolver_settings());
    made.add(runtime::runtime_settings());
    made.add(admin::admin_settings());
    made.add(telemetry::telemetry_settings());
    made.add(otlp::otlp_settings());
    made.add(otlp::service_settings());
    made.add(otlp::node_settings());
    return made;
  }();
  return schema;
}

}  // namespace weir::cli
