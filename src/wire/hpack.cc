#include "wire/hpack.h"

#include <array>
#include <nghttp2/nghttp2.h>

#include "base/assert.h"

namespace weir::wire {
namespace {

std::string_view text(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}
uint8_t* bytes_of(std::string_view view) {
  return reinterpret_cast<uint8_t*>(const_cast<char*>(view.data()));
}
nghttp2_nv pair_of(std::string_view name, std::string_view value) {
  return {bytes_of(name), bytes_of(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

// Skips a number whose first byte has `bits` for it (RFC 7541 5.1); the number.
size_t skip_number(std::string_view& block, unsigned bits) {
  const size_t most = (size_t{1} << bits) - 1;
  size_t number = static_cast<uint8_t>(block.front()) & most;
  block.remove_prefix(1);
  if (number < most) return number;
  for (unsigned shift = 0; !block.empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(block.front());
    block.remove_prefix(1);
    number += static_cast<size_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) break;
  }
  return number;
}

void skip_text(std::string_view& block) {
  const size_t size = skip_number(block, 7);
  block.remove_prefix(std::min(size, block.size()));
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

}  // namespace

bool changes_hpack_table(std::string_view block) {
  while (!block.empty()) {
    const auto first = static_cast<uint8_t>(block.front());
    if (first & 0x80) {
      skip_number(block, 7);
      continue;
    }
    if (first & 0x60) return true;
    if (skip_number(block, 4) == 0) skip_text(block);  // the name
    if (!block.empty()) skip_text(block);
  }
  return false;
}

void HpackDecoder::Free::operator()(nghttp2_hd_inflater* inflater) const {
  nghttp2_hd_inflate_del(inflater);
}

HpackDecoder::HpackDecoder() {
  nghttp2_hd_inflater* made = nullptr;
  WEIR_ASSERT(nghttp2_hd_inflate_new(&made) == 0);
  inflater_.reset(made);
}

void HpackDecoder::limit_table(uint32_t bytes) {
  WEIR_ASSERT(nghttp2_hd_inflate_change_table_size(inflater_.get(), bytes) == 0);
}

HpackDecoder::Step HpackDecoder::next(std::string_view& bytes, bool last) {
  nghttp2_nv field;
  int flags = 0;
  const ssize_t used = nghttp2_hd_inflate_hd2(inflater_.get(), &field, &flags, bytes_of(bytes),
                                              bytes.size(), last ? 1 : 0);
  if (used < 0) return Step::broken;
  bytes.remove_prefix(static_cast<size_t>(used));
  if (flags & NGHTTP2_HD_INFLATE_EMIT) {
    name_ = text(field.name, field.namelen);
    value_ = text(field.value, field.valuelen);
    return Step::field;
  }
  if (!(flags & NGHTTP2_HD_INFLATE_FINAL)) return Step::more;
  nghttp2_hd_inflate_end_headers(inflater_.get());
  return Step::done;
}

void HpackEncoder::Free::operator()(nghttp2_hd_deflater* deflater) const {
  nghttp2_hd_deflate_del(deflater);
}

HpackEncoder::HpackEncoder(uint32_t table_bytes_max) {
  nghttp2_hd_deflater* made = nullptr;
  WEIR_ASSERT(nghttp2_hd_deflate_new(&made, table_bytes_max) == 0);
  deflater_.reset(made);
}

void HpackEncoder::limit_table(uint32_t bytes) {
  WEIR_ASSERT(nghttp2_hd_deflate_change_table_size(deflater_.get(), bytes) == 0);
  ++table_changes_;  // the next block says so
}

bool HpackEncoder::encode(uint16_t status, std::span<const Field> fields, Buffer& out) {
  WEIR_ASSERT(fields.size() < fields_max);
  std::array<nghttp2_nv, fields_max> all;
  size_t count = 0;
  const std::array<char, 3> digits{static_cast<char>('0' + status / 100),
                                   static_cast<char>('0' + status / 10 % 10),
                                   static_cast<char>('0' + status % 10)};
  if (status != 0) all[count++] = pair_of(":status", {digits.data(), digits.size()});
  size_t unknown = 0;
  for (const Field& field : fields)
    unknown += field.id == KnownField::unknown ? field.name.size() : 0;
  names_.clear();
  char* name = names_.reserve(unknown);
  for (const Field& field : fields) {
    if (field.id != KnownField::unknown) {
      all[count++] = pair_of(field_name(field.id), field.value);
      continue;
    }
    for (size_t i = 0; i < field.name.size(); ++i)
      name[i] = lower(field.name[i]);
    all[count++] = pair_of({name, field.name.size()}, field.value);
    name += field.name.size();
  }
  const size_t room = nghttp2_hd_deflate_bound(deflater_.get(), all.data(), count);
  const ssize_t size = nghttp2_hd_deflate_hd(
      deflater_.get(), reinterpret_cast<uint8_t*>(out.reserve(room)), room, all.data(), count);
  WEIR_ASSERT(size >= 0);
  out.commit(static_cast<size_t>(size));
  const std::string_view written = out.view().substr(out.size() - static_cast<size_t>(size));
  if (!changes_hpack_table(written)) return true;
  ++table_changes_;
  return false;
}

}  // namespace weir::wire
