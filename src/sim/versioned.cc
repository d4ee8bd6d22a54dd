#include "sim/versioned.h"

#include <array>

#include "base/hash.h"
#include "base/units.h"
#include "runtime/waiter.h"
#include "sim/content.h"
#include "sim/message_reader.h"
#include "sim/part_text.h"
#include "wire/http1_chunked.h"
#include "wire/http1_write.h"

namespace weir::sim {
namespace {

using runtime::Shard;
using runtime::Task;

constexpr std::string_view version_field = "x-sim-version", made_field = "x-sim-made";
constexpr std::string_view own_prefix = "/own/";
constexpr std::string_view part_field = "Content-Range";
constexpr Duration patience = seconds(120);
constexpr size_t fields_max = 64;

uint64_t version_at(MonoTime now, const CacheWorldPlan& plan) {
  return static_cast<uint64_t>(nanos(now) / plan.period.count());
}

uint64_t body_bytes(std::string_view target, const CacheWorldPlan& plan) {
  return hash(target, plan.seed) % plan.body_bytes_max;
}

// What belongs to a target and a version (or, of one's own, to a secret).
std::string body_of(std::string_view target, std::string_view salt, const CacheWorldPlan& plan) {
  return answer_content("/shared/" + std::string(target) + "+" + std::string(salt) + "/" +
                            std::to_string(body_bytes(target, plan)),
                        "");
}

// must-revalidate would allow an answer to Authorization to be shared (RFC 9111 3.5).
std::string cache_control(const CacheWorldPlan& plan, bool own) {
  std::string text = "max-age=" + std::to_string(plan.max_age);
  text += ", stale-while-revalidate=" + std::to_string(plan.stale_while_revalidate);
  text += ", stale-if-error=" + std::to_string(plan.stale_if_error);
  return plan.must_revalidate && !own ? text + ", must-revalidate" : text;
}

void append_body(Buffer& out, std::string_view body, bool chunked) {
  if (!chunked) {
    wire::append_content_length(out, body.size());
    wire::end_head(out);
    return out.append(body);
  }
  wire::append_field(out, "Transfer-Encoding", std::string_view("chunked"));
  wire::end_head(out);
  for (; !body.empty(); body.remove_prefix(std::min<size_t>(3'000, body.size()))) {
    const std::string_view piece = body.substr(0, 3'000);
    wire::append_chunk_head(out, piece.size());
    out.append(piece);
    out.append("\r\n");
  }
  wire::append_last_chunk(out);
}

}  // namespace

Task<> VersionedOrigin::run(Shard& shard) {
  std::unique_ptr<runtime::Listener> listener = *shard.reactor().listen(listener_);
  while (!shard.draining().requested()) {
    Result<int> fd = co_await listener->accept({never, &shard.draining()});
    if (fd) shard.background().spawn(serve(shard, shard.reactor().adopt(*fd)));
  }
}

std::string VersionedOrigin::answer(const wire::RequestHead& head, MonoTime made,
                                    Random& random) const {
  Buffer out;
  const uint64_t version = version_at(made, plan_);
  const std::string text = std::to_string(version),
                    tag = (plan_.weak ? "W/\"v" : "\"v") + text + "\"";
  const std::string_view asked = head.fields.value(wire::KnownField::if_none_match);
  const bool own = head.path.starts_with(own_prefix);
  const bool lies = !asked.empty() && random.unit() < plan_.false_304;
  const bool same = !own && (asked == tag || lies);
  Buffer fields;
  wire::append_field(fields, version_field, std::string_view(text));
  wire::append_field(fields, made_field, static_cast<uint64_t>(nanos(made)));
  wire::append_field(fields, "ETag", std::string_view(tag));
  wire::append_field(fields, "Cache-Control", std::string_view(cache_control(plan_, own)));
  Buffer content;
  const std::string_view salt = own ? head.fields.value(wire::KnownField::authorization) : text;
  if (!same) append_content(content, head, tag, body_of(head.path, salt, plan_), random);
  const bool part = content.view().starts_with(part_field);
  wire::append_status_line(out, same ? 304 : part ? 206 : 200);
  out.append(fields.view());
  out.append(content.view());
  if (same) wire::end_head(out);
  return std::string(out.view());
}

void VersionedOrigin::append_content(Buffer& out, const wire::RequestHead& head,
                                     std::string_view tag, std::string_view body,
                                     Random& random) const {
  const bool chunked = random.unit() < plan_.chunked;
  const std::string_view condition = head.fields.value(wire::KnownField::if_range);
  const bool holds =
      condition.empty() || condition == tag || random.unit() < plan_.ignores_if_range;
  auto span = span_of(head.fields.value(wire::KnownField::range), body.size());
  if (!span || !holds || random.unit() < plan_.whole_instead)
    return append_body(out, body, chunked);
  Span said = *span;
  uint64_t length = body.size();
  if (random.unit() < plan_.false_range) {
    switch (random.below(3)) {
      case 0:
        ++said.last;
        length = std::max(length, said.last + 1);
        break;
      case 1:
        length += 7;
        break;
      default:
        span = said = {span->first / 2, span->last};
    }
  }
  wire::append_field(out, "Content-Range", std::string_view(content_range(said, length)));
  append_body(out, body.substr(span->first, span->size()), chunked);
}

Task<> VersionedOrigin::serve(Shard& shard, runtime::StreamPtr stream) {
  Random& random = shard.reactor().random();
  MessageReader reader(*stream, Duration(0));
  for (;;) {
    std::array<wire::Field, fields_max> storage;
    wire::RequestHead head{std::span(storage)};
    auto parse = [&](std::string_view bytes) {
      return wire::parse_request_head(bytes, 0, {}, head);
    };
    const auto result =
        co_await reader.read_head(parse, {shard.now() + patience, &shard.closing()});
    if (!result || !result->complete()) co_return;
    ++outcome_.fetched;
    std::string bytes = answer(head, shard.now(), random);
    outcome_.validated += bytes.starts_with("HTTP/1.1 304");
    reader.consume(result->bytes);
    if (random.unit() < plan_.hang_up) co_return;
    if (random.unit() < plan_.error)
      bytes = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy";
    const bool cut = random.unit() < plan_.cut;
    if (cut) bytes.resize(random.below(bytes.size()));
    const bool slow = random.unit() < plan_.slow;
    for (size_t at = 0; at < bytes.size();) {
      if (slow)
        (void)co_await sleep(shard.reactor(),
                             {shard.now() + milliseconds(random.below(800)), &shard.closing()});
      const size_t size = std::min<size_t>(bytes.size() - at, 1 + random.below(16'000));
      iovec parts[1] = {runtime::part(std::string_view(bytes).substr(at, size))};
      if (!co_await stream->send(parts, {shard.now() + patience, &shard.closing()})) co_return;
      at += size;
    }
    if (cut) co_return;
  }
}

// One request of one client.
struct VersionedClients::Asked {
  std::string target;
  std::string secret;  // of an own one
  bool change = false;
  std::string range;  // of the part that it asks for
  MonoTime at{};
  MonoTime answered{};
};

namespace {

std::string draw_range(Random& random, uint64_t bytes) {
  const uint64_t first = random.below(bytes + 1), size = 1 + random.below(bytes);
  switch (random.below(3)) {
    case 0:
      return "bytes=" + std::to_string(first) + "-";
    case 1:
      return "bytes=-" + std::to_string(size);
    default:
      return "bytes=" + std::to_string(first) + "-" + std::to_string(first + size - 1);
  }
}

}  // namespace

void VersionedClients::violation(std::string what) {
  if (outcome_.violations++ == 0) outcome_.first_violation = std::move(what);
}

Task<> VersionedClients::run(Shard& shard) {
  runtime::Scope scope(shard.reactor());
  for (size_t i = 0; i < plan_.clients; ++i)
    scope.spawn(client(shard, i));
  co_await scope.join();
}

Task<> VersionedClients::client(Shard& shard, size_t index) {
  Random& random = shard.reactor().random();
  for (size_t i = 0; i < plan_.requests && !shard.closing().requested(); ++i) {
    const auto pause = nanoseconds(random.below(static_cast<uint64_t>(plan_.client_pause.count())));
    (void)co_await sleep(shard.reactor(), {shard.now() + pause, &shard.closing()});
    Asked asked{.target = "/v/" + std::to_string(random.below(plan_.keys))};
    asked.change = random.unit() < plan_.purge;
    if (random.below(5) == 0) {
      asked.target = std::string(own_prefix) + std::to_string(random.below(2));
      asked.secret = "secret-" + std::to_string(index);
      asked.change = false;
    }
    if (!asked.change && random.unit() < plan_.part)
      asked.range = draw_range(random, std::max<uint64_t>(1, body_bytes(asked.target, plan_)));
    asked.at = shard.now();
    co_await ask(shard, asked);
    if (store_) outcome_.held_bytes_max = std::max(outcome_.held_bytes_max, store_->held_bytes());
  }
}

Task<> VersionedClients::ask(Shard& shard, const Asked& asked) {
  ++outcome_.requests;
  const runtime::Wait wait{shard.now() + patience, &shard.closing()};
  auto stream = co_await shard.reactor().connect(service_, wait);
  if (!stream) {
    ++outcome_.unanswered;
    co_return;
  }
  std::string text =
      (asked.change ? "POST " : "GET ") + asked.target + " HTTP/1.1\r\nHost: site.test\r\n";
  if (!asked.secret.empty()) text += "Authorization: " + asked.secret + "\r\n";
  if (asked.change) text += "Content-Length: 0\r\n";
  if (!asked.range.empty()) text += "Range: " + asked.range + "\r\n";
  text += "\r\n";
  iovec parts[1] = {runtime::part(text)};
  std::array<wire::Field, fields_max> storage;
  wire::ResponseHead head{std::span(storage)};
  auto parse = [&](std::string_view bytes) {
    head.fields.clear();
    return wire::parse_response_head(bytes, 0, {}, wire::RequestMethod::get, head);
  };
  MessageReader reader(**stream, Duration(0));
  const Result<> sent = co_await (*stream)->send(parts, wait);
  Result<wire::HeadResult> result = fail(ErrorCode::closed, "not sent");
  if (sent) result = co_await reader.read_head(parse, wait);
  if (!result || !result->complete()) {
    if (result && result->malformed()) violation(std::string("malformed: ") + result->reason);
    ++outcome_.unanswered;
    co_return;
  }
  const std::string kept = reader.take(result->bytes);
  (void)parse(kept);
  const Result<std::string> body = co_await reader.read_body(head.framing, wait);
  if (!body) {
    ++outcome_.unanswered;
    co_return;
  }
  Asked done = asked;
  done.answered = shard.now();
  judge(done, head, *body);
}

// What was there before a change is gone for whoever asks after it, also in the next process.
void VersionedClients::judge_change(const Asked& asked, const wire::ResponseHead& head) {
  if (!plan_.changes_are_certain || !asked.secret.empty()) return;
  std::vector<Change>& changes = changes_[asked.target];
  if (asked.change) {
    if (durable_) changes.push_back({asked.at, asked.answered});
    return;
  }
  const wire::Field* field = head.fields.find(made_field);
  const uint64_t made = field ? parse_u64(field->value).value_or(0) : 0;
  for (const Change& change : changes)
    if (change.told < asked.at && made < static_cast<uint64_t>(nanos(change.began)))
      return violation(asked.target + " came back after it was changed");
}

void VersionedClients::judge(const Asked& asked, const wire::ResponseHead& head,
                             std::string_view body) {
  const wire::Field* field = head.fields.find(version_field);
  if (!field) {
    head.status >= 400 ? ++outcome_.errors : ++outcome_.violations;
    if (head.status < 400 && outcome_.violations == 1)
      outcome_.first_violation =
          "neither an answer of the origin nor an error: " + std::to_string(head.status);
    return;
  }
  const wire::Field* status = head.fields.find("cache-status");
  outcome_.from_disk += status && status->value.find("detail=disk") != status->value.npos;
  const uint64_t version = parse_u64(field->value).value_or(0);
  const std::string_view salt =
      asked.secret.empty() ? field->value : std::string_view(asked.secret);
  if (!is_right(asked, head, body, body_of(asked.target, salt, plan_)))
    return violation("a wrong or foreign body for " + asked.target + " of version " +
                     std::string(field->value));
  const MonoTime ended = MonoTime(plan_.period * static_cast<int64_t>(version + 1));
  if (asked.at > ended + plan_.grace() && plan_.false_304 == 0)
    return violation(asked.target + " is older than the rules allow by " +
                     std::to_string((asked.at - ended - plan_.grace()) / milliseconds(1)) + " ms");
  judge_change(asked, head);
  ++outcome_.right;
  if (head.status == 206) ++outcome_.parts;
}

bool VersionedClients::is_right(const Asked& asked, const wire::ResponseHead& head,
                                std::string_view body, std::string_view whole) {
  const std::optional<Span> wanted = span_of(asked.range, whole.size());
  if (head.status == 416) return !wanted && body.empty();
  if (head.status != 206) return body == whole;
  const auto said = span_in(head.fields.value(wire::KnownField::content_range));
  if (!wanted || !said) return false;
  // What the origin said wrongly of its own answer is passed on as it came.
  if (plan_.false_range > 0 && said->size() != body.size()) return true;
  if (plan_.false_range == 0 && (said->first != wanted->first || said->last != wanted->last))
    return false;
  return said->size() == body.size() && said->first < whole.size() &&
         body == whole.substr(said->first, body.size());
}

}  // namespace weir::sim
