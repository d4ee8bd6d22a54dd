// The store's operations as a state machine, against a simple model of what may be found: each
// input is a list of operations on a store of two shards that is too small for all of them. What is
// found must be what the model has, byte for byte and mark for mark; what the model has may be
// missing only if something was evicted; and the memory bound always holds.

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "edge/cache/cache_test_kit.h"

namespace weir::edge::cache {
namespace {

using runtime::Task;

struct Known {
  std::string variant;
  std::string body;
  std::vector<std::string> tags;
  bool stale = false;
  bool growing = false;
};
using Model = std::map<std::string, std::vector<Known>>;  // newest first

// A fill that is under way.
struct Running {
  Fill fill;
  std::string key;
  Known answer;
  bool published = false;
  bool purged = false;
};

class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), left_(size) {}
  uint8_t next() {
    if (left_ == 0) return 0;
    --left_;
    return *data_++;
  }
  bool empty() const { return left_ == 0; }

 private:
  const uint8_t* data_;
  size_t left_;
};

class Machine {
 public:
  Machine(CacheWorld& world, const uint8_t* data, size_t size) : w_(world), in_(data, size) {}

  Task<> run() {
    for (int steps = 0; steps < 300 && !in_.empty(); ++steps) {
      co_await step(in_.next() % 11);
      check();
    }
    for (auto& running : running_)
      running.reset();
    pins_.clear();
    WEIR_ASSERT((co_await w_.at(1).purge({.by = PurgeBy::prefix, .text = ""}, w_.soon())));
    co_await w_.settle();
    WEIR_ASSERT(w_.store.object_count() == 0);
    WEIR_ASSERT(w_.store.filling_bytes() == 0);
  }

 private:
  Task<> step(int operation) {
    switch (operation) {
      case 0:
      case 1:
        begin();
        break;
      case 2:
        publish();
        break;
      case 3:
        append();
        break;
      case 4:
        complete();
        break;
      case 5:
        fail();
        break;
      case 6:
        decline();
        break;
      case 7:
        co_await purge();
        break;
      case 8:
        refresh();
        break;
      case 9:
        touch_and_pin();
        break;
      default:
        (void)co_await runtime::sleep(w_.at(0).shard().reactor(),
                                      w_.soon(milliseconds(1 + in_.next() * 100)));
    }
    co_await w_.settle();
  }

  std::string key() { return "k" + std::to_string(in_.next() % 12); }
  std::optional<Running>& slot() { return running_[in_.next() % running_.size()]; }

  // Takes a slot whose fill has not been used for anything else.
  void begin() {
    std::optional<Running>& running = slot();
    if (running) return finish(*running, running);
    running.emplace();
    running->key = key();
    running->answer.variant = "v" + std::to_string(in_.next() % 3);
    if (const uint8_t tags = in_.next(); tags % 4 != 0)
      running->answer.tags = {"t" + std::to_string(tags % 4), "all"};
    const size_t shard = in_.next() % 2;
    running->fill = w_.at(shard).fill_alone(running->key, w_.store.hash_of(running->key));
  }

  // Drops it: an answer that broke off is gone.
  void finish(Running& running, std::optional<Running>& of) {
    if (running.published && !running.purged) forget(running);
    of.reset();
  }
  void forget(const Running& running) {
    std::erase_if(model_[running.key], [&](const Known& known) {
      return known.growing && known.variant == running.answer.variant;
    });
  }

  void publish() {
    std::optional<Running>& running = slot();
    if (!running || running->published) return;
    std::vector<std::string_view> tags(running->answer.tags.begin(), running->answer.tags.end());
    const ObjectDraft draft{
        .variant = running->answer.variant, .head = running->key, .meta = "m", .tags = tags};
    const bool known = in_.next() % 2;
    length_[index_of(running)] =
        known ? std::optional<uint64_t>(in_.next() * uint64_t{300}) : std::nullopt;
    if (!running->fill.publish(draft, length_[index_of(running)])) return;
    running->published = true;
    if (running->purged) return;
    // Another fill of the same answer has lost its place to this one.
    for (auto& other : running_)
      if (other && &other != &running && other->published && other->key == running->key &&
          other->answer.variant == running->answer.variant)
        other->purged = true;
    running->answer.growing = true;
    put(running->key, running->answer);
  }
  size_t index_of(const std::optional<Running>& running) const {
    return static_cast<size_t>(&running - running_.data());
  }
  void put(const std::string& key, const Known& answer) {
    auto& variants = model_[key];
    std::erase_if(variants, [&](const Known& k) { return k.variant == answer.variant; });
    variants.insert(variants.begin(), answer);
  }
  Known* growing(const Running& running) {
    if (running.purged) return nullptr;
    for (Known& known : model_[running.key])
      if (known.growing && known.variant == running.answer.variant) return &known;
    return nullptr;
  }

  void append() {
    std::optional<Running>& running = slot();
    if (!running || !running->published) return;
    std::string bytes(in_.next() * size_t{150}, static_cast<char>('a' + in_.next() % 26));
    const auto& length = length_[index_of(running)];
    if (length) bytes.resize(std::min(bytes.size(), *length - running->answer.body.size()));
    if (!running->fill.append(bytes) || !running->fill.storing()) {
      finish(*running, running);
      return;
    }
    running->answer.body += bytes;
    if (Known* known = growing(*running)) known->body = running->answer.body;
  }

  void complete() {
    std::optional<Running>& running = slot();
    if (!running || !running->published) return;
    if (running->fill.complete()) {
      if (Known* known = growing(*running)) known->growing = false;
      running.reset();
    } else {
      finish(*running, running);
    }
  }

  void fail() {
    std::optional<Running>& running = slot();
    if (!running) return;
    running->fill.fail({ErrorCode::reset, "broke off"}, OnFailure::share);
    finish(*running, running);
  }

  void decline() {
    std::optional<Running>& running = slot();
    if (!running || running->published) return;
    running->fill.decline(seconds(in_.next() % 4));
    running.reset();
  }

  Task<> purge() {
    PurgeRequest request{.by = static_cast<PurgeBy>(in_.next() % 3), .text = {}, .soft = false};
    request.soft = in_.next() % 2;
    const uint8_t which = in_.next();
    if (request.by == PurgeBy::tag)
      request.text = which % 5 == 0 ? "all" : "t" + std::to_string(which % 4);
    else if (request.by == PurgeBy::key)
      request.text = "k" + std::to_string(which % 12);
    else
      request.text = which % 3 == 0 ? "k" : "k1";
    WEIR_ASSERT((co_await w_.at(which % 2).purge(request, w_.soon())).has_value());
    for (auto& [name, variants] : model_) {
      if (request.soft)
        for (Known& known : variants)
          known.stale = known.stale || concerns(request, name, known);
      else
        std::erase_if(variants, [&](const Known& k) { return concerns(request, name, k); });
    }
    for (auto& running : running_) {
      if (!running || !concerns(request, running->key, running->answer)) continue;
      if (!request.soft)
        running->purged = true;
      else
        running->answer.stale = true;
    }
  }
  static bool concerns(const PurgeRequest& request, const std::string& key, const Known& known) {
    switch (request.by) {
      case PurgeBy::key:
        return key == request.text;
      case PurgeBy::prefix:
        return key.starts_with(request.text);
      default:
        return std::find(known.tags.begin(), known.tags.end(), request.text) != known.tags.end();
    }
  }

  void refresh() {
    const std::string name = key();
    const Object* old = w_.find(name);
    while (old && old->kind() != ObjectKind::answer)
      old = old->next_variant();
    if (!old || old->body().state() != BodyState::complete) return;
    const std::string variant(old->variant());
    Fill fill = w_.at(in_.next() % 2).fill_alone(name, w_.store.hash_of(name));
    WEIR_ASSERT(fill.refresh(*old, {.variant = variant, .head = name, .meta = "m"}).has_value());
    for (const Known& known : std::vector<Known>(model_[name]))
      if (known.variant == variant) put(name, {.variant = variant, .body = known.body, .tags = {}});
  }

  void touch_and_pin() {
    const Object* object = w_.find(key(), 1);
    if (!object) return;
    object->touch();
    if (pins_.size() < 8)
      pins_.emplace_back(w_.at(1), *object);
    else
      pins_.erase(pins_.begin());
  }

  void check() {
    WEIR_ASSERT(w_.store.held_bytes() <= w_.store.budget_bytes());
    const bool lossless = w_.counted(not_stored_decl) == 0 && evictions() == 0;
    for (auto& [name, variants] : model_)
      for (size_t shard = 0; shard < 2; ++shard)
        check_key(name, variants, shard, lossless);
  }
  uint64_t evictions() {
    return w_.at(0).metrics().removed(Removal::evicted).value() +
           w_.at(1).metrics().removed(Removal::evicted).value();
  }
  void check_key(const std::string& name, const std::vector<Known>& variants, size_t shard,
                 bool lossless) {
    size_t found = 0;
    for (const Object* each = w_.find(name, shard); each; each = each->next_variant()) {
      WEIR_ASSERT(each->key() == name);
      if (each->kind() == ObjectKind::uncacheable) continue;
      const auto next = std::find_if(variants.begin(), variants.end(), [each](const Known& known) {
        return known.variant == each->variant();
      });
      WEIR_ASSERT(next != variants.end());
      WEIR_ASSERT(each->head() == name && each->made_stale() == next->stale);
      WEIR_ASSERT(each->body().state() ==
                  (next->growing ? BodyState::filling : BodyState::complete));
      std::string bytes;
      for (std::string_view view; !(view = each->body().view(bytes.size())).empty();)
        bytes += view;
      WEIR_ASSERT(bytes == next->body);
      ++found;
    }
    WEIR_ASSERT(!lossless || found == variants.size());
  }

  CacheWorld& w_;
  Input in_;
  Model model_;
  std::array<std::optional<Running>, 4> running_;
  std::array<std::optional<uint64_t>, 4> length_;
  std::vector<Pin> pins_;
};

Task<> run_machine(CacheWorld& world, const uint8_t* data, size_t size) {
  Machine machine(world, data, size);
  co_await machine.run();
}

}  // namespace
}  // namespace weir::edge::cache

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::edge::cache;
  StoreSettings settings = test_settings(weir::MiB);
  settings.object_bytes_max = 60'000;
  CacheWorld world(2, settings, 7);
  world.run(run_machine, data, size);
  return 0;
}
