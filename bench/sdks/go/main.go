// What recording costs with OpenTelemetry's SDK for Go: a line of JSON with the nanoseconds of CPU
// that each operation took, of the whole process, on one goroutine and on two, and how often it
// took memory from the heap. The operations are those of src/telemetry/record_costs.cc.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.opentelemetry.io/otel/attribute"
	otellog "go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/metric"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

const (
	queueMax = 10_000
	batch    = 1_000 // recorded before the queue is emptied, so that nothing is dropped
)

type cost struct {
	Operation    string  `json:"operation"`
	Ns           float64 `json:"ns"`
	TwoThreadsNs float64 `json:"two_threads_ns"`
	Allocations  float64 `json:"allocations"`
}

func cpuNs() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return float64(usage.Utime.Nano() + usage.Stime.Nano())
}

// Nanoseconds of CPU and allocations per operation.
func timed(threads, count int, body func(count int)) (float64, float64) {
	var before, after runtime.MemStats
	var crew sync.WaitGroup
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := cpuNs()
	for i := 0; i < threads; i++ {
		crew.Add(1)
		go func() {
			defer crew.Done()
			body(count)
		}()
	}
	crew.Wait()
	spent := cpuNs() - start
	runtime.ReadMemStats(&after)
	all := float64(threads * count)
	return spent / all, float64(after.Mallocs-before.Mallocs) / all
}

func measure(operation string, count int, body func(count int)) cost {
	body(batch)
	ns, allocations := timed(1, count, body)
	two, _ := timed(2, count, body)
	return cost{operation, ns, two, allocations}
}

func counters(costs []cost) []cost {
	const count = 2_000_000
	ctx := context.Background()
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))
	meter := provider.Meter("bench")
	counter, _ := meter.Int64Counter("requests_total")
	histogram, _ := meter.Float64Histogram("duration_seconds")
	fixed := metric.WithAttributeSet(attribute.NewSet())
	adding, recording := []metric.AddOption{fixed}, []metric.RecordOption{fixed}
	three := func() metric.MeasurementOption {
		return metric.WithAttributes(attribute.String("method", "GET"),
			attribute.String("path", "/api/v1/items"), attribute.Int("status", 200))
	}
	return append(costs,
		measure("counter", count, func(n int) {
			for i := 0; i < n; i++ {
				counter.Add(ctx, 1, adding...)
			}
		}),
		measure("histogram", count, func(n int) {
			for i := 0; i < n; i++ {
				histogram.Record(ctx, scattered(i), recording...)
			}
		}),
		measure("counter, three labels looked up", count/4, func(n int) {
			for i := 0; i < n; i++ {
				counter.Add(ctx, 1, three())
			}
		}),
		measure("histogram, three labels looked up", count/4, func(n int) {
			for i := 0; i < n; i++ {
				histogram.Record(ctx, scattered(i), three())
			}
		}))
}

func scattered(i int) float64 {
	return float64(uint32(i)*2654435761&0xfffff) / 1e9
}

type dropSpans struct{ taken atomic.Int64 }

func (drop *dropSpans) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	drop.taken.Add(int64(len(spans)))
	return nil
}
func (*dropSpans) Shutdown(context.Context) error { return nil }

// A processor that lets every span go: what recording it costs, without the queue.
type noProcessor struct{}

func (noProcessor) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (noProcessor) OnEnd(sdktrace.ReadOnlySpan)                     {}
func (noProcessor) Shutdown(context.Context) error                  { return nil }
func (noProcessor) ForceFlush(context.Context) error                { return nil }

func fullSpan(tracer trace.Tracer) {
	_, span := tracer.Start(context.Background(), "edge.request",
		trace.WithSpanKind(trace.SpanKindServer))
	span.SetAttributes(attribute.String("http.request.method", "GET"),
		attribute.String("url.path", "/api/v1/items/42"),
		attribute.Int("http.response.status_code", 200),
		attribute.String("client.address", "10.1.2.3"), attribute.Bool("cache.hit", true))
	span.End()
}

func spans(costs []cost) []cost {
	const count = 300_000
	rare := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(noProcessor{}),
		sdktrace.WithSampler(sdktrace.TraceIDRatioBased(0.0001))).Tracer("bench")
	recorded := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(noProcessor{})).Tracer("bench")
	drop := &dropSpans{}
	queue := sdktrace.NewBatchSpanProcessor(drop, sdktrace.WithMaxQueueSize(queueMax),
		sdktrace.WithBatchTimeout(time.Hour))
	queued := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(queue)).Tracer("bench")
	costs = append(costs,
		measure("span, not sampled", count, func(n int) {
			for i := 0; i < n; i++ {
				_, span := rare.Start(context.Background(), "edge.request",
					trace.WithSpanKind(trace.SpanKindServer))
				span.End()
			}
		}),
		measure("span with 5 attributes, recorded, not kept", count, func(n int) {
			for i := 0; i < n; i++ {
				fullSpan(recorded)
			}
		}),
		measure("span with 5 attributes, kept and queued", count, func(n int) {
			for done := 0; done < n; done += batch {
				for i := 0; i < batch; i++ {
					fullSpan(queued)
				}
				_ = queue.ForceFlush(context.Background())
			}
		}))
	must(drop.taken.Load() == count*3+batch, "spans were dropped")
	return costs
}

type dropLogs struct{ taken atomic.Int64 }

func (drop *dropLogs) Export(_ context.Context, records []sdklog.Record) error {
	drop.taken.Add(int64(len(records)))
	return nil
}
func (*dropLogs) Shutdown(context.Context) error   { return nil }
func (*dropLogs) ForceFlush(context.Context) error { return nil }

func logs(costs []cost) []cost {
	const count = 300_000
	drop := &dropLogs{}
	queue := sdklog.NewBatchProcessor(drop, sdklog.WithMaxQueueSize(queueMax),
		sdklog.WithExportInterval(time.Hour))
	logger := sdklog.NewLoggerProvider(sdklog.WithProcessor(queue)).Logger("bench")
	ctx := trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(
		trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{3}}))
	now := time.Now()
	costs = append(costs,
		measure("log event with 3 attributes, queued", count, func(n int) {
			for done := 0; done < n; done += batch {
				for i := 0; i < batch; i++ {
					var record otellog.Record
					record.SetTimestamp(now)
					record.SetEventName("request.failed")
					record.SetSeverity(otellog.SeverityError)
					record.SetBody(attribute.StringValue("a request failed"))
					record.AddAttributes(attribute.String("url.path", "/api/v1/items/42"),
						attribute.Int("http.response.status_code", 502),
						attribute.Bool("cache.hit", false))
					logger.Emit(ctx, record)
				}
				_ = queue.ForceFlush(context.Background())
			}
		}))
	must(drop.taken.Load() == count*3+batch, "log records were dropped")
	return costs
}

func must(well bool, what string) {
	if !well {
		log.Fatal(what)
	}
}

func main() {
	costs := logs(spans(counters(nil)))
	if err := json.NewEncoder(os.Stdout).Encode(costs); err != nil {
		log.Fatal(err)
	}
}
