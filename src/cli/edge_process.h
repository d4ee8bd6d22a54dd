#pragma once
// EdgeProcess: one running edge: every object of it, built from the configuration in the order in
// which they need each other, and taken down in reverse. Made by the main thread.
//
//   configuration -> telemetry -> EdgeService -> shards, each with EdgeShard and HttpServer
//                                             -> admin listener

#include <atomic>
#include <expected>
#include <latch>
#include <memory>
#include <optional>
#include <string>

#include "admin/admin_listener.h"
#include "admin/admin_settings.h"
#include "cli/cache_console.h"
#include "cli/configuration.h"
#include "cli/inherited.h"
#include "cli/service.h"
#include "cli/tls_listeners.h"
#include "edge/edge_shard.h"
#include "net/cares_resolver.h"
#include "net/http_server.h"
#include "otlp/exporters.h"
#include "otlp/metric_collector.h"
#include "runtime/runtime_settings.h"
#include "telemetry/event_log.h"
#include "telemetry/process_metrics.h"
#include "telemetry/self_metrics.h"

namespace weir::cli {

class EdgeProcess final : public Service, public admin::AdminProcess {
 public:
  // Serves when it returns. The error says what is wrong, where, and what to do.
  static std::expected<std::unique_ptr<EdgeProcess>, std::string> start(
      Configuration& configuration, Inherited& inherited);
  // After ended().
  ~EdgeProcess();

  // Service.
  Patience patience() const override;
  void reload_logged() override;
  void reopen_logs() override;
  void drain() override;
  void handing_over(bool begins) override { service_->handing_over().store(begins); }
  void close() override;
  bool ended() override;
  void tick(MonoTime now) override;
  std::vector<NamedSocket> sockets() const override { return sockets_; }

  // AdminProcess.
  bool ready() const override { return service_->ready().load(); }
  std::string config() const override { return configuration_.print(); }
  admin::ReloadAnswer reload() override;
  void ask_cache(admin::CacheQuestion question, std::shared_ptr<admin::CacheReply> reply) override;
  const telemetry::Tracing& tracing() const override { return tracing_; }
  void resample(const telemetry::SamplingSettings& settings) override;
  void count_scrape(Duration time) override {
    tracing_.count_cost(telemetry::CostPart::scraping, time);
  }
  telemetry::HistogramExamples examples() const override;
  std::vector<std::pair<std::string, std::string>> build_facts() const override;

  telemetry::EventLog& log() { return log_; }
  // Where clients and operators connect, as bound; the second is invalid without an admin listener.
  Address client_address() const;
  Address tls_address() const;  // invalid without such a listener
  Address admin_address() const;
  std::string_view reactor() const { return runtime::to_string(reactor_.load()); }
  size_t shards() const { return plan_.threads.cores.size(); }
  // "http://127.0.0.1:3000", "2 sites": for people.
  std::string served() const;

 private:
  // What belongs to one shard, for messages that are delivered there.
  struct Part {
    edge::EdgeShard* edge = nullptr;
    net::HttpServer* server = nullptr;
  };

  // What a reload changes on each shard.
  struct ShardChange {
    net::HttpServerSettings http;
    std::shared_ptr<telemetry::SamplingTable> sampling;
    decltype(TlsListeners::Contexts::edge) certificate;
  };

  EdgeProcess(Configuration& configuration, runtime::ThreadPlan plan);

  std::expected<void, std::string> open_sockets(Inherited& inherited);
  std::expected<void, std::string> open_access_log();
  std::expected<void, std::string> make_service();
  std::expected<void, std::string> find_receivers();
  void aggregate_paths();
  std::expected<void, std::string> read_certificates();
  std::expected<void, std::string> start_admin();
  std::expected<void, std::string> start_shards();
  runtime::Task<> serve(runtime::Shard& shard);
  // On the last shard to stop accepting: whoever comes from now on is refused at once, unless a
  // successor or systemd has the sockets as well.
  void close_client_sockets();
  // Serves clients on this shard until it has drained, with names looked up by `resolver`.
  runtime::Task<> serve_clients(runtime::Shard& shard, net::Resolver& resolver);
  // The same, and sends spans, metrics and logs of all shards from this one.
  runtime::Task<> serve_and_export(runtime::Shard& shard, net::Resolver& resolver);
  std::expected<void, std::string> apply(const settings::Values& values);
  void take_up(size_t shard, const ShardChange& change);
  std::expected<settings::Reload, std::string> reload_all();
  void log_changes(const settings::Reload& changes);
  void log_shedding(const telemetry::ShedChange& change);

  Configuration& configuration_;
  const runtime::ThreadPlan plan_;
  const telemetry::TelemetrySettings telemetry_settings_;
  telemetry::EventLog log_;
  telemetry::Registry registry_;
  telemetry::ProcessMetrics process_metrics_;
  TlsListeners tls_;
  TlsListeners::Contexts certificates_;  // at the start
  telemetry::Tracing tracing_;
  std::unique_ptr<telemetry::LineLog> access_log_;
  Duration access_log_time_{};  // of its thread, as of the last tick
  std::optional<telemetry::SelfMetrics> self_metrics_;
  std::unique_ptr<edge::EdgeService> service_;
  const otlp::OtlpSettings otlp_settings_;
  otlp::Resource resource_;
  otlp::Receivers receivers_;
  std::optional<telemetry::PathAggregation> paths_;
  otlp::MetricOutbox metric_outbox_;
  std::optional<otlp::MetricCollector> metric_collector_;
  std::vector<NamedSocket> sockets_;
  int listen_fd_ = -1;
  int tls_listen_fd_ = -1;
  int admin_fd_ = -1;
  net::HttpServerGroup servers_;
  std::vector<Part> parts_;        // by shard; each touched on its shard only
  std::latch all_have_servers_;    // no connection may be placed on a shard that has none yet
  std::atomic<size_t> recording_;  // shards that still serve, and so record spans
  std::unique_ptr<runtime::Threads> threads_;
  std::atomic<runtime::ReactorKind> reactor_{runtime::ReactorKind::automatic};
  std::optional<CacheConsole> console_;  // once there are shards
  std::unique_ptr<admin::AdminListener> admin_;
};

}  // namespace weir::cli
