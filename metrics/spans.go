package metrics

import "github.com/prometheus/client_golang/prometheus"

// Spans is what has become of the spans of traces since the start.
type Spans struct {
	Exported, Failed int64 // a collector has taken them; has not
	Dropped          int64 // there was no room to keep them until it does
}

// spans are a [prometheus.Collector].
type spans struct {
	ask   func() Spans
	total described
}

func newSpans(ask func() Spans) *spans {
	return &spans{ask: ask, total: counter("spans_total", "Spans of traces, where they are exported, by what has become of them: exported, failed (the collector has not taken them), dropped (it takes them too slowly).", "outcome")}
}

// Describe implements [prometheus.Collector].
func (s *spans) Describe(to chan<- *prometheus.Desc) { describe(to, s.total) }

// Collect implements [prometheus.Collector].
func (s *spans) Collect(to chan<- prometheus.Metric) {
	n := s.ask()
	s.total.send(to, float64(n.Exported), "exported")
	s.total.send(to, float64(n.Failed), "failed")
	s.total.send(to, float64(n.Dropped), "dropped")
}
