#include "edge/disk/purge_ledger.h"

#include <doctest/doctest.h>

namespace weir::edge::disk {
namespace {

PurgeEntry entry(PurgeKind kind, std::string_view text, uint64_t stamp, bool soft = false) {
  return {kind, soft, {stamp}, text};
}

}  // namespace

TEST_CASE("what was stored before a purge or with it is purged, and nothing else") {
  const std::string tags = *encode_tags({"news", "sport"});
  PurgeLedger ledger(100);
  ledger.add(entry(PurgeKind::key, "/a", 10));
  ledger.add(entry(PurgeKind::prefix, "/img/", 20));
  ledger.add(entry(PurgeKind::tag, "sport", 30));
  struct Row {
    uint64_t stored;
    std::string_view key;
    bool tagged;
    Purged expected;
  };
  for (const Row& row : {Row{10, "/a", false, Purged::hard}, Row{11, "/a", false, Purged::no},
                         Row{9, "/ab", false, Purged::no}, Row{20, "/img/x", false, Purged::hard},
                         Row{21, "/img/x", false, Purged::no}, Row{5, "/img", false, Purged::no},
                         Row{30, "/z", true, Purged::hard}, Row{31, "/z", true, Purged::no},
                         Row{30, "/z", false, Purged::no}}) {
    CAPTURE(row.key);
    CAPTURE(row.stored);
    CHECK(ledger.look({row.stored}, row.key, row.tagged ? tags : "") == row.expected);
  }
}

TEST_CASE("a soft purge makes stale, and a hard one beside it wins") {
  PurgeLedger ledger(100);
  ledger.add(entry(PurgeKind::key, "/a", 10, true));
  CHECK(ledger.look({9}, "/a", "") == Purged::soft);
  ledger.add(entry(PurgeKind::prefix, "/", 5));
  CHECK(ledger.look({9}, "/a", "") == Purged::soft);
  CHECK(ledger.look({5}, "/a", "") == Purged::hard);
}

TEST_CASE("a full ledger counts everything as purged rather than forgetting") {
  PurgeLedger ledger(2);
  ledger.add(entry(PurgeKind::key, "/a", 1));
  ledger.add(entry(PurgeKind::key, "/b", 2));
  ledger.add(entry(PurgeKind::key, "/a", 3));
  CHECK(ledger.overflows() == 0);
  ledger.add(entry(PurgeKind::key, "/c", 4));
  CHECK(ledger.overflows() == 1);
  CHECK(ledger.size() == 2);
  CHECK(ledger.look({4}, "/other", "") == Purged::hard);
  CHECK(ledger.look({5}, "/other", "") == Purged::no);
}

TEST_CASE("what is older than everything stored is forgotten") {
  PurgeLedger ledger(100);
  ledger.add(entry(PurgeKind::key, "/a", 10));
  ledger.add(entry(PurgeKind::prefix, "/p", 20));
  ledger.add(entry(PurgeKind::tag, "t", 30));
  ledger.forget_before({20});
  CHECK(ledger.size() == 2);
  CHECK(ledger.look({15}, "/pq", "") == Purged::hard);
}

TEST_CASE("purges come back from their encoding, and a broken one ends it") {
  std::string journal;
  for (const auto& each : {entry(PurgeKind::key, "/a", 1), entry(PurgeKind::prefix, "", 2, true),
                           entry(PurgeKind::tag, "some tag", 3), entry(PurgeKind::all, "", 4)})
    journal += encode_purge(each);
  std::string_view rest = journal;
  CHECK(decode_purge(rest)->text == "/a");
  const auto second = decode_purge(rest);
  CHECK((second && second->soft && second->kind == PurgeKind::prefix && second->stamp == Stamp{2}));
  CHECK(decode_purge(rest)->text == "some tag");
  CHECK(decode_purge(rest)->kind == PurgeKind::all);
  CHECK(rest.empty());
  const size_t first = encode_purge(entry(PurgeKind::key, "/a", 1)).size();
  for (size_t at = 0; at < first; ++at) {
    std::string bytes = journal;
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    std::string_view view = bytes;
    const auto got = decode_purge(view);
    // Only the padding, and what is always zero, may differ.
    if (got) CHECK((got->text == "/a" && got->stamp == Stamp{1}));
  }
}

}  // namespace weir::edge::disk
