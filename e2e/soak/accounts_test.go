package soak

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/urocket/urocket/e2e/leftovers"
)

// poolFigures is an entry of the pools of /urprocs.
type poolFigures struct {
	Path, Method                           string
	Min, Max, Alive, Busy, Booting, Ending int
	Queued                                 int
	Requests, Ends                         map[string]int // so one that replaces a worker is another at each look
}

func (s *soak) pools() ([]poolFigures, error) {
	a, err := s.back("GET", "/urprocs", nil)
	if err != nil {
		return nil, err
	}
	var list struct{ Pools []poolFigures }
	return list.Pools, json.Unmarshal(a.body, &list)
}

// unrest says what of the pools is not at rest, or is not what is there.
func (s *soak) unrest(l *life) (what []string) {
	pools, err := s.pools()
	if err != nil {
		return []string{err.Error()}
	}
	said := 0
	for _, p := range pools {
		if p.Busy > 0 || p.Queued > 0 || p.Booting > 0 || p.Ending > 0 || p.Alive < p.Min || p.Alive > p.Max {
			what = append(what, fmt.Sprintf("pool %+v", p))
		}
		said += p.Alive
	}
	alive := slices.DeleteFunc(s.standing(l), func(pid int) bool {
		return s.kindOf(pid) != aWorker || !strings.Contains(leftovers.CommandLine(pid), "php")
	})
	if len(alive) != said {
		what = append(what, fmt.Sprintf("%d workers are alive, the pools have %d", len(alive), said))
	}
	return what
}

// audit holds the figures of the pools against the log: each request that was handed
// over has ended in one way, and is one line.
func (s *soak) audit(l *life) {
	pools, err := s.pools()
	if err != nil {
		s.fault("life %d: %v", l.number, err)
	}
	text, _ := os.ReadFile(l.log)
	lines := map[string]int{}
	for line := range strings.Lines(string(text[l.audited:])) {
		var e logLine
		if json.Unmarshal([]byte(line), &e) == nil && e.Msg == "request" && e.Wall != nil {
			lines[e.Method+" "+e.Path]++
		}
	}
	for _, p := range pools {
		handed := 0
		for outcome, n := range p.Requests {
			if outcome != "busy" && outcome != "refused" {
				handed += n
			}
		}
		// The pool of what shifts is another one after each reload.
		if name := p.Method + " " + p.Path; handed != lines[name] && p.Path != "/shift" {
			s.fault("life %d: the pool of %s has had %d requests, the log knows of %d: %v", l.number, name, handed, lines[name], p.Requests)
		}
	}
}

// drivers holds what /urprocs says of how processes came to be against the
// configuration, and counts it.
func (s *soak) drivers(l *life) {
	all, err := s.processes()
	if err != nil {
		s.fault("life %d: %v", l.number, err)
	}
	for _, p := range all {
		if p.Driver == nil {
			continue // none came to be
		}
		told, why, _ := strings.Cut(*p.Driver, ": ")
		if want := s.driversOf(p.Path); !slices.Contains(want, told) || strings.Contains(told, "->") == (why == "") {
			s.fault("life %d: a process of %s came to be by %q", l.number, p.Path, *p.Driver)
		}
		if !s.counted[p.RequestID] {
			s.counted[p.RequestID] = true
			s.events.add("processes by "+told, 1)
		}
	}
}

// allDrivers demands that each has been met by now.
func (s *soak) allDrivers() {
	met := s.events.counts()
	for _, told := range []string{"spawn", "worker", "fork", "fork -> spare"} {
		if met["processes by "+told] == 0 && (told != "fork" || s.level == "cgroups") {
			s.fault("no process came to be by %s", told)
		}
	}
}

// driversOf are those that processes of a path may have come to be by.
func (s *soak) driversOf(path string) []string {
	at := slices.IndexFunc(s.ops, func(o *operation) bool { return o.path == path })
	kept := map[string][]string{
		"": {"spawn"}, workers: {"worker"}, forks: {"fork", "fork -> spawn"}, spares: {"fork -> spare", "fork -> spawn"},
		shifts: {"spawn", "worker", "fork", "fork -> spare", "fork -> spawn"},
	}
	if at < 0 {
		return nil
	}
	if list := kept[s.ops[at].driver]; s.level == "cgroups" || s.ops[at].driver != forks {
		return list
	}
	return kept[spares]
}
