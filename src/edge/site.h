#pragma once
// Site: one site of the configuration in the form that requests are served from: everything that
// can be computed or written ahead is. Immutable; shared by all shards.

#include <memory>
#include <string>
#include <vector>

#include "base/address.h"
#include "edge/edge_settings.h"
#include "edge/rules/cors.h"
#include "edge/rules/host_table.h"
#include "edge/rules/path_rules.h"
#include "wire/http_fields.h"

namespace weir::edge {

// Fields to leave out of a message and fields to put in instead.
class HeaderEdits {
 public:
  HeaderEdits() = default;
  HeaderEdits(const settings::TextMap& set, const std::vector<std::string>& remove);
  bool empty() const { return removed_.empty(); }
  bool removes(std::string_view name) const;
  bool removes(const wire::Field& field) const { return removes(field.name); }
  // The lines that are put in, written out.
  std::string_view lines() const { return lines_; }

 private:
  std::vector<std::string> removed_;
  std::string lines_;
};

// A fixed answer: the lines of its head but Date, Connection and those of CORS, and its body.
struct FixedAnswer {
  uint16_t status = 0;
  std::string head;
  std::string body;
};

struct Site {
  std::string name;         // its first host, for logs and spans
  std::string padded_name;  // the same, with zeros behind it up to whole words
  std::vector<net::OriginSettings> origins;
  std::optional<FixedAnswer> respond;
  bool cached = false;
  CachePolicy cache;
  PathRules paths;
  std::optional<CorsPolicy> cors;
  HeaderEdits request_edits;
  HeaderEdits response_edits;
  // The same for pages that tell of errors, which have their own content and are not stored.
  HeaderEdits page_edits;
  // The same for redirects, whose rule says where to.
  HeaderEdits redirect_edits;
  uint64_t body_bytes_max = UINT64_MAX;
  Duration request_timeout{};
  bool pass_host = true;

  // Whether the site's own CORS stands in place of this field of an origin's answer.
  bool replaces(const wire::Field& field) const { return cors && is_cors_field(field.name); }
};

// All of the configuration that requests look at. A reload makes a new one.
struct EdgeConfig {
  std::vector<Site> sites;
  HostTable hosts;
  std::vector<AddressRange> trusted_peers;
  HealthSettings health;
  EdgeCacheSettings cache;
  net::ClientAbort client_abort{};
  std::string name;
  std::string server_line;  // "Server: weir\r\n"
  // For answers that the origin gave in HTTP/1.1, HTTP/1.0 and HTTP/2: "Via: 1.1 weir\r\n".
  std::string via_line;
  std::string via_line_10;
  std::string via_line_2;

  bool trusts(const Address& peer) const {
    for (const AddressRange& range : trusted_peers)
      if (range.contains(peer)) return true;
    return false;
  }
};

// Reads the files that the settings name. Errors: a text for the operator.
std::expected<std::shared_ptr<const EdgeConfig>, std::string> compile(const EdgeSettings& settings);

}  // namespace weir::edge
