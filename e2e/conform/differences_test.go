package conform

import (
	"maps"
	"slices"
	"strings"
	"sync"
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
	sameTime     = "opcache takes a file for the one that it knows if path and time of modification are the same"
	ownExtension = "it is an extension"
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
	{"ini-with-options", "fork", "ini auto_prepend_file", ownPrepend},
	{"ini-with-options", "fork", "ini register_argc_argv", ownArguments},
	{"ini-with-options", "fork", "ini opcache.revalidate_freq", atOnce},
	{"ini-with-options", "fork", "ini opcache.revalidate_path", atOnce},
	{"prepend", "fork spare", "auto_prepend_file", ownPrepend},
	{"prepend", "fork spare", "included", ownPrepend},
	{"prepend-relative", "fork", "auto_prepend_file", ownPrepend},
	{"prepend-relative", "fork", "included", ownPrepend},
	{"whereami", "fork spare", "included", ownPrepend},
	{"linked", "fork", "included", ownPrepend},
	{"universe", "fork spare", "first resource", ownPrepend},
	{"universe", "fork spare", "resources", ownPrepend},
	{"getopt", "fork spare", "of an argv that was changed", ownArguments},

	{"no-such-extension", "fork", "stderr", "what PHP says at its start is in urocket's log, once"},

	{"include-keeping-times", "fork", "stdout", sameTime},

	{"opcache", "fork", "enabled for scripts", ownCache},
	{"opcache", "fork", "status", ownCache},
	{"opcache", "fork", "cached", ownCache},
	{"opcache", "fork", "compile", ownCache},
	{"opcache", "fork", "invalidate", ownCache},

	{"universe", "fastexit", "extensions", ownExtension},
	{"ini-file", "fastexit", "extensions", ownExtension},
	{"ini-none", "fastexit", "extensions", ownExtension},
	{"proc-self", "fastexit", "cmdline", ownExtension},
	{"proc-self", "fastexit", "ps", ownExtension},

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

// of tells whether the row is about one of some drivers.
func (d difference) of(names []string) bool {
	return slices.ContainsFunc(strings.Fields(d.drivers), func(name string) bool { return slices.Contains(names, name) })
}

// known are the differences that are listed, and which of them were met.
type known struct {
	list []difference

	mu     sync.Mutex
	trials map[string][]string // that were run, and by which drivers: a test may be of some of them alone
	met    map[difference]bool
}

// ran notes that all calls of a trial were served by these drivers.
func (k *known) ran(script string, drivers []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.trials == nil {
		k.trials = map[string][]string{}
	}
	k.trials[script] = append(k.trials[script], drivers...)
}

// unlisted are the facts that differ and are not in the list for a script and
// these drivers. The others are met.
func (k *known) unlisted(script string, drivers []string, truth, served facts) (what []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, name := range names(truth, served) {
		want, wanted := truth[name]
		got, there := served[name]
		if wanted == there && want == got {
			continue
		}
		i := slices.IndexFunc(k.list, func(d difference) bool { return d.script == script && d.what == name && d.of(drivers) })
		if i < 0 {
			what = append(what, name)
			continue
		}
		if k.met == nil {
			k.met = map[difference]bool{}
		}
		k.met[k.list[i]] = true
	}
	return what
}

// unmet are the rows for these drivers that were not seen, of those trials that
// they have served.
func (k *known) unmet(drivers []string) (rows []difference) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, d := range k.list {
		if d.of(drivers) && d.of(k.trials[d.script]) && !k.met[d] {
			rows = append(rows, d)
		}
	}
	return rows
}

// names are those of both, sorted.
func names(a, b facts) []string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}

// The table is judged both ways: a difference without a row is a failure, and so
// is a row without a difference.
func TestTable(t *testing.T) {
	row := difference{"a", "fork spare", "x", "so it is"}
	gone := difference{"a", "fork", "y", "so it was"}
	other := difference{"b", "fork", "x", "of a trial that was not run"}
	k := &known{list: []difference{row, gone, other}}
	k.ran("a", []string{"fork"})
	truth := facts{"x": "1", "y": "1", "z": "1", "only by php": ""}
	served := facts{"x": "2", "y": "1", "z": "2", "only served": ""}
	if got := k.unlisted("a", []string{"fork"}, truth, served); !slices.Equal(got, []string{"only by php", "only served", "z"}) {
		t.Errorf("not listed: %q", got)
	}
	if got := k.unlisted("a", []string{"spawn"}, truth, served); !slices.Contains(got, "x") {
		t.Errorf("a row of other drivers counts for spawn: %q", got)
	}
	if got := k.unmet([]string{"fork"}); !slices.Equal(got, []difference{gone}) {
		t.Errorf("not met: %q", got)
	}
}

// No row is there twice, and each is of a trial and of drivers that there are.
func TestTableIsOfTrials(t *testing.T) {
	seen, all := map[string]bool{}, trials()
	for _, d := range differences {
		for name := range strings.FieldsSeq(d.drivers) {
			i := slices.IndexFunc(drivers, func(is driver) bool { return is.name == name })
			if i < 0 {
				t.Fatalf("%v: there is no driver %s", d, name)
			}
			if !slices.ContainsFunc(drivers[i].of(all, true), func(tr trial) bool { return tr.name() == d.script }) {
				t.Errorf("%v: there is no such trial of %s", d, name)
			}
			if key := d.script + "/" + name + "/" + d.what; seen[key] {
				t.Errorf("%s is there twice", key)
			} else {
				seen[key] = true
			}
		}
		if strings.ContainsAny(d.what+d.why, "|\n") || d.why == "" {
			t.Errorf("%v: the row cannot stand in a table", d)
		}
	}
}
