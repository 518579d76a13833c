package conform

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// difference is a fact that is another under a driver than by plain `php`.
type difference struct {
	script  string // the trial
	drivers string // names, separated by blanks
	what    string // the fact
	why     string
}

// differences are all that are known. A row that is not seen is a failure, and
// so is a difference without a row.
var differences = []difference{
	{"left-behind", "spawn fork spare", "processes left", "what a call leaves behind is ended with it"},
}

// of tells whether the row is about a driver.
func (d difference) of(name string) bool {
	return slices.Contains(strings.Fields(d.drivers), name)
}

// listed tells whether a difference is known of processes that were made in this
// way, and notes that it was met.
func (s *suite) listed(tr trial, what, by string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range differences {
		if d.script == tr.name() && d.of(by) && d.what == what {
			s.met[d] = true
			return true
		}
	}
	return false
}

// note that a trial was run: a test may be of some of them alone.
func (s *suite) note(tr trial) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ran[tr.name()] = true
}

// wantAllMet reports the rows of the table that were not seen.
func (s *suite) wantAllMet(t *testing.T) {
	t.Helper()
	for _, d := range differences {
		if d.of(s.driver.name) && s.ran[d.script] && !s.met[d] {
			t.Errorf("%s, %s, %q: this difference is listed, but was not met", d.script, s.driver.name, d.what)
		}
	}
}

// names are those of both, sorted.
func names(a, b facts) []string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}
