#include "telemetry/trace.h"

namespace weir::telemetry {

Trace::Trace(Tracer& tracer) : Trace(tracer, tracer.shedding()) {
  begin();
}

Trace::Trace(Tracer& tracer, const RemoteParent& parent) : Trace(tracer, tracer.shedding()) {
  if (parent.context)
    adopt(parent);
  else
    begin();
}

void Trace::adopt(const RemoteParent& parent) {
  const uint8_t flags = parent.context.flags & TraceContext::random;
  const uint64_t drawn = tracer_->random() & (randomness_end - 1);
  begin(parent.context.trace, flags, parent.trusted ? parent.randomness : drawn, tracer_->random());
  record_.spans[0].parent = parent.context.span.value;
  if (parent.context.span) record_.header[counts_word] |= remote_parent_flag;
  if (!parent.trusted) return;
  marks_ = follows_parent;
  const bool sampled = (parent.context.flags & TraceContext::sampled) != 0;
  if (sampled) record_.header[counts_word] |= sampled_flag;
  // A threshold that contradicts the decision says nothing.
  const bool known = sampled && randomness() >= parent.threshold;
  record_.header[threshold_word] = known ? parent.threshold : threshold_unknown;
}

[[clang::preserve_most]] void Trace::decide(MonoTime now) {
  record_.header[threshold_word] = tracer_->decide(route(), randomness(), now);
  if (randomness() < threshold()) return;
  if (room_.shed < ShedStep::sampled_traces)
    record_.header[counts_word] |= sampled_flag;
  else
    marks_ |= rate_shed;
}

SpanRef Trace::start(const SpanDecl& decl, SpanRef parent, MonoTime now) {
  WEIR_ASSERT(!finished_);
  const auto index = static_cast<uint8_t>(span_count());
  if (index == room_.spans) [[unlikely]]
    return drop_span();
  tracer_->count_created(1);
  SpanRecord& span = record_.spans[index];
  if (index != 0) {
    // Odd, so none is 0; and no two are the same.
    constexpr uint64_t apart = 0x3c6ef372fe94f82a;
    span.id = record_.spans[0].id + index * apart;
    span.parent = this->span(parent).id;
  } else if ((marks_ & follows_parent) == 0) {
    record_.header[threshold_word] = tracer_->threshold(route());
    if (randomness() >= threshold()) [[unlikely]]
      decide(now);
  }
  span = {&decl, span.id, span.parent, nanos(now), open_end, {}, false, {}};
  record_.header[counts_word] += one_span;
  return {index};
}

// What is more than the header can tell was not begun.
SpanRef Trace::drop_span() {
  if (room_.spans == 0) {
    // Of a trusted parent it says what that decided; of others, that nobody here did.
    if ((marks_ & follows_parent) == 0) record_.header[threshold_word] = threshold_unknown;
    return {};
  }
  if (dropped_spans() == UINT16_MAX) return {};
  tracer_->count_created(1);
  record_.header[counts_word] += one_dropped_span;
  return {};
}

void Trace::count_dropped_attributes(uint64_t count) {
  const uint64_t before = record_.header[counts_word] / one_dropped_attribute & UINT16_MAX;
  record_.header[counts_word] += std::min(count, UINT16_MAX - before) * one_dropped_attribute;
}

void Trace::status(SpanRef span, SpanStatus status, std::string_view description) {
  if (status == SpanStatus::error) marks_ |= error;
  if (!span) return;
  this->span(span).status = status;
  if (!description.empty()) add_text(span, {}, EntryType::status_text, description);
}

void Trace::event(SpanRef span, const EventDecl& decl, MonoTime now) {
  add_record(span, EntryType::event, EventRecord{&decl, nanos(now)});
}

void Trace::link(SpanRef span, const TraceContext& context) {
  add_record(span, EntryType::link, LinkRecord{context.trace, context.span, context.flags});
}

TraceContext Trace::context(SpanRef span) const {
  TraceContext context{id(), {}, static_cast<uint8_t>(record_.header[counts_word] / flags_unit)};
  if (span_count() > 0)
    context.span = {this->span(span).id};
  else if (room_.spans == 0)
    context.span = {record_.spans[0].parent};
  return context;
}

void Trace::end_open_spans() {
  for (size_t i = 0; i < span_count(); ++i) {
    SpanRecord& span = record_.spans[i];
    if (span.end_ns != open_end) continue;
    span.end_ns = latest_ns();
    span.unended = true;
  }
}

inline void Trace::find_latest() {
  int64_t latest = std::max(record_.spans[0].start_ns, record_.spans[0].end_ns);
  bool open = record_.spans[0].end_ns == open_end;
  for (size_t i = 1; i < span_count(); ++i) {
    const SpanRecord& span = record_.spans[i];
    latest = std::max({latest, span.start_ns, span.end_ns});
    open |= span.end_ns == open_end;
  }
  record_.header[ended_word] = static_cast<uint64_t>(latest);
  if (open) [[unlikely]]
    end_open_spans();
}

Trace::Verdict Trace::judge() {
  if ((marks_ & requested) != 0) [[unlikely]]
    return judge_certain(KeepReason::requested);
  const KeepReason reason = tracer_->certain_reason(route(), duration_ns(), (marks_ & error) != 0);
  if (reason != KeepReason::none) [[unlikely]]
    return judge_certain(reason);
  const bool follows = (marks_ & follows_parent) != 0;
  if (sampled()) return {follows ? KeepReason::parent : KeepReason::rate, {}, threshold()};
  const bool shed = (marks_ & rate_shed) != 0;
  const DropReason drop = shed ? DropReason::shed : DropReason::not_sampled;
  return {KeepReason::none, drop, threshold_unknown};
}

// Kept by whichever of the two thresholds is lower, so that stands for as many as that says. What a
// parent kept with a probability that it did not tell stands for one only if all such are kept.
Trace::Verdict Trace::judge_certain(KeepReason reason) {
  const uint64_t certain = tracer_->certain_threshold(MonoTime(Duration(latest_ns())));
  const bool passes = randomness() >= certain;
  if (passes) tracer_->certain_kept();
  if (!passes && !sampled()) return {KeepReason::none, DropReason::keep_ceiling, threshold_unknown};
  const bool known = !sampled() || threshold() != threshold_unknown;
  const uint64_t lower = sampled() ? std::min(certain, threshold()) : certain;
  return {reason, {}, known || certain == 0 ? lower : threshold_unknown};
}

[[gnu::always_inline]] inline void Trace::record(KeepReason reason, uint64_t threshold,
                                                 size_t spans) {
  const uint64_t entry_bytes = uint64_t{entry_words_} * 8;
  record_.header[0] =
      entry_bytes << 32 | (sizeof(TraceHeader) + spans * sizeof(SpanRecord) + entry_bytes);
  record_.header[threshold_word] = threshold;
  if (reason != KeepReason::none)
    record_.header[counts_word] += static_cast<uint64_t>(reason) * reason_unit;
  tracer_->ring().write(record_.words(), spans, entries_.data(), entry_words_, latest_ns());
}

void Trace::say(const ServedRequest& request) {
  const ServedLayout layout(request);
  const uint32_t at = entry_words_, end = at + 1 + layout.words();
  if (span_count() == 0 || room_.entry_words == 0) [[unlikely]] {
    const bool malformed = (request.flags & RequestRecord::malformed) != 0;
    return count_dropped_attributes((malformed ? 2 : 5) + (request.client.size != 0) +
                                    (request.site.size != 0));
  }
  entries_[at] = entry_header({0}, {}, EntryType::request, layout.words() * 8);
  layout.write(entries_.data() + at + 1);
  entry_words_ = end;
}

[[gnu::always_inline]] inline bool Trace::record_served(const ServedRequest& request) {
  const SpanRecord& root = record_.spans[0];
  constexpr uint32_t flags = TraceContext::random | ServedRecord::marker;
  return tracer_->ring().write_open(
      {.flags = flags, .trace = id(), .decl = root.decl, .start_ns = root.start_ns},
      ServedLayout(request));
}

void Trace::finish() {
  if (finished_) return;
  finished_ = true;
  if (!plain()) [[unlikely]]
    return finish_any();
  tracer_->count_trace(route(), duration_ns());
  record_.header[ended_word] = static_cast<uint64_t>(record_.spans[0].end_ns);
  record(KeepReason::none, threshold_unknown, 1);
  tracer_->count_unsampled(1);
}

void Trace::finish(MonoTime now, const ServedRequest& request) {
  WEIR_ASSERT(!finished_);
  record_.spans[0].end_ns = nanos(now);
  if (!only_served() || !ends_ordinarily() || !record_served(request)) [[unlikely]] {
    say(request);
    return finish();
  }
  finished_ = true;
  tracer_->ring().close(nanos(now));
  tracer_->count_trace(route(), duration_ns());
  tracer_->count_unsampled(1);
}

bool Trace::finish_with_step(const ServedRequest& request) {
  WEIR_ASSERT(!finished_);
  if (!only_served() || table_number_ != tracer_->table_number() ||
      tracer_->duration_decides(route()) || !record_served(request)) [[unlikely]]
    return false;
  finished_ = true;
  tracer_->count_trace(route(), 0);
  tracer_->count_unsampled(1);
  return true;
}

void Trace::finish_any() {
  if (span_count() == 0) return;
  // Another table was taken up meanwhile, and it may have other routes.
  if (table_number_ != tracer_->table_number()) [[unlikely]]
    route(path_);
  find_latest();
  const int64_t duration_ns = this->duration_ns();
  tracer_->count_trace(route(), duration_ns);
  if (!ordinary(duration_ns)) [[unlikely]]
    return judge_and_leave();
  record(KeepReason::none, threshold_unknown, span_count());
  tracer_->count_unsampled(span_count());
}

void Trace::judge_and_leave() {
  if ((marks_ & error) != 0) tracer_->count_error(route());
  const Verdict verdict = judge();
  record(verdict.reason, verdict.threshold, span_count());
  leave(verdict);
}

// Balance: every span of this trace leaves it here, into the queue or into one drop reason.
void Trace::leave(const Verdict& verdict) {
  tracer_->begin_leaving();
  if (dropped_spans() != 0) {
    const bool shed = room_.shed >= ShedStep::child_spans;
    tracer_->count_dropped(shed ? DropReason::shed : DropReason::request_full, dropped_spans());
  }
  if (verdict.reason == KeepReason::none) {
    tracer_->count_dropped(verdict.drop, span_count());
  } else {
    const SpanRecord& root = record_.spans[0];
    tracer_->count_kept(route(), verdict.reason, {id(), {root.id}, duration_ns(), root.end_ns});
    enqueue();
  }
  tracer_->end_leaving(span_count() + dropped_spans());
}

void Trace::enqueue() {
  const auto bytes = static_cast<uint32_t>(record_.header[0]);
  const auto spans = static_cast<uint32_t>(span_count());
  char* at = tracer_->queue().reserve(bytes, spans);
  if (!at) return tracer_->count_dropped(DropReason::queue_full, spans);
  const size_t entry_bytes = size_t{entry_words_} * 8;
  std::memcpy(at, &record_, bytes - entry_bytes);
  std::memcpy(at + bytes - entry_bytes, entries_.data(), entry_bytes);
  tracer_->queue().push(bytes, spans);
}

}  // namespace weir::telemetry
