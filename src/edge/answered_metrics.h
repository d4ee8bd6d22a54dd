#pragma once
// AnsweredMetrics: what answered requests are counted by: method, status, scheme, version of the
// protocol and route. Belongs to a generation of one shard, and knows the routes by the names that
// they have in it: a request that a reload overtakes is counted as what it began as. Cells are
// found by index once they were used.

#include <array>
#include <memory>

#include "telemetry/instrument.h"
#include "telemetry/recorder.h"
#include "telemetry/sampling_table.h"
#include "wire/http1_request.h"

namespace weir::edge {

inline constexpr telemetry::CounterDecl requests_decl{
    .name = "http_requests_total",
    .unit = "{request}",
    .help =
        "Requests answered, by method and status; compare rates of 5xx with all for the error "
        "rate.",
    .labels = {"method", "status"}};
inline constexpr telemetry::HistogramDecl server_duration_decl{
    .name = "http.server.request.duration",
    .unit = "s",
    .help =
        "The same by OpenTelemetry's conventions: by method, scheme, status, version of the "
        "protocol, and route (telemetry.sampling.routes; without one for all other paths).",
    .labels = {"http.request.method", "url.scheme", "http.response.status_code", "http.route",
               "network.protocol.version", "error.type"}};
// What all statuses of a kind of request share.
struct RequestKind {
  static constexpr size_t methods = static_cast<size_t>(wire::RequestMethod::other) + 1;
  static constexpr size_t versions = 3;
  static constexpr size_t rows = telemetry::SamplingTable::routes_max * methods * versions * 2;

  wire::RequestMethod method;
  uint8_t version;  // 0: HTTP/1.0, 1: HTTP/1.1, 2: HTTP/2
  bool secure;
  uint8_t route;  // of sampling

  size_t row() const {
    return ((route * methods + static_cast<size_t>(method)) * versions + version) * 2 + secure;
  }
};

class AnsweredMetrics {
 public:
  // `table`: where the routes of requests come from.
  AnsweredMetrics(telemetry::Recorder& recorder,
                  std::shared_ptr<const telemetry::SamplingTable> table)
      : requests_(recorder.family(requests_decl)),
        durations_(recorder.family(server_duration_decl)),
        table_(std::move(table)) {}

  struct Cells {
    telemetry::Counter requests;
    telemetry::Histogram duration;
    bool bound = false;
  };
  Cells& at(const RequestKind& kind, uint16_t status) {
    auto& row = rows_[kind.row()];
    if (!row) [[unlikely]]
      row = std::make_unique<Row>();
    Cells& found = (*row)[status % 1000];
    if (!found.bound) [[unlikely]]
      found = bind(kind, status);
    return found;
  }
  // As the settings write it; empty for the paths that none of them names.
  std::string_view route_name(uint8_t route) const { return table_->rule(route).name; }

 private:
  static constexpr std::array<std::string_view, RequestKind::versions> versions{"1.0", "1.1", "2"};
  using Row = std::array<Cells, 1000>;

  Cells bind(const RequestKind& kind, uint16_t status) {
    // Methods are anybody's to invent, so that those without a name share one.
    const std::string_view method =
        kind.method == wire::RequestMethod::other ? "_OTHER" : wire::to_string(kind.method);
    const std::array<char, 3> digits{static_cast<char>('0' + status / 100 % 10),
                                     static_cast<char>('0' + status / 10 % 10),
                                     static_cast<char>('0' + status % 10)};
    const std::string_view text(digits.data(), digits.size());
    return {requests_.at({method, text}),
            durations_.at({method, kind.secure ? "https" : "http", text, route_name(kind.route),
                           versions[kind.version], status >= 500 ? text : ""}),
            true};
  }

  telemetry::Family<telemetry::Counter> requests_;
  telemetry::Family<telemetry::Histogram> durations_;
  std::shared_ptr<const telemetry::SamplingTable> table_;
  std::array<std::unique_ptr<Row>, RequestKind::rows> rows_;
};

}  // namespace weir::edge
