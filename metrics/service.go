package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// replyStatuses are those that a reply is answered with, docs/replies.md; 0: its
// sender broke off.
var replyStatuses = []int{200, 400, 403, 404, 408, 409, 410, 413, 422, 500, 0}

// countReplies makes the series of replies.
func (s *Set) countReplies() {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "urocket_replies_total", Help: "Replies on the socket, by the status that they were answered with; none: the sender broke off.",
	}, []string{"status"})
	s.registry.MustRegister(v)
	s.replies.make = func(status int) prometheus.Counter { return v.WithLabelValues(statusText(status)) }
	for _, status := range replyStatuses {
		s.replies.of(status)
	}
}

// reloads is what came of loading configurations, named as Prometheus names its own.
type reloads struct {
	total    *prometheus.CounterVec
	last, at prometheus.Gauge
}

func newReloads(r prometheus.Registerer) *reloads {
	l := &reloads{
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "urocket_config_loads_total", Help: "Configurations that were loaded, the first one included, by what came of it.",
		}, []string{"result"}),
		last: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "urocket_config_last_reload_successful", Help: "1 if the configuration that was loaded last is in force, 0 if it was refused.",
		}),
		at: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "urocket_config_last_reload_success_timestamp_seconds", Help: "When the configuration in force was loaded, in seconds since 1970.",
		}),
	}
	r.MustRegister(l.total, l.last, l.at)
	for _, result := range []string{success, refused} {
		l.total.WithLabelValues(result)
	}
	return l
}

const (
	success = "success"
	refused = "refused"
)

func (l *reloads) succeeded(now time.Time) {
	l.total.WithLabelValues(success).Inc()
	l.last.Set(1)
	l.at.Set(float64(now.UnixMilli()) / 1000)
}

func (l *reloads) refused() {
	l.total.WithLabelValues(refused).Inc()
	l.last.Set(0)
}
