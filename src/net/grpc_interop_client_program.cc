// A client of grpc.testing.TestService for the interoperability tests against gRPC's own servers
// (grpc/doc/interop-test-descriptions.md), and what those make of our calls: a port on loopback,
// and names of cases. Says of each "NAME: ok", or what was wrong; ends with 1 when one was.
// Messages are written and read by their field numbers (grpc/testing/messages.proto).
#include <array>
#include <cstdlib>
#include <unistd.h>

#include "net/grpc_channel.h"
#include "runtime/threads.h"
#include "wire/gzip.h"
#include "wire/protobuf_reader.h"
#include "wire/protobuf_writer.h"

namespace weir::net {
namespace {

using runtime::Task;
using runtime::Wait;
using wire::GrpcCode;

constexpr std::string_view empty_call = "/grpc.testing.TestService/EmptyCall";
constexpr std::string_view unary_call = "/grpc.testing.TestService/UnaryCall";
constexpr std::string_view input_call = "/grpc.testing.TestService/StreamingInputCall";
constexpr std::string_view output_call = "/grpc.testing.TestService/StreamingOutputCall";
constexpr std::string_view duplex_call = "/grpc.testing.TestService/FullDuplexCall";
constexpr std::array<size_t, 4> request_sizes{27'182, 8, 1'828, 45'904};
constexpr std::array<size_t, 4> response_sizes{31'415, 9, 2'653, 58'979};
constexpr size_t large_request = 271'828, large_response = 314'159;

// What a case found: nothing, or what is wrong.
using Verdict = std::string;

// --- messages ---

std::string flag(uint32_t number, bool value) {
  Buffer bytes;
  wire::ProtobufWriter out(bytes);
  const auto inner = out.begin_message(number);
  out.varint(1, value);
  out.end_message(inner);
  return std::string(bytes.view());
}

std::string payload(uint32_t number, size_t size) {
  Buffer bytes;
  wire::ProtobufWriter out(bytes);
  const auto inner = out.begin_message(number);
  out.bytes(2, std::string(size, '\0'));
  out.end_message(inner);
  return std::string(bytes.view());
}

// SimpleRequest: 2 response_size, 3 payload.
std::string simple_request(size_t response, size_t request) {
  Buffer bytes;
  wire::ProtobufWriter(bytes).varint(2, response);
  return std::string(bytes.view()) + payload(3, request);
}

// StreamingOutputCallRequest: 2 response_parameters (1 size, 3 compressed).
std::string parameters(size_t size, const std::string& packed = "") {
  Buffer bytes;
  wire::ProtobufWriter out(bytes);
  const auto inner = out.begin_message(2);
  out.varint(1, size);
  bytes.append(packed);
  out.end_message(inner);
  return std::string(bytes.view());
}

// 7 response_status: 1 code, 2 message.
std::string asking_for(GrpcCode code, std::string_view message) {
  Buffer bytes;
  wire::ProtobufWriter out(bytes);
  const auto inner = out.begin_message(7);
  out.varint(1, static_cast<uint64_t>(code));
  out.bytes(2, message);
  out.end_message(inner);
  return std::string(bytes.view());
}

// Of an answer's payload.
size_t body_size(std::string_view message) {
  wire::ProtobufReader reader(message);
  while (reader.next()) {
    wire::ProtobufReader inner(reader.bytes());
    while (inner.next())
      if (inner.number() == 2) return inner.bytes().size();
  }
  return 0;
}

uint64_t sum_of(std::string_view message) {
  wire::ProtobufReader reader(message);
  return reader.next() ? reader.integer() : 0;
}

std::string packed(std::string_view message) {
  wire::Gzip gzip;
  gzip.begin();
  gzip.add(message);
  return std::string(gzip.end());
}

// --- calls ---

struct Outcome {
  GrpcStatus status;
  std::vector<size_t> sizes;  // of the bodies that came
  std::vector<bool> packed;
  std::string first;  // message
  GrpcClientCall::Metadata head, trailing;
};

Task<Outcome> read_all(GrpcClientCall& call) {
  Outcome outcome;
  for (;;) {
    const auto message = co_await call.read();
    if (!message) outcome.status = status_of(message.error());
    if (!message) break;
    if (!*message) outcome.status = call.status();
    if (!*message) break;
    if (outcome.sizes.empty()) outcome.first = **message;
    outcome.sizes.push_back(body_size(**message));
    outcome.packed.push_back(call.packed());
  }
  outcome.head = call.head_metadata();
  outcome.trailing = call.trailing_metadata();
  co_return outcome;
}

struct Server {
  GrpcChannel& channel;
  runtime::Shard& shard;

  Wait in(Duration time) const { return {after(shard.now(), time)}; }
  // All messages, and then what comes of them.
  Task<Outcome> call(GrpcCallHead head, std::vector<std::string> messages) const {
    GrpcClientCall asking(channel, head, in(seconds(20)));
    for (const std::string& message : messages)
      if (!co_await asking.write(message)) break;
    asking.end_writes();
    co_return co_await read_all(asking);
  }
};

std::string names_of(const GrpcStatus& status) {
  return std::string(to_string(status.code)) + " \"" + status.message + "\"";
}

Verdict check_status(const GrpcStatus& status, GrpcCode code) {
  return status.code == code ? "" : "ended with " + names_of(status);
}

Verdict check_sizes(const Outcome& outcome, const std::vector<size_t>& expected) {
  if (outcome.status.code != GrpcCode::ok) return "ended with " + names_of(outcome.status);
  return outcome.sizes == expected ? "" : "the answers have other sizes";
}

Task<Verdict> empty_unary(Server server) {
  co_return check_sizes(co_await server.call({empty_call}, {""}), {0});
}

Task<Verdict> large_unary(Server server) {
  co_return check_sizes(
      co_await server.call({unary_call}, {simple_request(large_response, large_request)}),
      {large_response});
}

Task<Verdict> client_streaming(Server server) {
  std::vector<std::string> messages;
  for (const size_t size : request_sizes)
    messages.push_back(payload(1, size));
  const Outcome outcome = co_await server.call({input_call}, messages);
  const Verdict sizes = check_sizes(outcome, {0});
  co_return sizes.empty() && sum_of(outcome.first) != 74'922 ? "the sum is wrong" : sizes;
}

Task<Verdict> server_streaming(Server server) {
  std::string message;
  for (const size_t size : response_sizes)
    message += parameters(size);
  co_return check_sizes(co_await server.call({output_call}, {message}),
                        {response_sizes.begin(), response_sizes.end()});
}

// Each message waits for the answer to the one before.
Task<Verdict> ping_pong(Server server) {
  GrpcClientCall call(server.channel, {duplex_call}, server.in(seconds(20)));
  for (size_t i = 0; i < request_sizes.size(); ++i) {
    if (!co_await call.write(parameters(response_sizes[i]) + payload(3, request_sizes[i])))
      co_return "a message could not be sent";
    const auto message = co_await call.read();
    if (!message || !*message) co_return "an answer is missing";
    if (body_size(**message) != response_sizes[i]) co_return "an answer has another size";
  }
  call.end_writes();
  co_return check_sizes(co_await read_all(call), {});
}

Task<Verdict> empty_stream(Server server) {
  co_return check_sizes(co_await server.call({duplex_call}, {}), {});
}

Task<Verdict> client_compressed_unary(Server server) {
  const std::string request = simple_request(large_response, large_request);
  // A server that knows the case refuses what is not packed as it says.
  const Outcome probe = co_await server.call({unary_call}, {request + flag(8, true)});
  if (probe.status.code != GrpcCode::invalid_argument) co_return "the probe was taken";
  GrpcClientCall call(server.channel, {unary_call, true}, server.in(seconds(20)));
  (void)co_await call.write(packed(request + flag(8, true)), true);
  call.end_writes();
  Verdict verdict = check_sizes(co_await read_all(call), {large_response});
  if (!verdict.empty()) co_return verdict;
  co_return check_sizes(co_await server.call({unary_call, true}, {request + flag(8, false)}),
                        {large_response});
}

Task<Verdict> server_compressed_unary(Server server) {
  for (const bool wanted : {true, false}) {
    const Outcome outcome = co_await server.call(
        {unary_call}, {simple_request(large_response, large_request) + flag(6, wanted)});
    Verdict verdict = check_sizes(outcome, {large_response});
    if (!verdict.empty()) co_return verdict;
    if (outcome.packed[0] != wanted) co_return "the answer is not packed as was asked";
  }
  co_return "";
}

Task<Verdict> client_compressed_streaming(Server server) {
  const Outcome probe = co_await server.call({input_call}, {payload(1, 27'182) + flag(2, true)});
  if (probe.status.code != GrpcCode::invalid_argument) co_return "the probe was taken";
  GrpcClientCall call(server.channel, {input_call, true}, server.in(seconds(20)));
  (void)co_await call.write(packed(payload(1, 27'182) + flag(2, true)), true);
  (void)co_await call.write(payload(1, 45'904) + flag(2, false));
  call.end_writes();
  const Outcome outcome = co_await read_all(call);
  const Verdict sizes = check_sizes(outcome, {0});
  co_return sizes.empty() && sum_of(outcome.first) != 73'086 ? "the sum is wrong" : sizes;
}

Task<Verdict> server_compressed_streaming(Server server) {
  const Outcome outcome = co_await server.call(
      {output_call}, {parameters(31'415, flag(3, true)) + parameters(92'653, flag(3, false))});
  const Verdict sizes = check_sizes(outcome, {31'415, 92'653});
  const bool right = outcome.packed == std::vector<bool>{true, false};
  co_return sizes.empty() && !right ? "the answers are not packed as was asked" : sizes;
}

Task<Verdict> custom_metadata(Server server) {
  const std::array<wire::Field, 2> sent{
      wire::Field{"x-grpc-test-echo-initial", "test_initial_metadata_value"},
      wire::Field{"x-grpc-test-echo-trailing-bin", "q6ur"}};
  const auto has = [](const GrpcClientCall::Metadata& metadata, const wire::Field& field) {
    for (const auto& [name, value] : metadata)
      if (name == field.name && value == field.value) return true;
    return false;
  };
  for (const bool duplex : {false, true}) {
    const GrpcCallHead head{duplex ? duplex_call : unary_call, false, sent};
    std::string message = simple_request(large_response, large_request);
    if (duplex) message = parameters(large_response) + payload(3, large_request);
    const Outcome outcome = co_await server.call(head, {std::move(message)});
    Verdict verdict = check_sizes(outcome, {large_response});
    if (!verdict.empty()) co_return verdict;
    if (!has(outcome.head, sent[0])) co_return "the first field did not come back";
    if (!has(outcome.trailing, sent[1])) co_return "the last field did not come back";
  }
  co_return "";
}

Task<Verdict> check_message(Server server, std::string_view path, std::string_view text) {
  const Outcome outcome = co_await server.call({path}, {asking_for(GrpcCode::unknown, text)});
  Verdict verdict = check_status(outcome.status, GrpcCode::unknown);
  if (verdict.empty() && outcome.status.message != text) verdict = "the text is another";
  co_return verdict;
}

Task<Verdict> status_code_and_message(Server server) {
  Verdict verdict = co_await check_message(server, unary_call, "test status message");
  if (!verdict.empty()) co_return verdict;
  co_return co_await check_message(server, duplex_call, "test status message");
}

Task<Verdict> special_status_message(Server server) {
  co_return co_await check_message(server, unary_call,
                                   "\t\ntest with whitespace\r\nand Unicode BMP "
                                   "\xe2\x98\xba and non-BMP \xf0\x9f\x98\x88\t\n");
}

Task<Verdict> unimplemented_method(Server server) {
  const Outcome outcome =
      co_await server.call({"/grpc.testing.TestService/UnimplementedCall"}, {""});
  co_return check_status(outcome.status, GrpcCode::unimplemented);
}

Task<Verdict> unimplemented_service(Server server) {
  const Outcome outcome =
      co_await server.call({"/grpc.testing.UnimplementedService/UnimplementedCall"}, {""});
  co_return check_status(outcome.status, GrpcCode::unimplemented);
}

Task<> request_later(runtime::Shard& shard, runtime::Cancel& cancel) {
  (void)co_await runtime::sleep(shard.reactor(), {after(shard.now(), milliseconds(100))});
  cancel.request();
}

Task<Verdict> cancel_after_begin(Server server) {
  runtime::Cancel cancel;
  GrpcClientCall call(server.channel, {input_call}, {server.in(seconds(20)).until, &cancel});
  runtime::Scope scope(server.shard.reactor());
  scope.spawn(request_later(server.shard, cancel));
  const Outcome outcome = co_await read_all(call);
  co_await scope.join();
  co_return check_status(outcome.status, GrpcCode::cancelled);
}

Task<Verdict> cancel_after_first_response(Server server) {
  runtime::Cancel cancel;
  GrpcClientCall call(server.channel, {duplex_call}, {server.in(seconds(20)).until, &cancel});
  (void)co_await call.write(parameters(response_sizes[0]) + payload(3, request_sizes[0]));
  const auto message = co_await call.read();
  if (!message || !*message) co_return "the answer is missing";
  cancel.request();
  const Outcome outcome = co_await read_all(call);
  co_return check_status(outcome.status, GrpcCode::cancelled);
}

Task<Verdict> timeout_on_sleeping_server(Server server) {
  GrpcClientCall call(server.channel, {duplex_call}, server.in(milliseconds(1)));
  (void)co_await call.write(payload(3, request_sizes[0]));
  const Outcome outcome = co_await read_all(call);
  co_return check_status(outcome.status, GrpcCode::deadline_exceeded);
}

struct Case {
  std::string_view name;
  Task<Verdict> (*run)(Server server);
};
constexpr std::array cases{Case{"empty_unary", empty_unary},
                           Case{"large_unary", large_unary},
                           Case{"client_streaming", client_streaming},
                           Case{"server_streaming", server_streaming},
                           Case{"ping_pong", ping_pong},
                           Case{"empty_stream", empty_stream},
                           Case{"client_compressed_unary", client_compressed_unary},
                           Case{"server_compressed_unary", server_compressed_unary},
                           Case{"client_compressed_streaming", client_compressed_streaming},
                           Case{"server_compressed_streaming", server_compressed_streaming},
                           Case{"custom_metadata", custom_metadata},
                           Case{"status_code_and_message", status_code_and_message},
                           Case{"special_status_message", special_status_message},
                           Case{"unimplemented_method", unimplemented_method},
                           Case{"unimplemented_service", unimplemented_service},
                           Case{"cancel_after_begin", cancel_after_begin},
                           Case{"cancel_after_first_response", cancel_after_first_response},
                           Case{"timeout_on_sleeping_server", timeout_on_sleeping_server}};

Task<Verdict> run_case(std::string_view name, Server server) {
  for (const Case& each : cases)
    if (each.name == name) co_return co_await each.run(server);
  co_return "no such case";
}

struct Wanted {
  std::string url;
  std::vector<std::string> names;
  int failed = 0;
};

void say(const std::string& line) {
  if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::_Exit(1);
}

Task<> run_all(runtime::Shard& shard, Wanted& wanted) {
  LiteralResolver resolver;
  telemetry::Recorder recorder;
  OriginSettings origin = origin_with_defaults(wanted.url);
  origin.http2.use = Http2Use::on;
  GrpcChannel channel(shard, *OriginShare::make(origin, 1), resolver, recorder, {});
  for (const std::string& name : wanted.names) {
    const Verdict verdict = co_await run_case(name, {channel, shard});
    wanted.failed += !verdict.empty();
    say(name + ": " + (verdict.empty() ? "ok" : verdict) + "\n");
  }
  co_await channel.stop();
}

int run(std::string_view port, std::vector<std::string> names) {
  Wanted wanted{"http://127.0.0.1:" + std::string(port), std::move(names)};
  auto threads =
      runtime::Threads::start({.cores = {0}, .pin = false},
                              [&wanted](runtime::Shard& shard) { return run_all(shard, wanted); });
  if (!threads) return 1;
  const bool ended = (*threads)->join(minutes(5));
  if (!ended) std::_Exit(1);
  return wanted.failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace weir::net

int main(int count, char** arguments) {
  if (count < 3) return 2;
  return weir::net::run(arguments[1], {arguments + 2, arguments + count});
}
