#include "cli/edge_process.h"

#include <cerrno>
#include <climits>
#include <cstring>
#include <random>
#include <unistd.h>
#include <utility>

#include "base/cpu_time.h"
#include "cli/crash.h"
#include "cli/listeners.h"
#include "cli/version.h"
#include "runtime/shard_metrics.h"
#include "runtime/socket.h"
#include "wire/json_writer.h"

namespace weir::cli {
namespace {

using telemetry::CostPart;
using telemetry::LogLevel;

constexpr const char* module = "edge";

uint64_t random_seed() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

std::string host_name() {
  char name[HOST_NAME_MAX + 1] = {};
  return gethostname(name, sizeof name) == 0 ? name : "";
}

void append_changes(wire::JsonWriter& json, std::string_view name,
                    const std::vector<settings::Change>& changes) {
  json.key(name).begin_array();
  for (const settings::Change& change : changes)
    json.begin_object()
        .member("key", change.key)
        .member("before", change.before)
        .member("after", change.after)
        .end_object();
  json.end_array();
}

std::string json_of(const std::expected<settings::Reload, std::string>& done) {
  Buffer text;
  wire::JsonWriter json(text);
  json.begin_object().member("accepted", done.has_value());
  if (done) {
    append_changes(json, "changed", done->live);
    append_changes(json, "needs_restart", done->restart);
  } else {
    json.member("problems", done.error());
  }
  json.end_object();
  text.append('\n');
  return std::string(text.view());
}

}  // namespace

EdgeProcess::EdgeProcess(Configuration& configuration, runtime::ThreadPlan plan)
    : configuration_(configuration),
      plan_(std::move(plan)),
      telemetry_settings_(configuration.load(telemetry::telemetry_settings())),
      log_(STDERR_FILENO, telemetry_settings_.log_level),
      registry_(static_cast<unsigned>(plan_.threads.cores.size())),
      process_metrics_(registry_),
      tls_(registry_, runtime::read_monotonic_clock()),
      tracing_(registry_.shards(), telemetry_settings_, random_seed()),
      otlp_settings_(configuration.load(otlp::otlp_settings())),
      resource_(otlp::make_resource(
          configuration.load(otlp::service_settings()), configuration.load(otlp::node_settings()),
          otlp_settings_.resource,
          {.service_name = "edge-service", .version = version(), .host_name = host_name()})),
      servers_(plan_.threads.cores.size()),
      parts_(plan_.threads.cores.size()),
      all_have_servers_(static_cast<ptrdiff_t>(plan_.threads.cores.size()) + 1),
      recording_(plan_.threads.cores.size()) {
  tracing_.observe(registry_);
  tracing_.set_clock(runtime::read_monotonic_clock(), runtime::read_wall_clock());
  dump_on_crash(&tracing_, telemetry_settings_.crash_dump);
}

EdgeProcess::~EdgeProcess() {
  dump_on_crash(nullptr, {});
  admin_.reset();
  threads_.reset();
  log_.also_to(nullptr);
  for (const NamedSocket& socket : sockets_)
    ::close(socket.fd);
}

std::expected<std::unique_ptr<EdgeProcess>, std::string> EdgeProcess::start(
    Configuration& configuration, Inherited& inherited) {
  const auto machine = settings::read_machine("/", settings::read_affinity());
  auto plan = runtime::plan_threads(configuration.load(runtime::runtime_settings()), machine);
  if (!plan) return std::unexpected(plan.error());
  std::unique_ptr<EdgeProcess> process(new EdgeProcess(configuration, *std::move(plan)));
  EdgeProcess& self = *process;
  using Step = std::expected<void, std::string>;
  const bool replaces = inherited.has_predecessor();
  Step done = self.open_sockets(inherited);
  if (done) done = self.read_certificates();
  if (done) done = self.open_access_log();
  if (done) done = self.make_service();
  if (done) done = self.find_receivers();
  // A predecessor answers operators until we serve.
  if (done && !replaces) done = self.start_admin();
  if (done) done = self.start_shards();
  if (done && replaces) done = self.start_admin();
  if (!done) return std::unexpected(done.error());
  self.tick(runtime::read_monotonic_clock());
  inherited.report_ready();
  return process;
}

std::expected<void, std::string> EdgeProcess::open_sockets(Inherited& inherited) {
  const auto edge = configuration_.load(edge::edge_settings());
  const auto http = configuration_.load(net::http_server_settings());
  const std::string& on_loopback = plan_.threads.reactor.loopback_congestion_control;
  auto clients = open_listener(inherited, {.name = "edge",
                                           .key = "edge.listen",
                                           .flag = "--listen",
                                           .address = edge.listen,
                                           .backlog = static_cast<int>(http.backlog),
                                           .loopback_congestion_control = on_loopback});
  if (!clients) return std::unexpected(clients.error());
  listen_fd_ = *clients;
  sockets_.push_back({"edge", listen_fd_});
  const auto admin = configuration_.load(admin::admin_settings());
  if (!admin.listen.empty()) {
    auto operators = open_listener(inherited, {.name = "admin",
                                               .key = "admin.listen",
                                               .flag = "--admin",
                                               .address = admin.listen,
                                               .backlog = admin::AdminListener::backlog,
                                               .loopback_congestion_control = on_loopback});
    if (!operators) return std::unexpected(operators.error());
    admin_fd_ = *operators;
    sockets_.push_back({"admin", admin_fd_});
  }
  if (edge.listen_tls.empty()) return {};
  auto secure = open_listener(inherited, {.name = "edge-tls",
                                          .key = "edge.listen_tls",
                                          .flag = "--set edge.listen_tls=",
                                          .address = edge.listen_tls,
                                          .backlog = static_cast<int>(http.backlog),
                                          .loopback_congestion_control = on_loopback});
  if (!secure) return std::unexpected(secure.error());
  tls_listen_fd_ = *secure;
  sockets_.push_back({"edge-tls", tls_listen_fd_});
  return {};
}

std::expected<void, std::string> EdgeProcess::read_certificates() {
  auto read = tls_.read(configuration_.load(edge::edge_settings()),
                        configuration_.load(admin::admin_settings()),
                        configuration_.load(net::http_server_settings()));
  if (!read) return std::unexpected(read.error());
  certificates_ = *std::move(read);
  tls_.publish(certificates_);
  return {};
}

std::expected<void, std::string> EdgeProcess::open_access_log() {
  const telemetry::AccessLogSettings& settings = telemetry_settings_.access_log;
  if (settings.path.empty()) return {};
  access_log_ =
      std::make_unique<telemetry::LineLog>(settings.path, registry_.shards(), settings.ring_bytes);
  const Result<> open = access_log_->check_open();
  self_metrics_.emplace(registry_, *access_log_, log_);
  if (open) return {};
  return std::unexpected("telemetry.access_log.path: cannot write to " + settings.path + ": " +
                         std::strerror(open.error().sys));
}

std::expected<void, std::string> EdgeProcess::make_service() {
  const auto settings = configuration_.load(edge::edge_settings());
  auto made = edge::EdgeService::make(
      settings,
      {.registry = registry_,
       .tracing = tracing_,
       .access_log = access_log_.get(),
       .access_log_rate = telemetry_settings_.access_log.rate,
       .test_route = telemetry_settings_.test_route,
       .full_spans = telemetry_settings_.span_detail == telemetry::SpanDetail::full,
       .addresses = {telemetry_settings_.client_address, {random_seed(), random_seed()}},
       .log = &log_},
      {.shards = shards(),
       .memory_bytes = plan_.memory_bytes,
       .seed = random_seed(),
       .data = configuration_.load(runtime::runtime_settings()).data});
  if (!made) return std::unexpected(made.error());
  service_ = *std::move(made);
  return {};
}

std::expected<void, std::string> EdgeProcess::find_receivers() {
  auto found = otlp::Receivers::of(otlp_settings_, shards());
  if (!found) return std::unexpected(found.error());
  receivers_ = *std::move(found);
  for (unsigned shard = 0; receivers_.logs && shard < tracing_.shards(); ++shard)
    tracing_.tracer(shard).logs().enable();
  if (receivers_.logs) {
    tracing_.lines().enable();
    log_.also_to(&tracing_.lines());
  }
  if (!receivers_.metrics) return {};
  metric_collector_.emplace(registry_, metric_outbox_, otlp_settings_, resource_,
                            runtime::read_wall_clock());
  metric_collector_->use_examples([this] { return examples(); });
  if (telemetry_settings_.paths_max > 0) aggregate_paths();
  return {};
}

void EdgeProcess::aggregate_paths() {
  paths_.emplace(tracing_.shards(), telemetry_settings_.paths_max, random_seed());
  for (unsigned shard = 0; shard < tracing_.shards(); ++shard)
    tracing_.tracer(shard).aggregate(*paths_);
  metric_collector_->use_paths(*paths_, [this] {
    for (unsigned shard = 0; shard < tracing_.shards(); ++shard)
      threads_->shards().post(shard, [this, shard] { paths_->turn(shard); });
  });
}

std::expected<void, std::string> EdgeProcess::start_admin() {
  if (admin_fd_ < 0) return {};
  const auto settings = configuration_.load(admin::admin_settings());
  admin::AdminAccess access{.grpc = settings.grpc, .http2 = settings.http2};
  if (!settings.token_file.empty()) {
    auto read = admin::Token::read(settings.token_file);
    if (!read) return std::unexpected(read.error());
    access.token = *std::move(read);
  }
  auto started = admin::AdminListener::start(admin_fd_, *this, registry_, std::move(access),
                                             certificates_.admin);
  if (!started)
    return std::unexpected(std::string("cannot start the admin listener: ") + started.error().text);
  admin_ = *std::move(started);
  return {};
}

std::expected<void, std::string> EdgeProcess::start_shards() {
  auto started = runtime::Threads::start(plan_.threads,
                                         [this](runtime::Shard& shard) { return serve(shard); });
  if (!started) {
    std::string text = std::string("cannot start the shards: ") + started.error().text;
    if (started.error().sys != 0) text += std::string(": ") + std::strerror(started.error().sys);
    return std::unexpected(text + "; runtime.reactor=epoll may work where io_uring does not");
  }
  threads_ = *std::move(started);
  reactor_.store(threads_->reactor_kind());
  all_have_servers_.arrive_and_wait();
  console_.emplace(
      threads_->shards(), [this](size_t shard) { return parts_[shard].edge; },
      configuration_.load(runtime::runtime_settings()).data, log_);
  service_->ready().store(true);
  if (configuration_.load(edge::edge_settings()).cache.hot.load) console_->load_hot_keys();
  WEIR_LOG(log_, LogLevel::info, module, "serving", {"listen", client_address().to_string()},
           {"listen_tls", tls_listen_fd_ < 0 ? "none" : tls_address().to_string()},
           {"admin", admin_fd_ < 0 ? "none" : admin_address().to_string()}, {"shards", shards()},
           {"reactor", reactor()}, {"pid", getpid()});
  return {};
}

runtime::Task<> EdgeProcess::serve(runtime::Shard& shard) {
  use_crash_stack();
  telemetry::Tracer& tracer = tracing_.tracer(static_cast<unsigned>(shard.index()));
  if (tracer.records_traces()) tracer.ring().prepare();
  telemetry::Recorder& recorder = registry_.recorder(static_cast<unsigned>(shard.index()));
  auto resolver = net::CaresResolver::make(shard.reactor(),
                                           configuration_.load(net::resolver_settings()), recorder);
  net::LiteralResolver addresses_only;
  if (!resolver)
    WEIR_LOG(log_, LogLevel::error, module, "names cannot be looked up, only addresses work",
             {"reason", resolver.error().text});
  net::Resolver& names = resolver ? static_cast<net::Resolver&>(**resolver) : addresses_only;
  shard.background().spawn(runtime::measure_shard(shard, recorder));
  if (receivers_.any() && shard.index() == 0)
    co_await serve_and_export(shard, names);
  else
    co_await serve_clients(shard, names);
  if (resolver) co_await (*resolver)->stop();
}

runtime::Task<> EdgeProcess::serve_and_export(runtime::Shard& shard, net::Resolver& resolver) {
  otlp::Exporters exporters(shard,
                            {tracing_, metric_outbox_, registry_.recorder(0), log_, resolver},
                            receivers_, otlp_settings_, resource_);
  exporters.start();
  co_await serve_clients(shard, resolver);
  // The last spans of the other shards, too. A look now and then costs less than messages would.
  while (recording_.load() > 0 && !shard.closing().requested())
    (void)co_await runtime::sleep(shard.reactor(),
                                  {shard.now() + milliseconds(5), &shard.closing()});
  co_await exporters.stop();
}

runtime::Task<> EdgeProcess::serve_clients(runtime::Shard& shard, net::Resolver& resolver) {
  edge::EdgeShard edge(*service_, shard, resolver);
  net::HttpServer server(shard, servers_, edge, configuration_.load(net::http_server_settings()),
                         registry_.recorder(static_cast<unsigned>(shard.index())));
  server.use_tls(certificates_.edge);
  parts_[shard.index()] = {&edge, &server};
  all_have_servers_.arrive_and_wait();
  if (co_await server.accept(listen_fd_, tls_listen_fd_)) close_client_sockets();
  co_await server.finish();
  parts_[shard.index()] = {};
  co_await edge.stop();
  recording_.fetch_sub(1);
}

void EdgeProcess::close_client_sockets() {
  for (int* fd : {&listen_fd_, &tls_listen_fd_}) {
    std::erase_if(sockets_, [fd](const NamedSocket& socket) { return socket.fd == *fd; });
    if (*fd >= 0) ::close(std::exchange(*fd, -1));
  }
}

Patience EdgeProcess::patience() const {
  const auto settings = configuration_.load(runtime::runtime_settings());
  return {.restart = settings.restart_timeout,
          .drain = settings.drain_timeout,
          .close = settings.close_timeout};
}

void EdgeProcess::reopen_logs() {
  if (access_log_) access_log_->reopen();
  WEIR_LOG(log_, LogLevel::info, module, "logs are opened again");
}

void EdgeProcess::drain() {
  service_->ready().store(false);
  console_->save_at_stop(configuration_.load(edge::edge_settings()).cache.hot);
  if (metric_collector_) metric_collector_->finish(runtime::read_wall_clock());
  threads_->drain();
}

void EdgeProcess::close() {
  threads_->close();
}

bool EdgeProcess::ended() {
  return threads_->join(Duration(0));
}

void EdgeProcess::tick(MonoTime now) {
  service_->tick(now);
  tls_.tick(now);
  console_->tick(now, service_->generation()->config->cache.hot);
  // The wall clock is stepped now and then.
  tracing_.set_clock(now, runtime::read_wall_clock());
  const Duration begin = thread_cpu_time();
  if (metric_collector_) metric_collector_->tick(now, runtime::read_wall_clock());
  tracing_.count_cost(CostPart::exporting, thread_cpu_time() - begin);
  if (access_log_) {
    const Duration time = access_log_->cpu_time();
    tracing_.count_cost(CostPart::access_log, time - access_log_time_);
    access_log_time_ = time;
  }
  if (const auto change = tracing_.tick(now)) log_shedding(*change);
}

void EdgeProcess::log_shedding(const telemetry::ShedChange& change) {
  const bool more = change.now > change.before;
  const telemetry::ShedStep step = more ? change.now : change.before;
  WEIR_LOG(log_, more ? LogLevel::warning : LogLevel::info, module,
           more ? "telemetry is too costly and leaves something out"
                : "telemetry takes up again what it left out",
           {"step", telemetry::shed_step_names[static_cast<size_t>(step)]}, {"share", change.share},
           {"telemetry.cpu_share_max", change.share_max});
}

std::expected<void, std::string> EdgeProcess::apply(const settings::Values& values) {
  // Configuration has checked all of it.
  const auto edge = *settings::load(values, edge::edge_settings());
  const auto http = *settings::load(values, net::http_server_settings());
  const auto telemetry = *settings::load(values, telemetry::telemetry_settings());
  // The files may be new ones under their old names.
  auto certificates = tls_.read(edge, *settings::load(values, admin::admin_settings()), http);
  if (!certificates) return std::unexpected(certificates.error());
  if (auto replaced = service_->replace(edge); !replaced) return replaced;
  tls_.publish(*certificates);
  if (admin_) admin_->use_tls(certificates->admin);
  log_.set_level(telemetry.log_level);
  const auto change = std::make_shared<const ShardChange>(
      http, tracing_.resample(telemetry.sampling), certificates->edge);
  for (size_t i = 0; i < shards(); ++i)
    threads_->shards().post(i, [this, i, change] { take_up(i, *change); });
  return {};
}

// All at once, so that routes mean the same to whoever decides and whoever counts.
void EdgeProcess::take_up(size_t shard, const ShardChange& change) {
  tracing_.tracer(static_cast<unsigned>(shard)).use(change.sampling);
  if (!parts_[shard].edge) return;  // it has drained
  parts_[shard].edge->renew();
  parts_[shard].server->apply(change.http);
  parts_[shard].server->use_tls(change.certificate);
}

std::expected<settings::Reload, std::string> EdgeProcess::reload_all() {
  if (!ready()) return std::unexpected("not now: starting or draining\n");
  auto done =
      configuration_.reload([this](const settings::Values& values) { return apply(values); });
  if (done) {
    log_changes(*done);
  } else {
    WEIR_LOG(log_, LogLevel::error, module, "the old configuration stays: the new one is broken",
             {"problems", done.error()});
  }
  return done;
}

void EdgeProcess::log_changes(const settings::Reload& changes) {
  for (const settings::Change& change : changes.live)
    WEIR_LOG(log_, LogLevel::info, module, "setting changed", {"key", change.key},
             {"before", change.before}, {"after", change.after});
  for (const settings::Change& change : changes.restart)
    WEIR_LOG(log_, LogLevel::warning, module, "setting waits for a restart", {"key", change.key},
             {"before", change.before}, {"after", change.after});
  WEIR_LOG(log_, LogLevel::info, module, "configuration reloaded", {"changed", changes.live.size()},
           {"need_restart", changes.restart.size()});
}

void EdgeProcess::reload_logged() {
  [[maybe_unused]] const auto done = reload_all();  // the log has it
}

admin::ReloadAnswer EdgeProcess::reload() {
  const auto done = reload_all();
  return {done.has_value(), json_of(done)};
}

// Routes keep their names and places, so that what counts requests by them stays.
void EdgeProcess::resample(const telemetry::SamplingSettings& settings) {
  const auto table = tracing_.resample(settings);
  for (size_t i = 0; i < shards(); ++i)
    threads_->shards().post(
        i, [&tracer = tracing_.tracer(static_cast<unsigned>(i)), table] { tracer.use(table); });
  WEIR_LOG(log_, LogLevel::info, module, "sampling changed by an operator",
           {"rate", settings.rate});
}

void EdgeProcess::ask_cache(admin::CacheQuestion question,
                            std::shared_ptr<admin::CacheReply> reply) {
  if (!ready()) return reply->give({503, "{\"error\":\"starting or draining\"}\n"});
  // What the successor has in memory by now would stay there.
  if (service_->handing_over().load() && question.purges())
    return reply->give({503, "{\"error\":\"a new process takes over; try again\"}\n"});
  console_->ask(std::move(question), std::move(reply));
}

telemetry::HistogramExamples EdgeProcess::examples() const {
  return {edge::duration_decl.name, tracing_.exemplars(), tracing_.wall_ns(0)};
}

std::vector<std::pair<std::string, std::string>> EdgeProcess::build_facts() const {
  return {{"version", std::string(version())},
          {"compiler", std::string(compiler())},
          {"allocator", std::string(allocator())},
          {"reactor", std::string(reactor())},
          {"shards", std::to_string(shards())},
          {"pinned", plan_.threads.pin ? "yes" : "no"},
          {"recv_buffers", std::to_string(plan_.threads.reactor.recv_buffers)},
          {"memory_bytes", std::to_string(plan_.memory_bytes)},
          {"pid", std::to_string(getpid())}};
}

std::string EdgeProcess::served() const {
  const auto edge = configuration_.load(edge::edge_settings());
  if (edge.sites.empty()) return edge.origin ? edge.origin->url : "nothing";
  std::string text =
      std::to_string(edge.sites.size()) + (edge.sites.size() == 1 ? " site" : " sites");
  if (edge.origin) text += ", and " + edge.origin->url + " for all other hosts";
  return text;
}

Address EdgeProcess::client_address() const {
  return runtime::local_of(listen_fd_);
}

Address EdgeProcess::tls_address() const {
  return tls_listen_fd_ < 0 ? Address() : runtime::local_of(tls_listen_fd_);
}

Address EdgeProcess::admin_address() const {
  return admin_fd_ < 0 ? Address() : runtime::local_of(admin_fd_);
}

}  // namespace weir::cli
