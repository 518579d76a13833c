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

// Reasons that several have.
const (
	ownPrepend   = "PHP waits in a file of urocket's, which it includes before the script"
	ownArguments = "the arguments are those of the call, not those that PHP was started with"
	ownCache     = "code is compiled once for all calls"
	ownTitle     = "a spare has its command line as a title, for ps"
	atOnce       = "an edited file is seen at once"
)

// differences are all that are known. A row that is not seen is a failure, and
// so is a difference without a row.
var differences = []difference{
	{"left-behind", "spawn fork spare", "processes left", "what a call leaves behind is ended with it"},

	{"ini", "fork spare", "ini auto_prepend_file", ownPrepend},
	{"ini", "fork spare", "ini register_argc_argv", ownArguments},
	{"ini", "fork", "ini opcache.enable_cli", ownCache},
	{"ini", "fork", "ini opcache.revalidate_freq", atOnce},
	{"ini", "fork", "ini opcache.revalidate_path", atOnce},
	{"ini-with-options", "fork spare", "ini auto_prepend_file", ownPrepend},
	{"ini-with-options", "fork spare", "ini register_argc_argv", ownArguments},
	{"ini-with-options", "fork", "ini opcache.revalidate_freq", atOnce},
	{"ini-with-options", "fork", "ini opcache.revalidate_path", atOnce},
	{"prepend", "fork spare", "auto_prepend_file", ownPrepend},
	{"prepend", "fork spare", "included", ownPrepend},
	{"prepend-relative", "fork spare", "auto_prepend_file", ownPrepend},
	{"prepend-relative", "fork spare", "included", ownPrepend},
	{"whereami", "fork spare", "included", ownPrepend},
	{"universe", "fork spare", "first resource", ownPrepend},
	{"universe", "fork spare", "resources", ownPrepend},
	{"getopt", "fork spare", "of an argv that was changed", ownArguments},

	{"opcache", "fork", "enabled for scripts", ownCache},
	{"opcache", "fork", "status", ownCache},
	{"opcache", "fork", "cached", ownCache},
	{"opcache", "fork", "compile", ownCache},
	{"opcache", "fork", "invalidate", ownCache},

	{"streams", "fork spare", "descriptors", "the file that PHP has waited in is open; under fork opcache's lock as well"},
	{"streams-without-input", "fork spare", "descriptors", "the file that PHP has waited in is open; under fork opcache's lock as well"},
	{"streams", "fork spare", "STDIN meta", "PHP found out whether STDIN can be sought in when it started: it was a pipe"},
	{"streams", "spare", "STDIN kind", "a spare's stdin is a pipe from its start, also for what spawn passes as a file"},
	{"streams", "spare", "STDIN flags", "a spare's stdin is a pipe from its start, also for what spawn passes as a file"},
	{"proc-self", "spare", "cmdline", "a spare is told its command line, and writes it where the old one stood, with blanks between the words"},
	{"identity", "spare", "title", ownTitle},
	{"identity-limited", "spare", "title", ownTitle},
	{"identity-of-another", "spare", "title", ownTitle},
	{"state", "spare", "title", ownTitle},
	{"proc-self", "spare", "environ", "a spare was started before the call; getenv() and children have what they should"},
	{"env-order", "spare", "order of getenv()", "what the call adds stands behind what was there at the start"},
	{"env-order", "spare", "order of $_SERVER", "what the call adds stands behind what was there at the start"},
	{"env-order", "spare", "order in a child", "what the call adds stands behind what was there at the start"},
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
