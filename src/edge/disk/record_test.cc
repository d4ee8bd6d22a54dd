#include "edge/disk/record.h"

#include <string>

#include <doctest/doctest.h>

#include "base/hash.h"
#include "edge/disk/crc32c.h"

namespace weir::edge::disk {
namespace {

constexpr uint64_t serial = 7;

struct Sample {
  std::string body;
  std::string tags = *encode_tags({"news", "", "sport"});
  RecordTexts texts{"meta block", "https://a.example/x", "gzip", "HTTP/1.1 200 OK\r\n", tags};

  explicit Sample(size_t body_size) {
    for (size_t i = 0; i < body_size; ++i)
      body += static_cast<char>(i * 7 + i / 300);
  }
  std::string encoded() const {
    std::vector<uint32_t> slices;
    for (size_t at = 0; at < body.size(); at += slice_bytes)
      slices.push_back(crc32c(std::string_view(body).substr(at, slice_bytes)));
    RecordHeader header{.flags = RecordHeader::stale,
                        .serial = serial,
                        .key_hash = 42,
                        .stamp = {99},
                        .written_wall = 5,
                        .written_mono = 6,
                        .body_bytes = body.size(),
                        .expires = 123,
                        .meta_format = 3};
    std::string all = encode_record(header, texts, slices) + body;
    all.resize(align_record(all.size()), '\0');
    return all;
  }
};

bool sound(std::string_view bytes) {
  const std::optional<RecordView> view = decode_record(bytes, serial);
  if (!view) return false;
  for (uint64_t i = 0; i < slices_of(view->header.body_bytes); ++i) {
    const uint64_t from = i * slice_bytes;
    const uint64_t size = std::min<uint64_t>(slice_bytes, view->header.body_bytes - from);
    if (!view->sound_slice(i, bytes.substr(view->header.body_at()).substr(from, size)))
      return false;
  }
  return true;
}

}  // namespace

TEST_CASE("a record comes back as it was written, whatever the size of its body") {
  for (const size_t size :
       {size_t{0}, size_t{1}, slice_bytes - 1, slice_bytes, slice_bytes + 1, 3 * slice_bytes}) {
    CAPTURE(size);
    const Sample sample(size);
    const std::string bytes = sample.encoded();
    const std::optional<RecordView> view = decode_record(bytes, serial);
    REQUIRE(view.has_value());
    CHECK(view->header.bytes() == bytes.size());
    CHECK(view->header.key_hash == 42);
    CHECK(view->header.stamp == Stamp{99});
    CHECK(view->header.written_wall == 5);
    CHECK(view->header.written_mono == 6);
    CHECK(view->header.expires == 123);
    CHECK(view->header.meta_format == 3);
    CHECK(view->header.flags == RecordHeader::stale);
    CHECK(view->texts.meta == sample.texts.meta);
    CHECK(view->texts.key == sample.texts.key);
    CHECK(view->texts.variant == sample.texts.variant);
    CHECK(view->texts.head == sample.texts.head);
    std::vector<std::string_view> tags;
    CHECK(for_each_tag(view->texts.tags, [&](std::string_view tag) { tags.push_back(tag); }));
    CHECK(tags == std::vector<std::string_view>{"news", "", "sport"});
    CHECK((bytes.substr(view->header.body_at(), size) == sample.body));
    CHECK(sound(bytes));
  }
}

TEST_CASE("any bit that turns over is noticed, but for the padding at the end") {
  const Sample sample(300);
  const std::string whole = sample.encoded();
  const size_t covered = decode_header(whole, serial)->body_at() + sample.body.size();
  for (size_t at = 0; at < covered; ++at) {
    CAPTURE(at);
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << at % 8));
    CHECK(!sound(bytes));
  }
}

TEST_CASE("a record that ends early is none, and neither is one of another segment") {
  const std::string bytes = Sample(100).encoded();
  const size_t texts = decode_header(bytes, serial)->body_at();
  for (size_t size = 0; size < texts; ++size)
    CHECK(!decode_record(std::string_view(bytes).substr(0, size), serial));
  CHECK(!decode_record(bytes, serial + 1));
  CHECK(!decode_record(std::string(1000, '\0'), 0));
}

TEST_CASE("the checksum is the one that others know") {
  CHECK(crc32c("123456789") == 0xe3069283u);
  CHECK(crc32c("56789", crc32c("1234")) == 0xe3069283u);
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aau);
}

TEST_CASE("the hash of keys is the one that is on disks") {
  // If this fails, the format of segments needs a new version.
  CHECK(hash("https://a.example/x", 1) == 0x9913a5d080e37d8du);
}

}  // namespace weir::edge::disk
