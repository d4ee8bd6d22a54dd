#include "edge/serve.h"

#include <algorithm>
#include <array>

#include "base/units.h"
#include "edge/cache/shard_store.h"
#include "edge/edge_shard.h"
#include "edge/forward.h"
#include "edge/keep_hint.h"
#include "edge/stored_answer.h"
#include "wire/http1_chunked.h"
#include "wire/http1_write.h"

namespace weir::edge {
namespace {

using runtime::Task;

// Bodies up to this size are copied behind their head, so that both leave in one piece together
// with other answers; larger ones are sent from where they lie.
constexpr size_t copied_bytes_max = 8 * KiB;
// Of a large one this much is sent at a time, so that a slow client has a deadline for each piece.
constexpr size_t piece_bytes_max = 256 * KiB;

// What of an object is the answer.
struct Portion {
  uint16_t status = 200;
  RangeSelection selection;
  std::optional<uint64_t> length;  // of the whole, where it is known
  uint64_t from = 0;               // which of its bytes is the body's first
  OutFraming framing = OutFraming::none;
  bool body = false;
  std::array<char, 16> boundary;  // of multipart ones

  bool multipart() const { return status == 206 && selection.count > 1; }
};

std::optional<uint64_t> length_of(const cache::Body& body) {
  return body.state() == cache::BodyState::complete ? body.published() : body.length();
}

// The answer is made of a stored part, which has all that the request asks for: lookup() and Lead
// see to that.
void select_of_part(const EdgeRequest& request, const StoredAnswer& answer, Portion& portion) {
  const std::optional<RangeSpec> asked = single_range(request.head().fields);
  const auto range = asked ? asked->resolve(answer.whole_bytes) : std::nullopt;
  WEIR_ASSERT(range && answer.part.contains(*range));
  portion.length = answer.whole_bytes;
  portion.from = answer.part.first;
  portion.selection.kind = RangeSelection::Kind::partial;
  portion.selection.count = 1;
  portion.selection.storage[0] = *range;
}

bool has_no_body(uint16_t status) {
  return status == 204 || status == 304;
}

// Nobody who made the body can know it.
void draw_boundary(Random& random, Portion& portion) {
  uint64_t bits = random();
  for (char& c : portion.boundary) {
    c = "0123456789abcdef"[bits & 15];
    bits >>= 4;
  }
}

Portion portion_of(const EdgeRequest& request, const cache::Object& object) {
  const wire::RequestHead& head = request.head();
  const StoredAnswer& answer = StoredAnswer::of(object);
  Portion portion{.status = answer.status, .length = length_of(object.body())};
  if (answer.is_part()) select_of_part(request, answer, portion);
  bool range_applies = true;
  if (has_precondition(head.fields)) {
    const PreconditionResult result = evaluate(head.fields, StoredAnswer::representation(object),
                                               request.exchange.reactor().wall_now());
    range_applies = result.range_applies;
    if (result.outcome == Precondition::not_modified) portion.status = 304;
  }
  if (portion.status == 200 && range_applies && portion.length &&
      head.method == wire::RequestMethod::get && head.fields.has(wire::KnownField::range)) {
    portion.selection = select_ranges(head.fields, *portion.length);
    if (portion.selection.kind == RangeSelection::Kind::partial) portion.status = 206;
    if (portion.selection.kind == RangeSelection::Kind::unsatisfiable) portion.status = 416;
    if (portion.multipart()) draw_boundary(request.exchange.reactor().random(), portion);
  }
  portion.body = !has_no_body(portion.status) && portion.status != 416 &&
                 head.method != wire::RequestMethod::head;
  if (portion.body) {
    portion.framing = portion.length            ? OutFraming::content_length
                      : head.minor_version == 0 ? OutFraming::until_close
                                                : OutFraming::chunked;
  }
  return portion;
}

bool belongs(const Portion& portion, const wire::Field& field, bool has_tag) {
  if (portion.status == 304) return belongs_in_304(field, has_tag);
  // Of several parts each has its own type.
  return !(portion.multipart() && field.id == wire::KnownField::content_type) &&
         !(portion.status == 416 && field.id == wire::KnownField::content_type);
}

// The stored fields, one by one where something is left out or changed.
void append_stored_fields(EdgeRequest& request, const cache::Object& object,
                          const Portion& portion) {
  const StoredAnswer& answer = StoredAnswer::of(object);
  const Site& site = *request.site;
  const HeaderEdits& edits = site.response_edits;
  Buffer& out = request.out();
  const std::string_view lines = answer.fields.in(object.head());
  const bool replaced = site.cors && answer.has_cors;
  if (edits.empty() && !replaced &&
      (portion.status == answer.status || (portion.status == 206 && !portion.multipart())))
    return out.append(lines);
  std::array<wire::Field, 128> storage;
  wire::Fields fields{std::span(storage)};
  (void)read_field_lines(lines, fields);
  for (const wire::Field& field : fields) {
    if (!belongs(portion, field, answer.entity_tag.size > 0)) continue;
    if (edits.removes(field) || site.replaces(field)) continue;
    wire::append_field(out, field);
  }
  out.append(edits.lines());
}

// Whether the answer says how old it is (RFC 9111 4): what the origin just gave through us is as it
// said.
bool says_age(const EdgeRequest& request, uint64_t age) {
  return age > 0 || request.cache.result != CacheResult::miss;
}

const std::string& via_line(const EdgeConfig& config, uint8_t minor_version) {
  if (minor_version == 1) return config.via_line;
  return minor_version == 0 ? config.via_line_10 : config.via_line_2;
}

void append_own_fields(EdgeRequest& request, const StoredAnswer& answer) {
  Buffer& out = request.out();
  const EdgeConfig& config = request.generation.config();
  const uint64_t age = age_seconds(answer.freshness.age(request.exchange.reactor().now()));
  if (says_age(request, age)) wire::append_field(out, std::string_view("Age"), age);
  out.append(via_line(config, answer.minor_version));
  append_status_of_cache(request);
  pass_on_keep_hint(request);
  if (request.site->cors)
    append_cors_fields(out, *request.site->cors,
                       request.head().fields.value(wire::KnownField::origin));
}

MultipartRanges multipart(const cache::Object& object, const Portion& portion) {
  return {.boundary = std::string_view(portion.boundary.data(), portion.boundary.size()),
          .content_type = StoredAnswer::of(object).content_type.in(object.head()),
          .length = *portion.length};
}

void append_range_fields(EdgeRequest& request, const cache::Object& object,
                         const Portion& portion) {
  Buffer& out = request.out();
  if (portion.status == 416) {
    out.append("Content-Range: ");
    append_unsatisfied_range(out, *portion.length);
    out.append("\r\nContent-Length: 0\r\n");
  } else if (portion.multipart()) {
    const MultipartRanges parts = multipart(object, portion);
    out.append("Content-Type: multipart/byteranges; boundary=");
    out.append(parts.boundary);
    out.append("\r\n");
    wire::append_content_length(out, parts.size(portion.selection.ranges()));
  } else {
    const ByteRange& range = portion.selection.storage[0];
    out.append("Content-Range: ");
    append_content_range(out, range, *portion.length);
    out.append("\r\n");
    wire::append_content_length(out, range.size());
  }
}

void append_framing(EdgeRequest& request, const cache::Object& object, const Portion& portion) {
  Buffer& out = request.out();
  if (portion.status == 206 || portion.status == 416) {
    append_range_fields(request, object, portion);
  } else if (portion.framing == OutFraming::chunked) {
    out.append("Transfer-Encoding: chunked\r\n");
  } else if (portion.framing == OutFraming::until_close) {
    request.exchange.close_after();
  } else if (portion.length && !has_no_body(portion.status)) {
    wire::append_content_length(out, *portion.length);
  }
}

void append_head(EdgeRequest& request, const cache::Object& object, const Portion& portion) {
  Buffer& out = request.out();
  const StoredAnswer& answer = StoredAnswer::of(object);
  request.status = portion.status;
  if (portion.status == answer.status) {
    out.append(object.head().substr(0, answer.fields.at));
  } else {
    wire::append_status_line(out, portion.status);
  }
  append_stored_fields(request, object, portion);
  append_own_fields(request, answer);
  append_framing(request, object, portion);
  request.exchange.append_connection_field();
  wire::end_head(out);
}

// --- small answers, at once ---

bool serve_small(EdgeRequest& request, const cache::Object& object) {
  const cache::Body& body = object.body();
  if (!body.has_whole() || body.published() > copied_bytes_max) return false;
  const Portion portion = portion_of(request, object);
  if (portion.multipart()) return false;
  append_head(request, object, portion);
  if (!portion.body) return true;
  std::string_view bytes = body.whole();
  if (portion.status == 206) {
    const ByteRange& range = portion.selection.storage[0];
    bytes = bytes.substr(range.first - portion.from, range.size());
  }
  request.out().append(bytes);
  return true;
}

// Whether nothing of the request but the object and the second shows in its answer.
bool gets_what_all_get(const EdgeRequest& request) {
  const wire::RequestHead& head = request.head();
  const CacheStatus& status = request.cache.status;
  return request.cache.result == CacheResult::hit && head.method == wire::RequestMethod::get &&
         head.minor_version == 1 && request.exchange.keep_alive() && !request.site->cors &&
         !head.fields.has(wire::KnownField::range) && !has_precondition(head.fields) &&
         !status.stored && !status.collapsed && status.key.empty() && status.detail.empty();
}

WrittenHits::Name name_of(const EdgeRequest& request, const cache::Object& object) {
  const Duration age = StoredAnswer::of(object).freshness.age(request.exchange.reactor().now());
  return {.hash = object.hash(),
          .stamp = object.stamp(),
          .age_s = age_seconds(age),
          .ttl_s = request.cache.status.ttl_s.value_or(0)};
}

// From the run of bytes that all get, which it may write.
bool serve_as_all(EdgeRequest& request, const cache::Object& object) {
  WrittenHits::Place& place = request.generation.hits.place_of(object.hash());
  WrittenRun* run = place.find(name_of(request, object));
  if (!run) {
    Buffer& out = request.out();
    const size_t before = out.size();
    if (!serve_small(request, object)) return false;
    const std::string_view answer = out.view().substr(before);
    if (!place.wanted_again() || answer.size() > WrittenHits::run_bytes_max) return true;
    run = &place.write(answer);
    out.truncate(before);
  }
  request.status = StoredAnswer::of(object).status;
  request.exchange.append_pinned(run->bytes(), run->pin());
  return true;
}

// --- the body, as it comes ---

// Sends what `reader` has, up to `last` (exclusive), framed.
Task<Result<>> send_piece(EdgeRequest& request, cache::BodyReader& reader, uint64_t last,
                          bool chunked) {
  Buffer& out = request.out();
  const uint64_t left = last - reader.position();
  const std::string_view piece = reader.view().substr(0, std::min<uint64_t>(left, piece_bytes_max));
  if (chunked) wire::append_chunk_head(out, piece.size());
  const std::array<std::string_view, 2> parts{piece, chunked ? "\r\n" : ""};
  Result<> sent{};
  if (piece.size() <= copied_bytes_max && out.size() < copied_bytes_max) {
    out.append(parts[0]);
    out.append(parts[1]);
  } else {
    sent = co_await request.exchange.send(parts);
  }
  reader.advance(piece.size());
  co_return sent;
}

// How sending a body ended.
enum class Sent : uint8_t { whole, client_left, broke_off };
struct SendOutcome {
  Sent how = Sent::whole;
  Error error{ErrorCode::closed, ""};
};

Task<SendOutcome> send_run(EdgeRequest& request, cache::BodyReader& reader, uint64_t last,
                           bool chunked) {
  const Duration patience = request.generation.config().cache.fill.timeout;
  while (!reader.at_end() && reader.position() < last) {
    if (reader.view().empty()) {
      // Nothing more at the moment: what we have goes out before we wait.
      if (!request.out().empty() && !co_await request.exchange.flush())
        co_return SendOutcome{Sent::client_left};
      const Result<> more = co_await reader.more(request.exchange.wait_at_most(patience));
      if (!more) co_return SendOutcome{Sent::broke_off, more.error()};
      continue;
    }
    if (!co_await send_piece(request, reader, last, chunked))
      co_return SendOutcome{Sent::client_left};
  }
  co_return SendOutcome{};
}

Task<SendOutcome> send_parts(EdgeRequest& request, const cache::Object& object,
                             const Portion& portion) {
  const MultipartRanges parts = multipart(object, portion);
  for (const ByteRange& range : portion.selection.ranges()) {
    parts.append_part_head(request.out(), range);
    cache::BodyReader reader(request.edge.store(), object.body(), range.first);
    const SendOutcome sent = co_await send_run(request, reader, range.last + 1, false);
    if (sent.how != Sent::whole) co_return sent;
  }
  parts.append_end(request.out());
  co_return SendOutcome{};
}

Task<SendOutcome> send_body(EdgeRequest& request, const cache::Object& object,
                            const Portion& portion) {
  if (portion.multipart()) co_return co_await send_parts(request, object, portion);
  const bool part = portion.status == 206;
  const ByteRange& range = portion.selection.storage[0];
  cache::BodyReader reader(request.edge.store(), object.body(),
                           part ? range.first - portion.from : 0);
  const bool chunked = portion.framing == OutFraming::chunked;
  const uint64_t last = part ? range.last - portion.from + 1 : UINT64_MAX;
  const SendOutcome sent = co_await send_run(request, reader, last, chunked);
  if (sent.how == Sent::whole && chunked) append_end_of_chunks(request.out(), nullptr, false);
  co_return sent;
}

// What is asked for once is not worth what it costs to lend it, and TLS reads it anyway.
void lend_what_is_hit(const EdgeRequest& request, cache::Body& body) {
  if (request.cache.status.hit && !request.exchange.secure() && !body.given_up() &&
      body.state() == cache::BodyState::complete)
    body.lend();
}

}  // namespace

bool serve_at_once(EdgeRequest& request, const cache::Object& object) {
  if (gets_what_all_get(request)) return serve_as_all(request, object);
  return serve_small(request, object);
}

Task<Result<>> serve(EdgeRequest& request, cache::ObjectRef object) {
  const Portion portion = portion_of(request, *object);
  append_head(request, *object, portion);
  if (!portion.body) co_return Result<>{};
  lend_what_is_hit(request, object->body());
  const SendOutcome sent = co_await send_body(request, *object, portion);
  if (sent.how == Sent::whole) co_return Result<>{};
  if (sent.how == Sent::broke_off) {
    request.error = sent.error.text;
    if (request.exchange.retractable()) {
      request.exchange.retract();
      request.status = 0;
      co_return std::unexpected(sent.error);
    }
  } else {
    request.error = "the client left";
  }
  request.exchange.abort();
  co_return Result<>{};
}

}  // namespace weir::edge
