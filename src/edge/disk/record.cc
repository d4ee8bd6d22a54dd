#include "edge/disk/record.h"

#include <algorithm>

#include "edge/disk/crc32c.h"
#include "edge/disk/little_endian.h"

namespace weir::edge::disk {
namespace {

constexpr uint32_t magic = 0x43455257;  // "WREC"
constexpr uint16_t version = 1;
constexpr size_t header_crc_at = 8, covered_from = 12, text_crc_at = 12;

uint64_t table_at(const RecordHeader& h) {
  const uint64_t texts = uint64_t{h.key_bytes} + h.variant_bytes + h.meta_bytes + h.head_bytes +
                         h.tags_bytes + record_header_bytes;
  return (texts + 3) / 4 * 4;
}

void put_header(std::string& out, const RecordHeader& h) {
  put(out, 0, magic);
  put(out, 4, version);
  put(out, 6, h.flags);
  put(out, 16, h.serial);
  put(out, 24, h.key_hash);
  put(out, 32, h.stamp.value);
  put(out, 40, h.written_wall);
  put(out, 48, h.written_mono);
  put(out, 56, h.body_bytes);
  put(out, 64, h.key_bytes);
  put(out, 68, h.variant_bytes);
  put(out, 72, h.meta_bytes);
  put(out, 76, h.head_bytes);
  put(out, 80, h.tags_bytes);
  put(out, 84, h.expires);
  put(out, 88, h.meta_format);
}

RecordHeader get_header(std::string_view bytes) {
  RecordHeader h;
  h.flags = get<uint16_t>(bytes, 6);
  h.serial = get<uint64_t>(bytes, 16);
  h.key_hash = get<uint64_t>(bytes, 24);
  h.stamp.value = get<uint64_t>(bytes, 32);
  h.written_wall = get<int64_t>(bytes, 40);
  h.written_mono = get<int64_t>(bytes, 48);
  h.body_bytes = get<uint64_t>(bytes, 56);
  h.key_bytes = get<uint32_t>(bytes, 64);
  h.variant_bytes = get<uint32_t>(bytes, 68);
  h.meta_bytes = get<uint32_t>(bytes, 72);
  h.head_bytes = get<uint32_t>(bytes, 76);
  h.tags_bytes = get<uint32_t>(bytes, 80);
  h.expires = get<uint32_t>(bytes, 84);
  h.meta_format = get<uint32_t>(bytes, 88);
  return h;
}

bool within_bounds(const RecordHeader& h) {
  constexpr uint64_t body_most = uint64_t{1} << 40;
  for (const uint32_t part :
       {h.key_bytes, h.variant_bytes, h.meta_bytes, h.head_bytes, h.tags_bytes})
    if (part > record_part_max) return false;
  return h.body_bytes <= body_most && h.body_at() <= record_texts_max + record_header_bytes;
}

}  // namespace

uint64_t RecordHeader::body_at() const {
  return align_record(table_at(*this) + slices_of(body_bytes) * sizeof(uint32_t));
}

uint16_t variant_mark(std::string_view variant) {
  const uint32_t crc = crc32c(variant);
  return static_cast<uint16_t>((crc ^ crc >> 16) & 0xfffc);
}

std::string encode_record(RecordHeader header, const RecordTexts& texts,
                          const std::vector<uint32_t>& slices) {
  header.key_bytes = static_cast<uint32_t>(texts.key.size());
  header.variant_bytes = static_cast<uint32_t>(texts.variant.size());
  header.meta_bytes = static_cast<uint32_t>(texts.meta.size());
  header.head_bytes = static_cast<uint32_t>(texts.head.size());
  header.tags_bytes = static_cast<uint32_t>(texts.tags.size());
  std::string out(record_header_bytes, '\0');
  put_header(out, header);
  for (const std::string_view text : {texts.meta, texts.key, texts.variant, texts.head, texts.tags})
    out += text;
  out.resize(table_at(header), '\0');
  out.append(reinterpret_cast<const char*>(slices.data()), slices.size() * sizeof(uint32_t));
  out.resize(header.body_at(), '\0');
  const std::string_view all = out;
  put(out, text_crc_at, crc32c(all.substr(record_header_bytes)));
  put(out, header_crc_at,
      crc32c(all.substr(covered_from, record_header_bytes - covered_from),
             crc32c(all.substr(0, 8))));
  return out;
}

std::optional<std::string> encode_tags(const std::vector<std::string_view>& tags) {
  std::string out;
  for (const std::string_view tag : tags) {
    if (tag.size() > UINT16_MAX || out.size() > record_part_max - tag.size() - 2)
      return std::nullopt;
    const auto size = static_cast<uint16_t>(tag.size());
    out.append(reinterpret_cast<const char*>(&size), sizeof size);
    out += tag;
  }
  return out;
}

std::optional<RecordHeader> decode_header(std::string_view bytes, uint64_t serial) {
  if (bytes.size() < record_header_bytes) return std::nullopt;
  if (get<uint32_t>(bytes, 0) != magic || get<uint16_t>(bytes, 4) != version) return std::nullopt;
  const uint32_t crc = crc32c(bytes.substr(covered_from, record_header_bytes - covered_from),
                              crc32c(bytes.substr(0, 8)));
  if (get<uint32_t>(bytes, header_crc_at) != crc) return std::nullopt;
  const RecordHeader header = get_header(bytes);
  if (header.serial != serial || !within_bounds(header)) return std::nullopt;
  return header;
}

std::optional<RecordView> decode_record(std::string_view bytes, uint64_t serial) {
  const std::optional<RecordHeader> header = decode_header(bytes, serial);
  if (!header || bytes.size() < header->body_at()) return std::nullopt;
  const std::string_view covered =
      bytes.substr(record_header_bytes, header->body_at() - record_header_bytes);
  if (get<uint32_t>(bytes, text_crc_at) != crc32c(covered)) return std::nullopt;
  RecordView view{.header = *header};
  size_t at = record_header_bytes;
  const auto take = [&](uint32_t size) {
    at += size;
    return bytes.substr(at - size, size);
  };
  view.texts.meta = take(header->meta_bytes);
  view.texts.key = take(header->key_bytes);
  view.texts.variant = take(header->variant_bytes);
  view.texts.head = take(header->head_bytes);
  view.texts.tags = take(header->tags_bytes);
  view.slices = bytes.data() + table_at(*header);
  return view;
}

bool RecordView::sound_slice(uint64_t index, std::string_view bytes) const {
  const uint64_t from = index * slice_bytes;
  if (from >= header.body_bytes) return false;
  return bytes.size() == std::min<uint64_t>(slice_bytes, header.body_bytes - from) &&
         crc32c(bytes) == slice_crc(index);
}

}  // namespace weir::edge::disk
