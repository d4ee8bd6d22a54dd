#include "wire/http2_repeated_request.h"

#include <algorithm>
#include <functional>

namespace weir::wire {
namespace {

bool is_part(std::string_view view, std::string_view of) {
  const std::less_equal<> not_behind;
  return not_behind(of.data(), view.data()) &&
         not_behind(view.data() + view.size(), of.data() + of.size());
}

// From the bytes of one block to the same ones of another. Other views are of static text.
struct Move {
  std::string_view from;
  std::string_view to;

  void operator()(std::string_view& view) const {
    if (is_part(view, from))
      view = to.substr(static_cast<size_t>(view.data() - from.data()), view.size());
  }
};

// All of `from` but where its fields are stored.
void copy(const RequestHead& from, const Move& move, RequestHead& to) {
  Fields fields = to.fields;
  fields.clear();
  for (Field field : from.fields) {
    move(field.name);
    move(field.value);
    (void)fields.push(field);
  }
  to = from;
  to.fields = fields;
  for (std::string_view* view :
       {&to.method_text, &to.target, &to.path, &to.query, &to.host.text, &to.host.host})
    move(*view);
}

}  // namespace

bool Http2RepeatedRequest::recall(const Http2Block& block, const HeadLimits& limits,
                                  RequestHead& out) const {
  if (!kept_ || block.repeats() == 0 || block.repeats() != kept_->block.repeats()) return false;
  if (limits != kept_->limits) return false;
  if (out.fields.capacity() < kept_->head.fields.size()) return false;
  copy(kept_->head, {kept_->block.bytes(), block.bytes()}, out);
  return true;
}

void Http2RepeatedRequest::keep(const Http2Block& block, const HeadLimits& limits,
                                const RequestHead& head) {
  if (block.repeats() == 0 || head.fields.size() > fields_max) return;
  // What was put together from several fields lies elsewhere.
  const auto lies_in_block = [&](const Field& field) {
    return field.value.empty() || is_part(field.value, block.bytes());
  };
  if (!std::ranges::all_of(head.fields, lies_in_block)) return;
  if (!kept_) kept_ = std::make_unique<Kept>();
  kept_->block.copy_of(block);
  kept_->limits = limits;
  copy(head, {block.bytes(), kept_->block.bytes()}, kept_->head);
}

}  // namespace weir::wire
