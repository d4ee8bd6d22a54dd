// All rules on one exchange. The input is the field lines of a request, an empty line, and those of
// its answer. No prohibition is overlooked; what is stored is judged alike by the head that is kept
// of it; time only takes away.
#include <array>
#include <string>
#include <vector>

#include "base/assert.h"
#include "edge/rules/cache_tags.h"
#include "edge/rules/reuse.h"
#include "edge/rules/storable.h"
#include "edge/rules/stored_head.h"
#include "edge/rules/vary.h"

namespace weir::edge {
namespace {

constexpr MonoTime sent{hours(1)};
constexpr FetchTimes times{sent, sent + seconds(1), WallTime(hours(24 * 365 * 56))};

void check_times(const StoredFreshness& stored, const RequestDirectives& asked) {
  const CachePolicy policy;
  bool used = true, on_error = true;
  for (const Duration passed :
       {seconds(0), seconds(1), seconds(10), seconds(4000), seconds(100000)}) {
    const MonoTime now = times.responded + passed;
    const Use use = may_reuse(stored, asked, policy, now).use;
    const bool uses = use != Use::validate && use != Use::refuse;
    const bool error_use = may_serve_on_error(stored, asked, policy, now);
    WEIR_ASSERT(used || !uses);
    WEIR_ASSERT(on_error || !error_use);
    WEIR_ASSERT(!uses || !stored.no_cache);
    used = uses;
    on_error = error_use;
    WEIR_ASSERT(age_seconds(stored.age(now)) <= uint64_t{1} << 31);
  }
}

void check_head(const wire::Fields& answer, const ResponseDirectives& said) {
  const StorableFields storable(answer, said);
  std::array<wire::Field, 128> storage, merged_storage;
  wire::Fields kept(storage), merged(merged_storage);
  for (const wire::Field& field : answer)
    if (storable(field)) kept.push(field);
  WEIR_ASSERT(!kept.has_any(wire::KnownFieldSet(wire::KnownField::connection, wire::KnownField::age,
                                                wire::KnownField::transfer_encoding)));
  // The same head once more changes nothing but the order.
  if (!merge_heads(kept, answer, said, merged)) return;
  WEIR_ASSERT(merged.size() == kept.size());
  for (const wire::Field& field : kept)
    WEIR_ASSERT(merged.find(field.name)->value == kept.find(field.name)->value);
  WEIR_ASSERT(head_effect(200, kept, validators_of(kept), std::nullopt) != HeadEffect::none);
}

void check_exchange(const wire::RequestHead& request, const wire::ResponseHead& response) {
  const CachePolicy policy{.default_ttl = seconds(7)};
  const wire::Fields& answer = response.fields;
  const RequestDirectives asked = request_directives(request.fields);
  const RequestFacts facts = request_facts(request.method, request.fields, asked);
  const ResponseDirectives said = response_directives(answer);
  const Lifetime found =
      lifetime({response, said, facts, policy, request.path, times.responded_wall});
  WEIR_ASSERT(found.value >= Duration::zero() && found.value <= policy.lifetime_max);
  const StoreVerdict verdict = may_store({facts, response, said, found, policy});
  if (verdict == StoreVerdict::store) {
    WEIR_ASSERT(!said.is_private && (!said.no_store || said.must_understand) && !asked.no_store);
    WEIR_ASSERT(!wire::list_contains(answer, wire::KnownField::vary, "*"));
    if (facts.has_authorization)
      WEIR_ASSERT(said.is_public || said.must_revalidate || said.s_maxage.present());
    if (found.source == LifetimeSource::default_ttl)
      WEIR_ASSERT(!facts.has_cookie && !answer.has(wire::KnownField::set_cookie));
    if (answer.has(wire::KnownField::set_cookie))
      WEIR_ASSERT(found.value > Duration::zero() && !said.no_cache);
    if (facts.has_cookie && found.source == LifetimeSource::none)
      WEIR_ASSERT(validators_of(answer).tag.exists());
  }
  check_times(stored_freshness(answer, said, found, times, policy), asked);
  check_head(answer, said);
  CacheTags tags;
  if (tags.read(answer))
    for (const std::string_view tag : tags.all())
      WEIR_ASSERT(is_cache_tag(tag));
}

}  // namespace
}  // namespace weir::edge

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir;
  if (size > 4096) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string lines[2];
  size_t at = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i).starts_with("\n\n") && at == 0) {
      at = 1;
      ++i;
    } else {
      lines[at] += text[i] == '\n' ? std::string_view("\r\n") : text.substr(i, 1);
    }
  }
  const std::string question = "GET /a/b?c HTTP/1.1\r\nHost: a.test\r\n" + lines[0] + "\r\n\r\n";
  const std::string answer = "HTTP/1.1 200 OK\r\n" + lines[1] + "\r\n\r\n";
  std::array<wire::Field, 100> request_storage, response_storage;
  wire::RequestHead request(request_storage);
  wire::ResponseHead response(response_storage);
  if (!parse_request_head(question, 0, {}, request).complete()) return 0;
  if (!parse_response_head(answer, 0, {}, request.method, response).complete()) return 0;
  edge::check_exchange(request, response);
  return 0;
}
