package metrics

import (
	"maps"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/urocket/urocket/processctl/cgroup"
	"github.com/urocket/urocket/visor"
)

// exposed is an answer to Prometheus: the value of each series, as it is written
// there, and what is said of each metric.
type exposed struct {
	series     map[string]float64
	help, kind map[string]string
}

// scrape asks as Prometheus does.
func scrape(t *testing.T, s *Set) exposed {
	t.Helper()
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
		t.Fatalf("answered %d, %s", w.Code, w.Header().Get("Content-Type"))
	}
	e := exposed{series: map[string]float64{}, help: map[string]string{}, kind: map[string]string{}}
	for line := range strings.Lines(w.Body.String()) {
		line = strings.TrimSuffix(line, "\n")
		if about, ok := strings.CutPrefix(line, "# "); ok {
			what, rest, _ := strings.Cut(about, " ")
			name, text, _ := strings.Cut(rest, " ")
			map[string]map[string]string{"HELP": e.help, "TYPE": e.kind}[what][name] = text
			continue
		}
		name, value, ok := strings.Cut(line, "} ")
		if ok {
			name += "}"
		} else {
			name, value, _ = strings.Cut(line, " ")
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		e.series[name] = n
	}
	return e
}

// changes are the series of ours, buckets left out, that have another value than
// before, and by how much.
func (e exposed) changes(before exposed) map[string]float64 {
	diff := map[string]float64{}
	for name, value := range e.series {
		if strings.HasPrefix(name, "urocket_") && !strings.Contains(name, "_bucket{") && value != before.series[name] {
			diff[name] = value - before.series[name]
		}
	}
	return diff
}

// of writes a series; labels as "name=value", in the order of their names.
func of(name string, labels ...string) string {
	slices.Sort(labels)
	for i, l := range labels {
		key, value, _ := strings.Cut(l, "=")
		labels[i] = key + `="` + value + `"`
	}
	return name + "{" + strings.Join(labels, ",") + "}"
}

var (
	list = visor.Operation{Path: "/pets", Method: "GET", Running: visor.NoLimit, Queued: visor.NoLimit}
	add  = visor.Operation{Path: "/pets", Method: "POST", Running: 2, Queued: 8}
)

// wholeSet is one that shows every metric that there is.
func wholeSet() *Set {
	s := New(Options{
		Service: "pets", Version: "1.2.3", Level: cgroup.Full.String(),
		Places: func() visor.Occupancy {
			return visor.Occupancy{Running: 3, Queued: 1, MaxRunning: 64, MaxQueued: 256, Operations: []visor.OperationOccupancy{
				{Operation: list, Holding: 1}, {Operation: add, Holding: 2, Waiting: 1},
			}}
		},
		Draining:     func() bool { return false },
		DroppedLines: func() int64 { return 17 },
		Spans:        func() Spans { return Spans{Exported: 5, Failed: 2, Dropped: 1} },
		Total: func() (cgroup.Total, error) {
			return cgroup.Total{CPU: 1500e6, Memory: 1 << 20, Tasks: 4, Groups: 3, Dying: 2}, nil
		},
		Pools: func() []Pool {
			return []Pool{{
				Path: "/pets", Method: "POST", Driver: "worker", Max: 8,
				States: map[string]int{"booting": 1, "idle": 2, "busy": 3, "ending": 0},
				Ended:  map[string]int64{"requests": 13, "timeout": 1}, Requests: map[string]int64{"answered": 6500, "timeout": 1},
			}}
		},
	})
	s.Adopt([]visor.Operation{list, add})
	return s
}

func wantChanges(t *testing.T, got, want map[string]float64) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if diff := got[name] - want[name]; diff > 1e-9 || diff < -1e-9 {
			t.Errorf("%s has grown by %v, want %v", name, got[name], want[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok {
			t.Errorf("%s has grown by %v", name, got[name])
		}
	}
}
