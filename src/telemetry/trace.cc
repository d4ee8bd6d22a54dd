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

void Trace::begin() {
  id_ = tracer_->make_trace_id();
  randomness_ = id_.low & (randomness_end - 1);
}

void Trace::adopt(const RemoteParent& parent) {
  id_ = parent.context.trace;
  flags_ = parent.context.flags & TraceContext::random;
  remote_parent_ = parent.context.span;
  if (!parent.trusted) {
    randomness_ = tracer_->make_randomness();
    drew_randomness_ = true;
    return;
  }
  follows_parent_ = true;
  threshold_ = parent.threshold;
  drew_randomness_ = parent.randomness != randomness_in_id;
  randomness_ = drew_randomness_ ? parent.randomness : id_.low & (randomness_end - 1);
  sampled_ = (parent.context.flags & TraceContext::sampled) != 0;
  // A threshold that contradicts the decision says nothing.
  if (!sampled_ || randomness_ < threshold_) threshold_ = threshold_unknown;
}

void Trace::decide(MonoTime now) {
  if (follows_parent_) return;
  threshold_ = tracer_->decide(route_, randomness_, now);
  sampled_ = randomness_ >= threshold_;
  if (!sampled_ || shedding_ < ShedStep::sampled_traces) [[likely]]
    return;
  rate_shed_ = true;
  sampled_ = false;
}

SpanRef Trace::start(const SpanDecl& decl, SpanRef parent, MonoTime now) {
  WEIR_ASSERT(!finished_);
  tracer_->count_created(1);
  const uint8_t index = span_count_;
  if (index == spans_room_) [[unlikely]] {
    ++dropped_spans_;
    return {};
  }
  if (index == 0) decide(now);
  const uint64_t parent_id =
      index == 0 ? remote_parent_.value : spans_[parent ? parent.index : 0].id;
  spans_[index] = {&decl, tracer_->make_span_id().value, parent_id, nanos(now), open_end, {}, false,
                   {}};
  latest_ns_ = std::max(latest_ns_, nanos(now));
  ++span_count_;
  return {index};
}

void Trace::status(SpanRef span, SpanStatus status, std::string_view description) {
  error_ |= status == SpanStatus::error;
  if (!span) return;
  spans_[span.index].status = status;
  if (!description.empty()) add_text(span, {}, EntryType::status_text, description);
}

void Trace::event(SpanRef span, const EventDecl& decl, MonoTime now) {
  add_record(span, EntryType::event, EventRecord{&decl, nanos(now)});
}

void Trace::link(SpanRef span, const TraceContext& context) {
  add_record(span, EntryType::link, LinkRecord{context.trace, context.span, context.flags});
}

TraceContext Trace::context(SpanRef span) const {
  TraceContext context{id_, {}, flags_};
  if (span_count_ > 0) context.span = {spans_[span ? span.index : 0].id};
  if (sampled_) context.flags |= TraceContext::sampled;
  return context;
}

void Trace::end_open_spans() {
  for (size_t i = 0; i < span_count_; ++i) {
    if (spans_[i].end_ns != open_end) continue;
    spans_[i].end_ns = latest_ns_;
    spans_[i].unended = true;
  }
}

Trace::Verdict Trace::judge() {
  if (keep_requested_) [[unlikely]]
    return judge_certain(KeepReason::requested);
  const KeepReason reason = tracer_->certain_reason(route_, duration_ns(), error_);
  if (reason != KeepReason::none) [[unlikely]]
    return judge_certain(reason);
  if (sampled_) return {follows_parent_ ? KeepReason::parent : KeepReason::rate, {}, threshold_};
  const DropReason drop = rate_shed_ ? DropReason::shed : DropReason::not_sampled;
  return {KeepReason::none, drop, threshold_unknown};
}

// Kept by whichever of the two thresholds is lower, so that stands for as many as that says. What a
// parent kept with a probability that it did not tell stands for one only if all such are kept.
Trace::Verdict Trace::judge_certain(KeepReason reason) {
  const uint64_t certain = tracer_->certain_threshold(MonoTime(Duration(latest_ns_)));
  const bool passes = randomness_ >= certain;
  if (passes) tracer_->certain_kept();
  if (!passes && !sampled_) return {KeepReason::none, DropReason::keep_ceiling, threshold_unknown};
  const bool known = !sampled_ || threshold_ != threshold_unknown;
  const uint64_t lower = sampled_ ? std::min(certain, threshold_) : certain;
  return {reason, {}, known || certain == 0 ? lower : threshold_unknown};
}

TraceHeaderWords Trace::header(const Verdict& verdict) const {
  return to_words(
      {.bytes = record_bytes(),
       .entry_bytes = entry_words_ * 8,
       .trace = id_,
       .threshold = verdict.threshold,
       .randomness = drew_randomness_ ? randomness_ : randomness_in_id,
       .ended_ns = latest_ns_,
       .dropped_spans = dropped_spans_,
       .dropped_attributes = dropped_attributes_,
       .span_count = span_count_,
       .flags = static_cast<uint8_t>(sampled_ ? flags_ | TraceContext::sampled : flags_),
       .reason = verdict.reason,
       .remote_parent = static_cast<bool>(remote_parent_)});
}

void Trace::finish() {
  if (finished_) return;
  finished_ = true;
  if (span_count_ == 0) return;
  end_open_spans();
  tracer_->count_trace(route_, duration_ns(), error_);
  const Verdict verdict = judge();
  record(header(verdict));
  leave(verdict);
}

// Balance: every span of this trace leaves it here, into the queue or into one drop reason.
void Trace::leave(const Verdict& verdict) {
  tracer_->begin_leaving();
  if (dropped_spans_ != 0) [[unlikely]] {
    const bool shed = shedding_ >= ShedStep::child_spans;
    tracer_->count_dropped(shed ? DropReason::shed : DropReason::request_full, dropped_spans_);
  }
  if (verdict.reason == KeepReason::none) {
    tracer_->count_dropped(verdict.drop, span_count_);
  } else {
    tracer_->count_kept(route_, verdict.reason,
                        {id_, {spans_[0].id}, duration_ns(), spans_[0].end_ns});
    enqueue(header(verdict));
  }
  tracer_->end_leaving(uint64_t{span_count_} + dropped_spans_);
}

inline void Trace::record(const TraceHeaderWords& header) {
  SpanRing& ring = tracer_->ring();
  if (!ring.begin(record_bytes())) return;
  ring.append(header.data(), header.size());
  ring.append(spans_.data(), span_count_ * sizeof(SpanRecord) / 8);
  ring.append(entries_.data(), entry_words_);
  ring.publish(latest_ns_);
}

void Trace::enqueue(const TraceHeaderWords& header) {
  const uint32_t bytes = record_bytes();
  char* at = tracer_->queue().reserve(bytes, span_count_);
  if (!at) return tracer_->count_dropped(DropReason::queue_full, span_count_);
  const size_t span_bytes = span_count_ * sizeof(SpanRecord);
  std::memcpy(at, header.data(), sizeof header);
  std::memcpy(at + sizeof header, spans_.data(), span_bytes);
  std::memcpy(at + sizeof header + span_bytes, entries_.data(), entry_words_ * 8);
  tracer_->queue().push(bytes, span_count_);
}

}  // namespace weir::telemetry
