//! What recording costs with OpenTelemetry's SDK for Rust: a line of JSON with the nanoseconds of
//! CPU that each operation took, of the whole process, on one thread and on two, and how often it
//! took memory from the heap. The operations are those of src/telemetry/record_costs.cc.
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Barrier};
use std::time::{Duration, SystemTime};

use opentelemetry::logs::{AnyValue, LogRecord, Logger, LoggerProvider, Severity};
use opentelemetry::metrics::MeterProvider;
use opentelemetry::trace::{Span, SpanKind, Tracer, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{self, LogBatch, LogExporter, SdkLoggerProvider};
use opentelemetry_sdk::metrics::{ManualReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{self, Sampler, SdkTracerProvider, SpanData, SpanExporter};

/// Counts only in a run of its own: a counter that two threads share would be what is measured.
struct Counting;
static COUNTS: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if COUNTS.load(Relaxed) {
            ALLOCATIONS.fetch_add(1, Relaxed);
        }
        System.alloc(layout)
    }
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        System.dealloc(memory, layout)
    }
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if COUNTS.load(Relaxed) {
            ALLOCATIONS.fetch_add(1, Relaxed);
        }
        System.realloc(memory, layout, size)
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const QUEUE_MAX: usize = 10_000;
/// Recorded before the queue is emptied, so that nothing is dropped.
const BATCH: u64 = 1_000;

fn cpu_ns() -> f64 {
    let mut spent = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel writes the structure.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut spent) };
    spent.tv_sec as f64 * 1e9 + spent.tv_nsec as f64
}

/// CPU per operation over `threads` threads that start together.
fn timed(threads: u64, count: u64, body: &(dyn Fn(u64) + Sync)) -> f64 {
    let gate = Barrier::new(threads as usize);
    let start = cpu_ns();
    std::thread::scope(|crew| {
        for _ in 0..threads {
            crew.spawn(|| {
                gate.wait();
                body(count);
            });
        }
    });
    (cpu_ns() - start) / (threads * count) as f64
}

struct Costs(Vec<String>);

impl Costs {
    fn measure(&mut self, operation: &str, count: u64, body: impl Fn(u64) + Sync) {
        body(BATCH);
        let one = timed(1, count, &body);
        let two = timed(2, count, &body);
        ALLOCATIONS.store(0, Relaxed);
        COUNTS.store(true, Relaxed);
        body(count);
        COUNTS.store(false, Relaxed);
        let allocations = ALLOCATIONS.load(Relaxed) as f64 / count as f64;
        self.0.push(format!(
            "{{\"operation\": \"{operation}\", \"ns\": {one:.2}, \"two_threads_ns\": {two:.2}, \
             \"allocations\": {allocations:.4}}}"
        ));
    }
}

fn scattered(i: u64) -> f64 {
    (i.wrapping_mul(2_654_435_761) & 0xfffff) as f64 / 1e9
}

fn three() -> [KeyValue; 3] {
    [
        KeyValue::new("method", "GET"),
        KeyValue::new("path", "/api/v1/items"),
        KeyValue::new("status", 200),
    ]
}

fn counters(costs: &mut Costs) {
    const COUNT: u64 = 2_000_000;
    let provider = SdkMeterProvider::builder().with_reader(ManualReader::default()).build();
    let meter = provider.meter("bench");
    let counter = meter.u64_counter("requests_total").build();
    let histogram = meter.f64_histogram("duration_seconds").build();
    let bound_counter = counter.bind(&[]);
    let bound_histogram = histogram.bind(&[]);
    costs.measure("counter", COUNT, |n| (0..n).for_each(|_| bound_counter.add(1)));
    costs.measure("histogram", COUNT, |n| {
        (0..n).for_each(|i| bound_histogram.record(scattered(i)))
    });
    costs.measure("counter, three labels looked up", COUNT / 4, |n| {
        (0..n).for_each(|_| counter.add(1, &three()))
    });
    costs.measure("histogram, three labels looked up", COUNT / 4, |n| {
        (0..n).for_each(|i| histogram.record(scattered(i), &three()))
    });
}

#[derive(Debug, Default)]
struct Drop(Arc<AtomicU64>);

impl SpanExporter for Drop {
    async fn export(&self, spans: Vec<SpanData>) -> OTelSdkResult {
        self.0.fetch_add(spans.len() as u64, Relaxed);
        Ok(())
    }
}

impl LogExporter for Drop {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        self.0.fetch_add(batch.iter().count() as u64, Relaxed);
        Ok(())
    }
}

/// Lets every span go: what recording it costs, without the queue.
#[derive(Debug)]
struct NoProcessor;

impl trace::SpanProcessor for NoProcessor {
    fn on_start(&self, _: &mut trace::Span, _: &Context) {}
    fn on_end(&self, _: SpanData) {}
    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }
    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

fn start(tracer: &trace::SdkTracer) -> trace::Span {
    let builder = tracer.span_builder("edge.request").with_kind(SpanKind::Server);
    tracer.build_with_context(builder, &Context::new())
}

fn full_span(tracer: &trace::SdkTracer) {
    let mut span = start(tracer);
    span.set_attribute(KeyValue::new("http.request.method", "GET"));
    span.set_attribute(KeyValue::new("url.path", "/api/v1/items/42"));
    span.set_attribute(KeyValue::new("http.response.status_code", 200));
    span.set_attribute(KeyValue::new("client.address", "10.1.2.3"));
    span.set_attribute(KeyValue::new("cache.hit", true));
    span.end();
}

fn spans(costs: &mut Costs) {
    const COUNT: u64 = 300_000;
    let rare = SdkTracerProvider::builder()
        .with_span_processor(NoProcessor)
        .with_sampler(Sampler::TraceIdRatioBased(0.0001))
        .build();
    let tracer = rare.tracer("bench");
    costs.measure("span, not sampled", COUNT, |n| (0..n).for_each(|_| start(&tracer).end()));
    let recorded = SdkTracerProvider::builder().with_span_processor(NoProcessor).build();
    let tracer = recorded.tracer("bench");
    costs.measure("span with 5 attributes, recorded, not kept", COUNT, |n| {
        (0..n).for_each(|_| full_span(&tracer))
    });
    let taken = Arc::new(AtomicU64::new(0));
    let config = trace::BatchConfigBuilder::default()
        .with_max_queue_size(QUEUE_MAX)
        .with_scheduled_delay(Duration::from_secs(3600))
        .build();
    let queue =
        trace::BatchSpanProcessor::builder(Drop(taken.clone())).with_batch_config(config).build();
    let queued = SdkTracerProvider::builder().with_span_processor(queue).build();
    let tracer = queued.tracer("bench");
    costs.measure("span with 5 attributes, kept and queued", COUNT, |n| {
        for _ in 0..n / BATCH {
            (0..BATCH).for_each(|_| full_span(&tracer));
            let _ = queued.force_flush();
        }
    });
    assert_eq!(taken.load(Relaxed), COUNT * 4 + BATCH, "spans were dropped");
}

fn log_events(costs: &mut Costs) {
    const COUNT: u64 = 300_000;
    let taken = Arc::new(AtomicU64::new(0));
    let config = logs::BatchConfigBuilder::default()
        .with_max_queue_size(QUEUE_MAX)
        .with_scheduled_delay(Duration::from_secs(3600))
        .build();
    let queue =
        logs::BatchLogProcessor::builder(Drop(taken.clone())).with_batch_config(config).build();
    let provider = SdkLoggerProvider::builder().with_log_processor(queue).build();
    let logger = provider.logger("bench");
    let now = SystemTime::now();
    costs.measure("log event with 3 attributes, queued", COUNT, |n| {
        for _ in 0..n / BATCH {
            for _ in 0..BATCH {
                let mut record = logger.create_log_record();
                record.set_timestamp(now);
                record.set_event_name("request.failed");
                record.set_severity_number(Severity::Error);
                record.set_body(AnyValue::from("a request failed"));
                record.set_trace_context(1u128.into(), 3u64.into(), None);
                record.add_attribute("url.path", "/api/v1/items/42");
                record.add_attribute("http.response.status_code", 502);
                record.add_attribute("cache.hit", false);
                logger.emit(record);
            }
            let _ = provider.force_flush();
        }
    });
    assert_eq!(taken.load(Relaxed), COUNT * 4 + BATCH, "log records were dropped");
}

fn main() {
    let mut costs = Costs(Vec::new());
    counters(&mut costs);
    spans(&mut costs);
    log_events(&mut costs);
    println!("[{}]", costs.0.join(", "));
}
