//go:build otel

package tracing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// built says whether spans can be exported.
const built = true

// exporter is an [Exporter].
type exporter struct {
	tracer trace.Tracer
	batch  sdktrace.SpanProcessor
	sender *sender
}

// open makes an exporter of the SDK's parts. What the SDK complains of meanwhile it
// would go on without: another sampler than was asked for, for example.
func open(o Options, to *target) (Exporter, error) {
	told := &complaints{log: o.Logger}
	otel.SetErrorHandler(told)
	otel.SetLogger(logr.FromSlogHandler(o.Logger.Handler()))

	ctx := context.Background()
	client, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, &SettingError{Reason: err.Error()}
	}
	whose, err := resource.New(ctx, resource.WithAttributes(semconv.ServiceName(o.Service), semconv.ServiceVersion(o.Version)),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, &SettingError{Reason: err.Error()}
	}
	e := &exporter{sender: newSender(client)}
	most := queueLength()
	e.batch = sdktrace.NewBatchSpanProcessor(e.sender, sdktrace.WithMaxQueueSize(most))
	provider := sdktrace.NewTracerProvider(sdktrace.WithResource(whose), sdktrace.WithSpanProcessor(&queue{SpanProcessor: e.batch, counts: &e.sender.counts, most: int64(most)}))
	e.tracer = provider.Tracer("github.com/urocket/urocket", trace.WithInstrumentationVersion(o.Version))
	if err := told.opened(); err != nil {
		return nil, errors.Join(&SettingError{Reason: err.Error()}, e.Close(ctx))
	}
	o.Logger.Info("traces are exported", "to", to.url.Scheme+"://"+to.url.Host)
	return e, nil
}

// Begin implements [Exporter].
func (e *exporter) Begin(traceparent, tracestate string, at time.Time) Span {
	ctx := trace.ContextWithRemoteSpanContext(context.Background(), callersContext(traceparent, tracestate))
	_, s := e.tracer.Start(ctx, "HTTP", trace.WithTimestamp(at), trace.WithSpanKind(trace.SpanKindServer))
	return span{s}
}

// Counts implements [Exporter].
func (e *exporter) Counts() Counts { return e.sender.counts.now() }

// Close implements [Exporter].
func (e *exporter) Close(ctx context.Context) error {
	err := e.batch.Shutdown(ctx)
	e.sender.giveUp()
	<-e.sender.ended
	if err != nil {
		return fmt.Errorf("send the last spans: %w", err)
	}
	return nil
}
