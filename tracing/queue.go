//go:build otel

package tracing

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// queueLength is how many spans may wait, as the SDK reads it.
func queueLength() int {
	if n, err := strconv.Atoi(setting("OTEL_BSP_MAX_QUEUE_SIZE")); err == nil && n > 0 {
		return n
	}
	return sdktrace.DefaultMaxQueueSize
}

// counts are what has become of spans.
type counts struct {
	waiting                   atomic.Int64 // in the queue, or being sent
	exported, failed, dropped atomic.Int64
}

func (c *counts) now() Counts {
	return Counts{Exported: c.exported.Load(), Failed: c.failed.Load(), Dropped: c.dropped.Load()}
}

// queue lets in as many spans as there is room for. The SDK's own queue, behind it, is
// as long; it would drop spans too, but not tell how many.
type queue struct {
	sdktrace.SpanProcessor
	*counts
	most int64
}

// OnEnd implements [sdktrace.SpanProcessor].
func (q *queue) OnEnd(s sdktrace.ReadOnlySpan) {
	switch {
	case !s.SpanContext().IsSampled():
	case q.waiting.Add(1) > q.most:
		q.waiting.Add(-1)
		q.dropped.Add(1)
	default:
		q.SpanProcessor.OnEnd(s)
	}
}

// sender sends spans, in one goroutine of the SDK's, until it is told to give up.
type sender struct {
	sdktrace.SpanExporter
	counts
	life   context.Context
	giveUp context.CancelFunc
	ended  chan struct{}
}

func newSender(to sdktrace.SpanExporter) *sender {
	s := &sender{SpanExporter: to, ended: make(chan struct{})}
	s.life, s.giveUp = context.WithCancel(context.Background())
	return s
}

// ExportSpans implements [sdktrace.SpanExporter].
func (s *sender) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.life, cancel)()
	err := s.life.Err()
	if err == nil {
		err = s.SpanExporter.ExportSpans(ctx, spans)
	}
	n := int64(len(spans))
	s.waiting.Add(-n)
	if err != nil {
		s.failed.Add(n)
		return err
	}
	s.exported.Add(n)
	return nil
}

// Shutdown implements [sdktrace.SpanExporter]: nothing is sent any more.
func (s *sender) Shutdown(ctx context.Context) error {
	defer close(s.ended)
	return s.SpanExporter.Shutdown(ctx)
}

// complainEvery is how often the log is told what is wrong with the export.
const complainEvery = 10 * time.Second

// complaints is what the SDK is told to say to: an [otel.ErrorHandler]. A collector
// that is away fails with every batch, hundreds of times in a second if need be.
type complaints struct {
	log *slog.Logger

	mu     sync.Mutex
	open   bool
	first  error // before it was open
	last   time.Time
	unsaid int
}

// Handle implements [otel.ErrorHandler].
func (c *complaints) Handle(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.open && c.first == nil:
		c.first = err
	case time.Since(c.last) < complainEvery:
		c.unsaid++
	default:
		c.log.Warn("traces could not be exported", "error", clip(err.Error(), 500), "unsaid", c.unsaid)
		c.last, c.unsaid = time.Now(), 0
	}
}

// opened is what there was to complain of until now.
func (c *complaints) opened() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open = true
	return c.first
}
