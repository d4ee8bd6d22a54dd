// Propagation: headers of a record and fields of HTTP that say the same are read as the same; what
// is put into a record stands there once, is read back as it was, and leaves all other headers
// alone. The input is a header a line: "key:value", or "key" for one that is null.
#include <algorithm>
#include <string_view>
#include <vector>

#include "wire/baggage.h"
#include "wire/propagation.h"
#include "wire/scan.h"

namespace weir::wire {
namespace {

using Headers = std::vector<MessageHeader>;

constexpr TraceContext span{{1, 2}, {3}, TraceContext::sampled};
constexpr OtState sampling{uint64_t{0xfd70a} << 36, 5};

Headers headers_of(std::string_view text) {
  Headers headers;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const size_t colon = line.find(':');
    if (colon == line.npos)
      headers.push_back({line, std::nullopt});
    else
      headers.push_back({line.substr(0, colon), line.substr(colon + 1)});
  }
  return headers;
}

bool is_ours(const MessageHeader& header) {
  return header.key == "traceparent" || header.key == "tracestate" || header.key == "baggage";
}

Headers without_ours(std::span<const MessageHeader> headers) {
  Headers others(headers.begin(), headers.end());
  std::erase_if(others, is_ours);
  return others;
}

Headers injected(const Headers& headers, Buffer& text, const RemoteContext& remote) {
  Headers storage(headers.size() + 3);
  MessageHeaders record(storage);
  for (const MessageHeader& header : headers)
    WEIR_ASSERT(record.push(header));
  WEIR_ASSERT(inject_context(record, text, {span, sampling}, remote).complete);
  return {record.view().begin(), record.view().end()};
}

void check_same_as_fields(const Headers& headers, bool trusted) {
  std::vector<Field> storage(headers.size());
  Fields fields(storage);
  for (const MessageHeader& header : headers)
    if (is_ours(header)) fields.push(header.key, trim_ows(header.value.value_or("")));
  Buffer one, other;
  WEIR_ASSERT(injected({}, one, extract_context(headers, trusted)) ==
              injected({}, other, extract_context(fields, trusted)));
}

void check_round_trip(const Headers& headers, bool trusted) {
  Buffer text, again_text;
  const Headers sent = injected(headers, text, extract_context(headers, trusted));
  WEIR_ASSERT(without_ours(sent) == without_ours(headers));
  for (const std::string_view key : {"traceparent", "tracestate", "baggage"})
    WEIR_ASSERT(std::ranges::count(sent, key, &MessageHeader::key) <= 1);
  const RemoteContext read = extract_context(sent, true);
  WEIR_ASSERT(read.parent && read.parent->trace == span.trace && read.parent->span == span.span);
  WEIR_ASSERT(read.parent->flags == span.flags);
  WEIR_ASSERT(parse_ot_state(read.ot) == sampling);
  WEIR_ASSERT(injected(sent, again_text, read) == sent);
}

}  // namespace
}  // namespace weir::wire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 4096) return 0;
  const std::vector<char> bytes(data, data + size);
  const auto headers = weir::wire::headers_of({bytes.data(), bytes.size()});
  for (const bool trusted : {false, true}) {
    weir::wire::check_same_as_fields(headers, trusted);
    weir::wire::check_round_trip(headers, trusted);
  }
  return 0;
}
