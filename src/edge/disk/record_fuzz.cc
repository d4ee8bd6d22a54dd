// Whatever lies on a disk: the decoders of records, lists, heads, seals and purges neither crash
// nor believe what has no right checksum, and what they believe is encoded to the same bytes.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/assert.h"
#include "edge/disk/purge_ledger.h"
#include "edge/disk/record.h"
#include "edge/disk/segment_format.h"

namespace {

using namespace weir::edge::disk;

void try_record(std::string_view bytes, uint64_t serial) {
  const auto view = decode_record(bytes, serial);
  if (!view) return;
  std::vector<uint32_t> slices;
  for (uint64_t i = 0; i < slices_of(view->header.body_bytes); ++i)
    slices.push_back(view->slice_crc(i));
  for_each_tag(view->texts.tags, [](std::string_view tag) { WEIR_ASSERT(tag.size() < 65536); });
  const std::string again = encode_record(view->header, view->texts, slices);
  WEIR_ASSERT(again.size() == view->header.body_at());
  WEIR_ASSERT(decode_record(again, serial).has_value());
}

void try_purges(std::string_view bytes) {
  PurgeLedger ledger(4);
  while (const auto entry = decode_purge(bytes)) {
    ledger.add(*entry);
    WEIR_ASSERT(ledger.size() <= 4);
  }
  (void)ledger.look({1}, "key", "");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  // The serial as it stands there: a segment's own is no secret.
  uint64_t serial = 0;
  if (size >= 24) serial = static_cast<uint64_t>(data[16]) | static_cast<uint64_t>(data[17]) << 8;
  try_record(bytes, serial);
  try_purges(bytes);
  if (const auto list = decode_list(bytes, serial))
    WEIR_ASSERT(bytes.starts_with(encode_list(serial, *list)));
  (void)decode_head(bytes);
  (void)decode_seal(bytes, serial);
  (void)decode_identity(bytes);
  return 0;
}
