package metrics

import (
	"errors"
	"maps"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/urocket/urocket/processctl"
	"github.com/urocket/urocket/processctl/cgroup"
	"github.com/urocket/urocket/visor"
)

// ordinary are the changes that a call of summary() makes beside the total.
func ordinary(path, method string) map[string]float64 {
	p, m := "path="+path, "method="+method
	return map[string]float64{
		of("urocket_answer_duration_seconds_count", p, m): 1, of("urocket_answer_duration_seconds_sum", p, m): .013,
		of("urocket_queue_duration_seconds_count", p, m): 1, of("urocket_queue_duration_seconds_sum", p, m): 20e-6,
		of("urocket_spawn_duration_seconds_count", p, m): 1, of("urocket_spawn_duration_seconds_sum", p, m): .0006,
		of("urocket_run_duration_seconds_count", p, m): 1, of("urocket_run_duration_seconds_sum", p, m): .012,
		of("urocket_process_memory_peak_bytes_count", p, m): 1, of("urocket_process_memory_peak_bytes_sum", p, m): 9 << 20,
		of("urocket_process_cpu_seconds_total", p, m):       .005,
		of("urocket_processes_total", p, m, "driver=spawn"): 1,
	}
}

func total(path, method, status, end string) string {
	return of("urocket_calls_total", "path="+path, "method="+method, "status="+status, "end="+end)
}

func TestCountsWhatHasHappened(t *testing.T) {
	p, m := "path=/pets", "method=GET"
	for name, c := range map[string]struct {
		change func(*Call)
		want   map[string]float64
	}{
		"a reply":            {func(*Call) {}, map[string]float64{total("/pets", "GET", "200", "reply"): 1}},
		"its own status":     {func(c *Call) { c.Status = 418 }, map[string]float64{total("/pets", "GET", "418", "reply"): 1}},
		"a status of nobody": {func(c *Call) { c.Status = 77 }, map[string]float64{total("/pets", "GET", "none", "reply"): 1}},
		"a timeout": {
			func(c *Call) { c.Status, c.Summary.End, c.Summary.Stopped = 504, visor.EndTimeout, visor.EndTimeout },
			map[string]float64{total("/pets", "GET", "504", "timeout"): 1, of("urocket_kills_total", p, m, "reason=timeout"): 1},
		},
		"out of memory": {
			func(c *Call) { c.Status, c.Summary.End, c.Summary.Stats.OOM = 502, visor.EndOOM, true },
			map[string]float64{total("/pets", "GET", "502", "oom"): 1, of("urocket_oom_total", p, m): 1},
		},
		"out of processes": {
			func(c *Call) { c.Summary.Stats.PIDsRefused = 7 },
			map[string]float64{total("/pets", "GET", "200", "reply"): 1, of("urocket_pids_refused_total", p, m): 7},
		},
		"strays": {
			func(c *Call) { c.Summary.Result.Strays = processctl.StraysKilled },
			map[string]float64{total("/pets", "GET", "200", "reply"): 1, of("urocket_strays_total", p, m, "fate=killed"): 1},
		},
		"something left": {
			func(c *Call) { c.Summary.Leftover = errors.New("a directory") },
			map[string]float64{total("/pets", "GET", "200", "reply"): 1, of("urocket_leftovers_total", p, m): 1},
		},
		"broken off": {
			func(c *Call) { c.BrokenOff = true },
			map[string]float64{total("/pets", "GET", "200", "reply"): 1, of("urocket_answers_broken_off_total", p, m): 1},
		},
		"killed for a caller": {
			func(c *Call) {
				c.Status, c.Summary.End, c.Summary.Stopped = 499, visor.EndCallerGone, visor.EndCallerGone
			},
			map[string]float64{total("/pets", "GET", "499", "caller-gone"): 1, of("urocket_kills_total", p, m, "reason=caller-gone"): 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := wholeSet()
			before := scrape(t, s)
			call := Call{Operation: &list, Status: 200, Answered: 13 * time.Millisecond, Summary: summary(visor.EndReply)}
			c.change(&call)
			s.Count(call)
			maps.Copy(c.want, ordinary("/pets", "GET"))
			wantChanges(t, scrape(t, s).changes(before), c.want)
		})
	}
}

// A process that came to be otherwise than it was meant to is counted as what it is.
func TestCountsDrivers(t *testing.T) {
	s := wholeSet()
	before := scrape(t, s)
	for _, driver := range []string{"spawn", "fork", "spare", "worker", "fork -> spawn: php is gone: no such file", "fork -> spare: it cannot", "", "novel"} {
		c := Call{Operation: &list, Status: 200, Summary: summary(visor.EndReply)}
		c.Summary.Driver = driver
		s.Count(c)
	}
	got := scrape(t, s).changes(before)
	for driver, want := range map[string]float64{"spawn": 2, "fork": 1, "spare": 2, "worker": 1, "other": 2} {
		if n := got[of("urocket_processes_total", "path=/pets", "method=GET", "driver="+driver)]; n != want {
			t.Errorf("%v by %s, want %v", n, driver, want)
		}
	}
	if n := got[of("urocket_fallbacks_total", "path=/pets", "method=GET")]; n != 2 {
		t.Errorf("%v fall backs, want 2", n)
	}
}

// Figures that are not known are no zeros.
func TestCountsOnlyFiguresThatAreKnown(t *testing.T) {
	s := wholeSet()
	before := scrape(t, s)
	call := Call{Operation: &list, Status: 200, Answered: 13 * time.Millisecond, Summary: summary(visor.EndReply)}
	call.Summary.Stats.CPU, call.Summary.Stats.Memory = nil, nil
	s.Count(call)
	want := ordinary("/pets", "GET")
	want[total("/pets", "GET", "200", "reply")] = 1
	want[of("urocket_process_cpu_seconds_total", "path=/pets", "method=GET")] = .004 // user and system
	delete(want, of("urocket_process_memory_peak_bytes_count", "path=/pets", "method=GET"))
	delete(want, of("urocket_process_memory_peak_bytes_sum", "path=/pets", "method=GET"))
	wantChanges(t, scrape(t, s).changes(before), want)

	before = scrape(t, s)
	rss := int64(5 << 20)
	call.Summary.Stats.UTime, call.Summary.Stats.STime, call.Summary.Stats.MaxRSS = nil, nil, &rss
	s.Count(call)
	got := scrape(t, s).changes(before)
	if n := got[of("urocket_process_memory_peak_bytes_sum", "path=/pets", "method=GET")]; n != 5<<20 {
		t.Errorf("without memory.peak: %v bytes", n)
	}
	if n, ok := got[of("urocket_process_cpu_seconds_total", "path=/pets", "method=GET")]; ok {
		t.Errorf("without any processor time: %v", n)
	}
}

func TestCountsRefusals(t *testing.T) {
	s := wholeSet()
	before := scrape(t, s)
	s.Count(Call{Operation: &add, Status: 429, Problem: "busy"})
	s.Count(Call{Operation: &add, Status: 503, Problem: "busy"})
	s.Count(Call{Status: 404, Problem: "not-found"})
	s.Count(Call{Status: 204})
	s.CountReply(200)
	s.CountReply(410)
	s.CountReply(0)
	wantChanges(t, scrape(t, s).changes(before), map[string]float64{
		total("/pets", "POST", "429", "none"): 1, total("/pets", "POST", "503", "none"): 1,
		of("urocket_calls_refused_total", "path=/pets", "method=POST", "type=busy"): 2,
		total(Unmatched, Unmatched, "404", "none"):                                  1, total(Unmatched, Unmatched, "204", "none"): 1,
		of("urocket_calls_refused_total", "path="+Unmatched, "method="+Unmatched, "type=not-found"): 1,
		of("urocket_replies_total", "status=200"):                                                   1,
		of("urocket_replies_total", "status=410"):                                                   1, of("urocket_replies_total", "status=none"): 1,
	})
}

// Whatever callers ask for, and whatever statuses scripts think of, the number of
// series is bounded.
func TestNoSeriesForWhatNobodyConfigured(t *testing.T) {
	s := wholeSet()
	before := len(scrape(t, s).series)
	for i := range 5000 {
		unknown := visor.Operation{Path: "/" + strconv.Itoa(i), Method: strconv.Itoa(i)}
		s.Count(Call{Operation: &unknown, Status: 404, Problem: "not-found"})
		s.Count(Call{Operation: &unknown, Status: 200, Summary: summary(visor.EndReply)})
		s.Count(Call{Operation: &list, Status: i - 1000, Summary: summary(visor.EndReply)})
	}
	e := scrape(t, s)
	if more := len(e.series) - before; more > 600 {
		t.Errorf("%d series more", more)
	}
	if n := e.series[total(Unmatched, Unmatched, "404", "none")]; n != 5000 {
		t.Errorf("%v requests that match nothing", n)
	}
	for name := range e.series {
		if strings.Contains(name, `path="/4711"`) {
			t.Errorf("there is %s", name)
		}
	}
}

// All that an alert may ask for is there before it happens.
func TestSeriesAreThereFromTheStart(t *testing.T) {
	s := wholeSet()
	before := scrape(t, s)
	for _, c := range []Call{
		{Operation: &list, Status: 200, Summary: summary(visor.EndReply)},
		{Operation: &list, Status: 504, Summary: summary(visor.EndTimeout)},
		{Operation: &list, Status: 502, Summary: summary(visor.EndOOM)},
		{Operation: &list, Status: 429, Problem: "busy"},
		{Operation: &list, Status: 500, Problem: "start-failed"},
		{Status: 501, Problem: "no-callback"},
	} {
		s.Count(c)
	}
	for name := range scrape(t, s).changes(before) {
		if _, ok := before.series[name]; !ok {
			t.Errorf("%s was not there", name)
		}
	}
}

func TestAdoptingAnotherConfigurationKeepsCounts(t *testing.T) {
	s := wholeSet()
	s.Count(Call{Operation: &list, Status: 200, Summary: summary(visor.EndReply)})
	other := visor.Operation{Path: "/other", Method: "GET"}
	s.Adopt([]visor.Operation{other, add}) // list is not there any more, but may still end
	s.Count(Call{Operation: &list, Status: 200, Summary: summary(visor.EndReply)})
	s.ReloadRefused()
	e := scrape(t, s)
	for name, want := range map[string]float64{
		total("/pets", "GET", "200", "reply"):                                 2,
		total("/other", "GET", "200", "reply"):                                0,
		of("urocket_config_loads_total", "result=success"):                    2,
		of("urocket_config_loads_total", "result=refused"):                    1,
		"urocket_config_last_reload_successful":                               0,
		of("urocket_run_duration_seconds_count", "path=/other", "method=GET"): 0,
	} {
		if got, ok := e.series[name]; !ok || got != want {
			t.Errorf("%s %v (%v), want %v", name, got, ok, want)
		}
	}
	s.Adopt([]visor.Operation{list, add})
	if e := scrape(t, s); e.series[total("/pets", "GET", "200", "reply")] != 2 || e.series["urocket_config_last_reload_successful"] != 1 {
		t.Error("an operation that came back has lost its count, or the reload does not count")
	}
}

func TestAsksWhatOthersKnow(t *testing.T) {
	e := scrape(t, wholeSet())
	for name, want := range map[string]float64{
		"urocket_places_used": 3, "urocket_places_max": 64, "urocket_queue_max": 256,
		of("urocket_calls_in_flight", "path=/pets", "method=POST"):                                               1 + 1,
		of("urocket_calls_queued", "path=/pets", "method=POST"):                                                  1,
		of("urocket_operation_places_max", "path=/pets", "method=POST"):                                          2,
		of("urocket_operation_queue_max", "path=/pets", "method=POST"):                                           8,
		"urocket_log_lines_dropped_total":                                                                        17,
		"urocket_cgroup_cpu_seconds_total":                                                                       1.5,
		of("urocket_cgroup_groups", "state=dying"):                                                               2,
		of("urocket_spans_total", "outcome=failed"):                                                              2,
		of("urocket_service_info", "service=pets", "cgroup=full"):                                                1,
		of("urocket_pool_processes", "path=/pets", "method=POST", "driver=worker", "state=busy"):                 3,
		of("urocket_pool_processes_ended_total", "path=/pets", "method=POST", "driver=worker", "reason=timeout"): 1,
	} {
		if got, ok := e.series[name]; !ok || got != want {
			t.Errorf("%s %v (%v), want %v", name, got, ok, want)
		}
	}
	for name := range e.series {
		if strings.HasPrefix(name, "urocket_operation_") && strings.Contains(name, `"GET"`) {
			t.Errorf("an operation without places of its own has %s", name)
		}
	}
}

// What cannot be told is left out; the rest is there.
func TestLeavesOutWhatIsNotKnown(t *testing.T) {
	for name, ask := range map[string]func() (cgroup.Total, error){
		"no group":       func() (cgroup.Total, error) { return cgroup.Total{}, errors.New("there is none") },
		"no controllers": func() (cgroup.Total, error) { return cgroup.Total{Memory: -1, Tasks: -1}, nil },
	} {
		s := New(Options{Service: "pets", Total: ask})
		e := scrape(t, s)
		for _, metric := range []string{"urocket_cgroup_memory_bytes", "urocket_cgroup_tasks", "urocket_places_max", "urocket_draining"} {
			if v, ok := e.series[metric]; ok {
				t.Errorf("%s: there is %s %v", name, metric, v)
			}
		}
		if _, ok := e.series["urocket_cgroup_cpu_seconds_total"]; ok != (name == "no controllers") {
			t.Errorf("%s: urocket_cgroup_cpu_seconds_total is there: %v", name, ok)
		}
	}
}

// Calls, reloads and Prometheus come at the same time; nothing is lost.
func TestAllAtOnce(t *testing.T) {
	s := wholeSet()
	const each = 500
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range each {
				s.Count(Call{Operation: &list, Status: 200 + n%300, Summary: summary(visor.EndReply)})
				s.Count(Call{Operation: &add, Status: 429, Problem: "busy"})
				s.CountReply(200 + i)
			}
		})
	}
	wg.Go(func() {
		for i := range 50 {
			s.Adopt([]visor.Operation{list, {Path: "/" + strconv.Itoa(i), Method: "GET"}})
		}
	})
	for range 5 {
		scrape(t, s)
	}
	wg.Wait()
	e, ended, replies := scrape(t, s), 0., 0.
	for name, value := range e.series {
		switch {
		case strings.HasPrefix(name, "urocket_calls_total{") && strings.Contains(name, `end="reply"`):
			ended += value
		case strings.HasPrefix(name, "urocket_replies_total{"):
			replies += value
		}
	}
	if busy := e.series[total("/pets", "POST", "429", "none")]; ended != 8*each || busy != 8*each || replies != 8*each {
		t.Errorf("%v calls, %v refusals and %v replies were counted, want %d of each", ended, busy, replies, 8*each)
	}
}
