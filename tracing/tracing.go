// Package tracing records requests as spans and sends them to a collector of
// OpenTelemetry, by OTLP over HTTP.
//
//	e, err := tracing.New(tracing.Options{…})   // e is nil: nobody wants spans
//	span := e.Begin(traceparent, tracestate, arrived)
//	env = append(env, "TRACEPARENT="+span.Traceparent())
//	span.End(tracing.Call{…})
//	e.Close(ctx)
//
// # What it promises
//
// It is only there in a program that was built with the tag otel (make build
// TAGS=otel): OpenTelemetry's SDK and all that this is built of make it two fifths
// larger. Without the tag an environment that asks for spans is a [SettingError], for
// silence would look like a collector at fault.
//
// What is wanted is said by the variables that OpenTelemetry has for it (OTEL_…), read
// by its SDK. Nothing is sent unless one of them names an endpoint: the default of the
// SDK, some port of this machine, is never used.
//
// Nothing waits for the collector. A span that has ended goes into a queue of bounded
// length, and is dropped and counted where that is full. [Exporter.Close] sends what is
// in the queue for as long as it is told to, and then gives the rest up.
//
// A span is named by the operation, by what the operator has written; whatever a caller
// may choose becomes an attribute at most, of bounded length and valid UTF-8, or one
// such value would have the collector refuse the spans of everybody that are sent with it.
//
// Whether a request is recorded is its caller's choice, if he takes part in a trace and
// OTEL_TRACES_SAMPLER does not say otherwise.
package tracing

import (
	"context"
	"log/slog"
	"time"

	"github.com/urocket/urocket/visor"
)

// Options say whose spans these are.
type Options struct {
	Service string // servicename; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES come before it
	Version string // of urocket
	Logger  *slog.Logger
}

// Exporter records requests. Its methods may be called from many goroutines; none but
// Close blocks.
type Exporter interface {
	// Begin begins the span of a request that arrived at that time, below the one that
	// its caller names in traceparent; "", or what is not valid: it begins a trace.
	Begin(traceparent, tracestate string, at time.Time) Span

	// Counts is how many spans have been exported, failed to be, or were dropped until now.
	Counts() Counts

	// Close sends what is left, until ctx is done, and returns when everything has
	// ended. Spans that end later are lost.
	Close(ctx context.Context) error
}

// Span is the record of one request.
type Span interface {
	// Traceparent and Tracestate are what the request's process is given.
	Traceparent() string
	Tracestate() string

	// End ends the span, once. It does not keep the summary.
	End(c Call)
}

// Call is how a request went.
type Call struct {
	ID     string // REQUEST_ID
	Method string // as the caller has sent it
	Path   string // so too, without the query
	TLS    bool
	Begun  time.Time

	Operation *visor.Operation // nil: it matched none
	Status    int              // of the answer
	Problem   string           // what kind of problem the answer is, where no process was started; "": none
	BrokenOff bool             // the answer had begun and could not be completed
	Replied   time.Duration    // from Begun to the head of the answer; 0: there is none
	Answered  time.Duration    // from Begun to the end of the answer, which is the span's
	Summary   *visor.Summary   // nil: no process was started
}

// Counts is what has become of spans that were sampled and have ended.
type Counts struct {
	Exported, Failed int64 // a collector has taken them; has not
	Dropped          int64 // the queue was full
}

// New makes an exporter as the environment wants it; nil: it wants none. What is wrong
// with a variable is a [SettingError].
func New(o Options) (Exporter, error) {
	to, err := findTarget()
	if err != nil || to == nil {
		return nil, err
	}
	return open(o, to)
}

// Check says whether [New] would refuse the environment, as far as that can be told
// without making anything.
func Check() error {
	to, err := findTarget()
	if err == nil && to != nil && !built {
		err = to.unbuilt()
	}
	return err
}
