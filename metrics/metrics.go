package metrics

import (
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/urocket/urocket/processctl/cgroup"
	"github.com/urocket/urocket/visor"
)

// Unmatched is the path and the method of requests that match no operation. The
// path of an operation begins with a slash.
const Unmatched = "unmatched"

// Options say whose metrics these are, and where to ask for what is counted
// elsewhere. A function that is nil is not asked. All are called from the
// goroutines that answer Prometheus.
type Options struct {
	Service string // servicename
	Version string // of urocket
	Level   string // what holds for the processes, as of [cgroup.Level]

	Places       func() visor.Occupancy
	Draining     func() bool
	DroppedLines func() int64 // of the log
	Total        func() (cgroup.Total, error)
	Pools        func() []Pool
	Spans        func() Spans // of traces that are exported

	Logger *slog.Logger // told why Prometheus could not be answered; nil: slog.Default()
}

// Set is the metrics of one urocket.
type Set struct {
	registry *prometheus.Registry
	log      *slog.Logger
	calls    *calls
	replies  series[int] // by status
	reloads  *reloads

	adopting   sync.Mutex
	operations atomic.Pointer[map[operationKey]*operation] // never changed once it is here
	unmatched  *operation
}

// New makes a set without operations.
func New(o Options) *Set {
	s := &Set{registry: prometheus.NewRegistry(), log: o.Logger}
	if s.log == nil {
		s.log = slog.Default()
	}
	s.operations.Store(&map[operationKey]*operation{})
	s.registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		constant("urocket_build_info", "Always 1; which urocket this is.", "version", o.Version, "goversion", runtime.Version()),
		constant("urocket_service_info", "Always 1; the name of the service, and what holds for its processes: full (limits and kill), track (kill and usage), none.",
			"service", o.Service, "cgroup", o.Level),
	)
	s.calls = newCalls(s.registry)
	s.unmatched = s.calls.unmatched()
	s.countReplies()
	s.reloads = newReloads(s.registry)
	s.askAtScrape(o)
	return s
}

// askAtScrape registers what others know.
func (s *Set) askAtScrape(o Options) {
	if o.Places != nil {
		s.registry.MustRegister(newPlaces(o.Places))
	}
	if o.Total != nil {
		s.registry.MustRegister(newUsage(o.Total))
	}
	if o.Pools != nil {
		s.registry.MustRegister(newPools(o.Pools))
	}
	if o.Spans != nil {
		s.registry.MustRegister(newSpans(o.Spans))
	}
	if o.Draining != nil {
		s.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "urocket_draining", Help: "1 while urocket is stopping and starts nothing any more, else 0.",
		}, func() float64 { return float64(oneIf(o.Draining())) }))
	}
	if o.DroppedLines != nil {
		s.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "urocket_log_lines_dropped_total", Help: "Lines of the log that were dropped because it is read too slowly, or that could not be written.",
		}, func() float64 { return float64(o.DroppedLines()) }))
	}
}

// Adopt begins to count for the operations of a configuration that is now in
// force, each by its path and method. Those of earlier ones are kept.
func (s *Set) Adopt(operations []visor.Operation) {
	s.adopting.Lock()
	defer s.adopting.Unlock()
	all := maps.Clone(*s.operations.Load())
	for i := range operations {
		key := keyOf(&operations[i])
		if all[key] == nil {
			all[key] = s.calls.operation(key)
		}
	}
	s.operations.Store(&all)
	s.reloads.succeeded(time.Now())
}

// ReloadRefused counts a configuration that was not taken.
func (s *Set) ReloadRefused() { s.reloads.refused() }

// Call is how a request went.
type Call struct {
	Operation *visor.Operation // nil: it matched none
	Status    int              // of the answer
	Problem   string           // what kind of problem the answer is, where no process was started; "": none
	BrokenOff bool             // the answer had begun and could not be completed
	Answered  time.Duration    // from the arrival of the request to the end of its answer
	Summary   *visor.Summary   // nil: no process was started
}

// Count counts a request that is over.
func (s *Set) Count(c Call) {
	o := s.unmatched
	if c.Operation != nil {
		if known := (*s.operations.Load())[keyOf(c.Operation)]; known != nil {
			o = known
		}
	}
	if c.Summary == nil {
		o.countRefused(c.Status, c.Problem)
		return
	}
	o.countEnded(&c)
}

// CountReply counts a reply on the socket by the status that it was answered with;
// 0: its sender broke off.
func (s *Set) CountReply(status int) { s.replies.of(statusOf(status)).Inc() }

// Limits of an answer to Prometheus.
const (
	maxScrapes = 4 // at once; more get 503
	scrapeTime = 30 * time.Second
)

// Handler answers with all metrics, in the format that is asked for.
func (s *Set) Handler() http.Handler {
	h := promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{
		ErrorLog: complaints{s.log}, ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: maxScrapes,
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Fails only on a connection that is gone.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(scrapeTime))
		w.Header().Set("X-Content-Type-Options", "nosniff")
		h.ServeHTTP(w, r)
	})
}

// complaints is a promhttp.Logger.
type complaints struct{ log *slog.Logger }

func (c complaints) Println(v ...any) {
	c.log.Warn("metrics are not complete", "error", fmt.Sprint(v...))
}

// constant is a gauge that says something by its labels.
func constant(name, help string, labels ...string) prometheus.Collector {
	l := prometheus.Labels{}
	for i := 0; i < len(labels); i += 2 {
		l[labels[i]] = labels[i+1]
	}
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: l}, func() float64 { return 1 })
}

func oneIf(b bool) int {
	if b {
		return 1
	}
	return 0
}
