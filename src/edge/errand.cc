#include "edge/errand.h"

#include "edge/edge_shard.h"
#include "edge/rules/cache_key.h"
#include "edge/rules/vary.h"
#include "wire/http1_write.h"

namespace weir::edge {
namespace {

using wire::KnownField;
using wire::KnownFieldSet;

constexpr KnownFieldSet of_this_client{
    KnownField::if_match,          KnownField::if_none_match,
    KnownField::if_modified_since, KnownField::if_unmodified_since,
    KnownField::if_range,          KnownField::range,
    KnownField::accept_encoding};
// Where nothing is stored, the origin may say whether the client's own copy still holds.
constexpr KnownFieldSet always_left_out{KnownField::if_range, KnownField::range,
                                        KnownField::accept_encoding};

// The target that the origin is asked for: with the part of the query that is in the key, so that
// nothing that the key leaves out can change the answer.
void append_target(Buffer& out, const EdgeRequest& request) {
  const wire::RequestHead& head = request.head();
  const QueryRule& rule = request.site->cache.query_rule_for(head.path);
  std::string_view target = request.rewritten.view();
  std::string_view query = head.query;
  bool has_query = head.has_query;
  if (target.empty()) {
    target = head.path;
  } else {
    const size_t mark = target.find('?');
    has_query = mark != target.npos;
    query = has_query ? target.substr(mark + 1) : "";
    target = target.substr(0, mark);
  }
  out.append(target);
  if (!has_query) return;
  Buffer kept;
  append_kept_query(kept, query, rule);
  if (kept.empty() && rule.rewrites()) return;
  out.append('?');
  out.append(kept.view());
}

// The codings that the key tells apart, in its words, so that the answer fits it.
void append_codings(Buffer& out, const wire::Fields& fields) {
  if (!fields.has(KnownField::accept_encoding)) return;
  Buffer codings;
  append_accept_encoding(codings, accepted_codings(fields));
  wire::append_field(out, "Accept-Encoding", codings.empty() ? "identity" : codings.view());
}

}  // namespace

Errand make_errand(const EdgeRequest& request, bool with_conditions) {
  const wire::Fields& fields = request.head().fields;
  Errand errand;
  errand.key = request.cache.key;
  errand.key_hash = request.cache.hash;
  errand.path = request.head().path;
  errand.site_index = request.site_index;
  errand.policy = &request.site->cache;
  errand.facts = request_facts(wire::RequestMethod::get, fields, request.cache.directives);
  errand.part = request.cache.part;
  errand.facts.has_range = errand.part.has_value();
  if (errand.part) errand.if_range = fields.value(KnownField::if_range);
  Buffer target;
  append_target(target, request);
  const FieldFilter left_out{with_conditions ? always_left_out : of_this_client,
                             request.generation.config().cache.unkeyed_headers};
  errand.ask = make_ask(request, target.view(), left_out);
  append_codings(errand.ask.fields, fields);
  for (const wire::Field& field : fields)
    wire::append_field(errand.fields, field);
  return errand;
}

void append_whether(OriginAsk& ask, const Validators& stored) {
  append_validation_fields(ask.fields, stored);
  ask.conditional |= stored.usable();
}

void append_part_asked(Buffer& fields, const Errand& errand) {
  if (!errand.part) return;
  fields.append("Range: ");
  append_range(fields, *errand.part);
  fields.append("\r\n");
  if (!errand.if_range.empty()) wire::append_field(fields, "If-Range", errand.if_range);
}

Errand for_whole(Errand errand) {
  errand.part.reset();
  errand.if_range.clear();
  errand.facts.has_range = false;
  return errand;
}

}  // namespace weir::edge
