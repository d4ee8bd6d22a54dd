#pragma once
// AdminSettings: where the admin listener is, and who may ask it. The table is in
// admin_settings.cc.

#include <string>

#include "net/tls_server_settings.h"
#include "settings/field.h"

namespace weir::admin {

struct AdminSettings {
  std::string listen;      // empty: no admin listener
  std::string token_file;  // empty: no token is asked for
  net::TlsServerSettings tls;
  bool grpc = true;
  bool http2 = true;
};

const settings::Group<AdminSettings>& admin_settings();

}  // namespace weir::admin
