#include "otlp/otlp_settings.h"

#include <map>

#include <doctest/doctest.h>

#include "otlp/backoff.h"
#include "otlp/otel_environment.h"
#include "otlp/resource.h"
#include "settings/print.h"
#include "settings/reload.h"
#include "settings/resolve.h"
#include "settings/schema.h"
#include "wire/gzip.h"

namespace weir::otlp {

namespace {

// What the settings become under an environment and a file.
struct Loaded {
  OtlpSettings otlp;
  ServiceSettings service;
  NodeSettings node;
};

Loaded load_from(std::vector<std::string> environment, std::string file = "") {
  settings::Schema schema;
  schema.add(otlp_settings());
  schema.add(service_settings());
  schema.add(node_settings());
  auto otel = otel_variables(environment);
  REQUIRE(otel.has_value());
  settings::Sources sources;
  if (!file.empty()) sources.file_name = "weir.yaml";
  sources.file_text = std::move(file);
  sources.environment = std::move(environment);
  sources.sets = std::move(otel->sets);
  const auto values = settings::resolve(schema, sources);
  REQUIRE(values.has_value());
  return {*settings::load(*values, otlp_settings()), *settings::load(*values, service_settings()),
          *settings::load(*values, node_settings())};
}

std::string target_of(std::string endpoint, std::string traces = "") {
  OtlpSettings settings;
  settings.endpoint = std::move(endpoint);
  settings.traces.endpoint = std::move(traces);
  const auto found = endpoint_of(settings, Signal::traces);
  return found ? found->origin + " " + found->target : "none";
}

std::string unzip(std::string_view bytes) {
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
  std::string out(1 << 20, '\0');
  std::string in(bytes);
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

}  // namespace

TEST_CASE(
    "the path of a base endpoint is kept and v1/traces appended; a whole URL is taken as is") {
  CHECK(target_of("") == "none");
  CHECK(target_of("http://h:4318") == "http://h:4318 /v1/traces");
  CHECK(target_of("https://h/otlp/") == "https://h /otlp/v1/traces");
  CHECK(target_of("http://h:4318", "http://t:1/x?k=v") == "http://t:1 /x?k=v");
  CHECK(target_of("", "http://t") == "http://t /");
}

TEST_CASE("the query of an endpoint, which may be a key, is never shown") {
  settings::Schema schema;
  schema.add(otlp_settings());
  const auto resolved = [&](const std::string& settings) {
    return settings::resolve(schema, {"weir.yaml", "otlp: {" + settings + "}", {}, {}});
  };
  const auto values = resolved("traces: {endpoint: 'http://t:1/x?key=SECRET'}");
  REQUIRE(values.has_value());
  CHECK(settings::load(*values, otlp_settings())->traces.endpoint == "http://t:1/x?key=SECRET");
  const std::string shown = "\"http://t:1/x?<redacted>\"";
  CHECK(settings::print_config(schema, *values).contains("endpoint: " + shown + "  #"));
  CHECK(settings::explain(schema, *values, "otlp.traces.endpoint")->contains(shown));
  const auto other = resolved("traces: {endpoint: 'http://t:1/x?key=SECRET2'}");
  const auto changes = settings::reload(schema, *values, *other);
  REQUIRE(changes->restart.size() == 1);
  CHECK(changes->restart[0].before == shown);
  CHECK(changes->restart[0].after == shown);
  for (const char* broken :
       {"endpoint: 'http://t:1/x?key=SECRET'", "logs: {endpoint: 'ftp://t/?key=SECRET'}",
        "logs: {endpoint: 'http://u:SECRET?SECRET@t/'}",
        "endpoint: 'http://t/x?user=a@b&key=SECRET'",
        "endpoint: 'http://u:SECRET?SECRET@t/x?key=SECRET'",
        "endpoint: 'http://t/SECRET@b?key=SECRET'"})
    CHECK(!settings::to_string(resolved(broken).error()).contains("SECRET"));
}

TEST_CASE("what of an endpoint may be user info is never shown, though it is a host or a path") {
  settings::Schema schema;
  schema.add(otlp_settings());
  for (const std::string endpoint :
       {"http://t/SECRET@b/x", "http://t?SECRET@b", "http://t/SECRET@b?key=SECRET"}) {
    const auto values = settings::resolve(
        schema, {"weir.yaml", "otlp: {logs: {endpoint: '" + endpoint + "'}}", {}, {}});
    REQUIRE_MESSAGE(values.has_value(), endpoint);
    CHECK(!settings::print_config(schema, *values).contains("SECRET"));
    CHECK(!settings::explain(schema, *values, "otlp.logs.endpoint")->contains("SECRET"));
  }
}

TEST_CASE("nothing that OpenTelemetry's variables say wrongly shows user info or a query") {
  settings::Schema schema;
  schema.add(otlp_settings());
  for (const std::string endpoint :
       {"http://t/x?user=a@b&key=SECRET", "u:SECRET@t/x?key=SECRET", "u:SECRET?SECRET@t"}) {
    const std::vector<std::string> environment{"OTEL_EXPORTER_OTLP_ENDPOINT=" + endpoint,
                                               "OTEL_EXPORTER_OTLP_PROTOCOL=" + endpoint,
                                               "OTEL_EXPORTER_OTLP_INSECURE=" + endpoint};
    const auto variables = otel_variables(environment);
    REQUIRE(variables.has_value());
    REQUIRE(variables->warnings.size() == 2);
    for (const std::string& warning : variables->warnings)
      CHECK(!warning.contains("SECRET"));
    const auto values = settings::resolve(schema, {"", "", environment, variables->sets});
    REQUIRE(!values.has_value());
    const std::string told = settings::to_string(values.error());
    CHECK(told.starts_with("OTEL_EXPORTER_OTLP_ENDPOINT: otlp.endpoint: "));
    CHECK(!told.contains("SECRET"));
  }
}

TEST_CASE("over gRPC an endpoint has no path, and the target is the method") {
  const Loaded loaded =
      load_from({"OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "OTEL_EXPORTER_OTLP_ENDPOINT=c:4317",
                 "OTEL_EXPORTER_OTLP_INSECURE=True"});
  CHECK(loaded.otlp.protocol == Protocol::grpc);
  const auto endpoint = endpoint_of(loaded.otlp, Signal::metrics);
  REQUIRE(endpoint.has_value());
  CHECK(endpoint->origin == "http://c:4317");
  CHECK(endpoint->target == "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export");
  CHECK(receiver_of(loaded.otlp, *endpoint).http2.use == net::Http2Use::on);
  const Loaded secure = load_from({"OTEL_EXPORTER_OTLP_ENDPOINT=c:4317"});
  CHECK(secure.otlp.endpoint == "https://c:4317");
  CHECK(receiver_of(secure.otlp, *endpoint).http2.use == net::Http2Use::off);
  OtlpSettings with_path = loaded.otlp;
  with_path.traces.endpoint = "http://c:4317/v1/traces";
  CHECK(otlp_settings().check(with_path).value_or("").starts_with("traces.endpoint: "));
  with_path.traces.endpoint = "http://c:4317/";
  CHECK(!otlp_settings().check(with_path));
}

TEST_CASE("the variables of the batch processor are settings") {
  const OtlpSettings otlp =
      load_from({"OTEL_BSP_SCHEDULE_DELAY=5000", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=512",
                 "OTEL_BSP_EXPORT_TIMEOUT=30000", "OTEL_BLRP_SCHEDULE_DELAY=1000",
                 "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE=256", "OTEL_METRIC_EXPORT_INTERVAL=15000",
                 "OTEL_METRIC_EXPORT_TIMEOUT=7000"})
          .otlp;
  CHECK(for_signal(otlp, Signal::traces).interval == seconds(5));
  CHECK(for_signal(otlp, Signal::traces).batch_spans_max == 512);
  CHECK(for_signal(otlp, Signal::traces).retry.elapsed_max == seconds(30));
  CHECK(for_signal(otlp, Signal::logs).interval == seconds(1));
  CHECK(for_signal(otlp, Signal::logs).batch_spans_max == 256);
  CHECK(for_signal(otlp, Signal::logs).retry.elapsed_max == minutes(5));
  CHECK(otlp.metrics_interval == seconds(15));
  CHECK(for_signal(otlp, Signal::metrics).retry.elapsed_max == seconds(7));
}

TEST_CASE("what a signal has for itself goes before what is for all") {
  const OtlpSettings otlp =
      load_from({"OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318", "OTEL_EXPORTER_OTLP_HEADERS=a=1",
                 "OTEL_EXPORTER_OTLP_CERTIFICATE=/ca", "OTEL_EXPORTER_OTLP_CLIENT_KEY=/key",
                 "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE=/cert",
                 "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL=grpc", "OTEL_EXPORTER_OTLP_LOGS_HEADERS=b=2",
                 "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=l:4317", "OTEL_EXPORTER_OTLP_LOGS_INSECURE=true",
                 "OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY=/key2", "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT=700",
                 "OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE=/cert2",
                 "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=m:1",
                 "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION=gzip"})
          .otlp;
  const OtlpSettings traces = for_signal(otlp, Signal::traces),
                     logs = for_signal(otlp, Signal::logs);
  CHECK(traces.protocol == Protocol::http_protobuf);
  CHECK(traces.headers == settings::TextMap{{"a", "1"}});
  CHECK(traces.timeout == seconds(10));
  CHECK(traces.compression == Compression::none);
  CHECK(logs.protocol == Protocol::grpc);
  CHECK(logs.headers == settings::TextMap{{"b", "2"}});
  CHECK(logs.timeout == milliseconds(700));
  CHECK(logs.ca_file == "/ca");
  CHECK(for_signal(otlp, Signal::metrics).compression == Compression::gzip);
  CHECK(endpoint_of(otlp, Signal::logs)->origin == "http://l:4317");
  CHECK(endpoint_of(otlp, Signal::logs)->target.ends_with("LogsService/Export"));
  CHECK(endpoint_of(otlp, Signal::metrics)->origin == "https://m:1");
  CHECK(endpoint_of(otlp, Signal::traces)->target == "/v1/traces");
  const auto tls = receiver_of(logs, *endpoint_of(otlp, Signal::logs)).tls;
  CHECK(tls.certificate == "/cert2");
  CHECK(tls.key == "/key2");
  CHECK(receiver_of(traces, *endpoint_of(otlp, Signal::traces)).tls.certificate == "/cert");
  CHECK(receiver_of(logs, *endpoint_of(otlp, Signal::logs)).http2.use == net::Http2Use::on);
}

TEST_CASE("samplers, switches and levels become settings of ours") {
  const auto sets_of = [](std::vector<std::string> environment) {
    std::map<std::string, std::string> sets;
    const auto found = otel_variables(environment);
    REQUIRE(found.has_value());
    CHECK(found->warnings.empty());
    for (const settings::Set& set : found->sets)
      sets[set.key] = set.value;
    return sets;
  };
  using Sets = std::map<std::string, std::string>;
  const auto sampled = [](const char* rate) {
    return Sets{{"telemetry.sampling.strategy", "fixed"}, {"telemetry.sampling.rate", rate}};
  };
  CHECK(sets_of({"OTEL_TRACES_SAMPLER=always_on"}) == sampled("1"));
  CHECK(sets_of({"OTEL_TRACES_SAMPLER=parentbased_always_off"}) == sampled("0"));
  CHECK(sets_of({"OTEL_TRACES_SAMPLER=traceidratio", "OTEL_TRACES_SAMPLER_ARG=0.25"}) ==
        sampled("0.25"));
  CHECK(sets_of({"OTEL_TRACES_SAMPLER=parentbased_traceidratio"}) == sampled("1"));
  CHECK(sets_of({"OTEL_TRACES_SAMPLER_ARG=0.25"}).empty());
  CHECK(sets_of({"OTEL_LOGS_EXPORTER=none", "OTEL_TRACES_EXPORTER=otlp"}) ==
        Sets{{"otlp.logs.send", "false"}});
  CHECK(sets_of({"OTEL_METRICS_EXEMPLAR_FILTER=always_off", "OTEL_LOG_LEVEL=WARN"}) ==
        Sets{{"telemetry.exemplars", "false"}, {"telemetry.log_level", "warning"}});
  CHECK(sets_of({"OTEL_PROPAGATORS=tracecontext,baggage", "OTEL_BSP_MAX_QUEUE_SIZE=2048"}) ==
        Sets{{"telemetry.queue_spans_max", "2048"}});
  CHECK(sets_of({"OTEL_BLRP_MAX_QUEUE_SIZE=1024"}) == Sets{{"telemetry.queue_logs_max", "1024"}});
  CHECK(sets_of({"OTEL_LOG_LEVEL=", "OTEL_ANYTHING=", "OTHER=1"}).empty());
  CHECK(sets_of({"OTEL_BSP_MAX_QUEUE_SIZE=2048", "WEIR_TELEMETRY_QUEUE_SPANS_MAX=1"}).empty());
}

TEST_CASE("a choice or a name that is not known is warned of, and has no effect") {
  for (const char* variable :
       {"OTEL_TRACES_SAMPLER=xray", "OTEL_EXPORTER_OTLP_PROTOCOL=http/json",
        "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION=zstd", "OTEL_TRACES_EXPORTER=zipkin",
        "OTEL_PROPAGATORS=b3", "OTEL_BSP_SCHEDULE_DELAY=5s", "OTEL_BLRP_MAX_QUEUE_SIZE=-1",
        "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT=soon", "OTEL_SPAN_EVENT_COUNT_LIMIT=5",
        "OTEL_CONFIG_FILE=/x.yaml"}) {
    const auto found = otel_variables(std::vector<std::string>{variable});
    REQUIRE(found.has_value());
    CHECK(found->sets.empty());
    REQUIRE(found->warnings.size() == 1);
    const std::string name(variable, std::string_view(variable).find('='));
    CHECK(found->warnings[0].starts_with(name + " has "));
  }
}

TEST_CASE("a rate that is none is as good as not set, and a switch is true or false") {
  for (const char* rate : {"abc", "7", "-0.1", "nan", "0.5x"}) {
    const auto found = otel_variables(std::vector<std::string>{
        "OTEL_TRACES_SAMPLER=traceidratio", std::string("OTEL_TRACES_SAMPLER_ARG=") + rate});
    REQUIRE(found.has_value());
    REQUIRE(found->warnings.size() == 1);
    CHECK(found->warnings[0].starts_with("OTEL_TRACES_SAMPLER_ARG has a value"));
    CHECK(found->warnings[0].ends_with(std::string("\"") + rate + '"'));
    CHECK(found->sets.back().value == "1");
  }
  const auto disabled = otel_variables(std::vector<std::string>{"OTEL_SDK_DISABLED=yes"});
  CHECK(disabled->sets.empty());
  REQUIRE(disabled->warnings.size() == 1);
  CHECK(disabled->warnings[0].starts_with("OTEL_SDK_DISABLED is true or false"));
}

TEST_CASE("the variables of OpenTelemetry are settings") {
  const Loaded loaded =
      load_from({"OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318", "OTEL_EXPORTER_OTLP_TIMEOUT=2500",
                 "OTEL_EXPORTER_OTLP_HEADERS=api-key=a%20b%2C, x = y=z",
                 "OTEL_EXPORTER_OTLP_COMPRESSION=gzip", "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
                 "OTEL_SERVICE_NAME=shop", "OTEL_EXPORTER_OTLP_CERTIFICATE=",
                 "OTEL_RESOURCE_ATTRIBUTES=service.name=other,node.region=eu,team=a: b"});
  CHECK(loaded.otlp.endpoint == "http://c:4318");
  CHECK(loaded.otlp.timeout == milliseconds(2500));
  CHECK(loaded.otlp.headers == settings::TextMap{{"api-key", "a b,"}, {"x", "y=z"}});
  CHECK(loaded.otlp.compression == Compression::gzip);
  CHECK(loaded.service.name == "shop");
  CHECK(loaded.node.region == "eu");
  CHECK(loaded.otlp.resource == settings::TextMap{{"team", "a: b"}});
}

TEST_CASE("OTEL_ variables win over the file and lose to WEIR_ variables") {
  const Loaded loaded = load_from({"OTEL_EXPORTER_OTLP_ENDPOINT=http://otel:1",
                                   "OTEL_SERVICE_NAME=otel", "WEIR_SERVICE_NAME=weir"},
                                  "otlp: {endpoint: 'http://file:1', timeout: 3s}\n");
  CHECK(loaded.otlp.endpoint == "http://otel:1");
  CHECK(loaded.otlp.timeout == seconds(3));
  CHECK(loaded.service.name == "weir");
}

TEST_CASE("OTEL_SDK_DISABLED=true sends nothing, whatever the file says") {
  const std::string file =
      "otlp: {endpoint: 'http://file:1', traces: {endpoint: 'http://file:2'}}\n";
  CHECK(!endpoint_of(load_from({"OTEL_SDK_DISABLED=TRUE"}, file).otlp, Signal::traces));
  CHECK(endpoint_of(load_from({"OTEL_SDK_DISABLED=1"}, file).otlp, Signal::traces));
}

TEST_CASE("a broken OTEL_ variable is named") {
  const std::vector<std::string> headers{"OTEL_EXPORTER_OTLP_HEADERS=novalue"};
  CHECK(otel_variables(headers).error() ==
        "OTEL_EXPORTER_OTLP_HEADERS: expected NAME=VALUE,NAME=VALUE");
  const std::vector<std::string> resource{"OTEL_RESOURCE_ATTRIBUTES=a=%4"};
  CHECK(otel_variables(resource).error() ==
        "OTEL_RESOURCE_ATTRIBUTES: the value of a has a broken % escape");
}

TEST_CASE("what a deployment says of itself wins over what the program knows") {
  ServiceSettings service;
  NodeSettings node{.id = "edge-us-west-1", .region = ""};
  const Resource resource =
      make_resource(service, node, {{"service.version", "7"}},
                    {.service_name = "edge-service", .version = "0.1.0", .host_name = "box"});
  const settings::TextMap& all = resource.attributes;
  const auto has = [&](const char* name, const char* value) {
    return std::ranges::count(all, std::pair<std::string, std::string>(name, value)) == 1;
  };
  CHECK(has("service.name", "edge-service"));
  CHECK(has("service.version", "7"));
  CHECK(has("node.id", "edge-us-west-1"));
  CHECK(has("host.name", "box"));
  CHECK(std::ranges::none_of(all, [](const auto& pair) { return pair.first == "node.region"; }));
}

TEST_CASE("pauses double with jitter up to their maximum, never below what the receiver asks") {
  const BackoffSettings settings{
      .initial = milliseconds(100), .max = milliseconds(400), .elapsed_max = seconds(10)};
  Random random(3);
  Backoff backoff(settings, MonoTime{});
  for (const Duration most :
       {milliseconds(100), milliseconds(200), milliseconds(400), milliseconds(400)}) {
    const auto pause = backoff.next(MonoTime{}, Duration(0), random);
    REQUIRE(pause.has_value());
    CHECK(*pause >= most / 2);
    CHECK(*pause <= most);
  }
  CHECK(backoff.next(MonoTime{}, seconds(3), random) == seconds(3));
  CHECK(!backoff.next(MonoTime{}, seconds(11), random));
  CHECK(!backoff.next(MonoTime(seconds(10)), Duration(0), random));
}

TEST_CASE("compressed pieces are one gzip message, and the next one starts anew") {
  wire::Gzip gzip;
  std::string text;
  for (int i = 0; i < 20'000; ++i)
    text += std::to_string(i * 7919);
  for (int round = 0; round < 2; ++round) {
    gzip.begin();
    for (size_t at = 0; at < text.size(); at += 8192)
      gzip.add(std::string_view(text).substr(at, 8192));
    CHECK(unzip(gzip.end()) == text);
  }
  gzip.begin();
  CHECK(unzip(gzip.end()).empty());
}

}  // namespace weir::otlp
