// Cache-Control and CDN-Cache-Control: two fields are read like one that joins them; a directive
// put in front is found; adding to a list never takes a prohibition away; what is withheld is
// consistent.
#include <array>
#include <string>
#include <vector>

#include "base/assert.h"
#include "edge/rules/cache_control.h"
#include "edge/rules/structured_dictionary.h"

namespace weir::edge {
namespace {

struct Message {
  std::array<wire::Field, 4> storage;
  wire::Fields fields{storage};

  Message(std::string_view name, std::initializer_list<std::string_view> values) {
    for (const std::string_view value : values)
      fields.push(name, wire::trim_ows(value));
  }
};

ResponseDirectives parse(std::initializer_list<std::string_view> values) {
  return parse_cache_control(Message("Cache-Control", values).fields);
}

void check_cache_control(std::string_view text) {
  const ResponseDirectives alone = parse({text});
  WEIR_ASSERT(!alone.malformed || alone.no_store);
  const std::string joined = "no-store, " + std::string(text);
  WEIR_ASSERT(parse({"no-store", text}) == parse({joined}));
  WEIR_ASSERT(parse({joined}).no_store);
  const ResponseDirectives first = parse({"max-age=7, s-maxage=8", text});
  WEIR_ASSERT(first.max_age.value().count() == 7 && first.s_maxage.value().count() == 8);
  // More text forbids more, never less.
  const ResponseDirectives twice = parse({text, text});
  WEIR_ASSERT(twice == alone);
  WEIR_ASSERT(alone.max_age.value() <= delta_seconds_max);
  const Message message("Cache-Control", {"private=\"x-probe\"", text});
  WEIR_ASSERT(is_withheld(message.fields, DirectiveSource::cache_control, "X-Probe"));
}

void check_request(std::string_view text) {
  const auto ask = [](std::initializer_list<std::string_view> values) {
    return request_directives(Message("Cache-Control", values).fields);
  };
  WEIR_ASSERT(ask({text}) == ask({text, text}));
  WEIR_ASSERT(ask({"no-cache", text}).no_cache);
  request_directives(Message("Pragma", {text}).fields);
}

void check_dictionary(std::string_view value_sent) {
  const std::string_view text = wire::trim_ows(value_sent);
  const auto members = [](std::string_view value, size_t& count) {
    DictionaryReader reader(value);
    count = 0;
    for (DictionaryMember member; reader.next(member);) {
      WEIR_ASSERT(!member.key.empty());
      WEIR_ASSERT(member.key.data() >= value.data() &&
                  member.key.data() + member.key.size() <= value.data() + value.size());
      ++count;
    }
    return !reader.failed();
  };
  size_t alone = 0, with_one_more = 0;
  const bool valid = members(text, alone);
  if (valid && alone > 0) {
    const std::string longer = "probe=1;x=\"y\", " + std::string(text);
    WEIR_ASSERT(members(longer, with_one_more) && with_one_more == alone + 1);
  }
  const Message message("CDN-Cache-Control", {text});
  const ResponseDirectives targeted = parse_cdn_cache_control(message.fields);
  if (!valid || alone == 0) WEIR_ASSERT(targeted == ResponseDirectives());
  WEIR_ASSERT(targeted.max_age.value() <= delta_seconds_max);
}

}  // namespace
}  // namespace weir::edge

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 1024) return 0;
  const std::vector<char> bytes(data, data + size);
  const std::string_view text(bytes.data(), bytes.size());
  weir::edge::check_cache_control(text);
  weir::edge::check_request(text);
  weir::edge::check_dictionary(text);
  return 0;
}
