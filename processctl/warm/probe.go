package warm

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Facts are what is to be known of a PHP with its options before it is kept warm.
type Facts struct {
	prepend string // the user's own auto_prepend_file
	eager   bool   // auto_globals_jit is off
	bare    bool   // register_argc_argv is off
	opcache bool   // the user has turned it on
	preload bool   // opcache.preload is set
	cached  bool   // opcache.file_cache is

	forks, waits error // why it cannot fork, or wait for one call; nil: it can
	marks        []mark
}

// probeFields is how many fields probe.php prints.
const probeFields = 20

// Probe asks PHP what it is with the program's options. run runs a command and returns
// what it has written to stdout; when it fails, the error says what to stderr. The
// error says why nothing can be kept warm.
func (p *Program) Probe(run func(argv []string) (string, error)) error {
	for last := range 3 {
		begun := time.Now()
		f, err := p.look(run)
		if err != nil {
			return err
		}
		// A folder may be used for other things all the time.
		if !younger(f.marks, begun, last < 2) {
			p.facts = f
			return nil
		}
	}
	return errors.New("an ini file of PHP is being changed all the time")
}

func (p *Program) look(run func([]string) (string, error)) (*Facts, error) {
	_, code, _ := strings.Cut(probeText, "<?php")
	code = strings.Replace(code, "FUNCTIONS", strings.Join(slices.Concat(allNeed, forkNeeds, spareNeeds), " "), 1)
	out, err := run(slices.Concat([]string{"php"}, p.Options, []string{"-r", code}))
	if err != nil {
		return nil, fmt.Errorf("ask php what it can do: %w", err)
	}
	_, told, found := strings.Cut(out, "\x00urocket\x00")
	field := strings.Split(told, "\x00")
	if !found || len(field) < probeFields {
		return nil, errors.New("php does not say what it can do")
	}
	return p.judge(field)
}

// judge reads the fields of probe.php.
func (p *Program) judge(field []string) (*Facts, error) {
	const sapi, version, zts, ffi, tasks, disabled, extensions, basedir, prepend, jit, opcache, preload, cached, argv, session, ini = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	switch {
	case field[sapi] != "cli":
		return nil, fmt.Errorf("the command is PHP's %s, not its CLI", field[sapi])
	case field[basedir] != "":
		return nil, errors.New("open_basedir is set, and what a warm PHP begins with lies elsewhere")
	case field[session] == "1":
		return nil, errors.New("session.auto_start is on, and the session would be that of the PHP that waits")
	}
	missing := strings.Fields(field[disabled])
	if err := lacks(missing, allNeed); err != nil {
		return nil, err
	}
	f := &Facts{
		prepend: field[prepend], eager: field[jit] != "1", bare: field[argv] != "1", opcache: field[opcache] == "1" || p.mentions("opcache.enable_cli"),
		preload: field[preload] != "", cached: field[cached] != "",
		waits: lacks(missing, spareNeeds), forks: lacks(missing, forkNeeds),
		marks: iniMarks(p.PHP, field[ini:]),
	}
	switch odd := unforkable(field[extensions]); {
	case f.forks != nil:
	case field[ffi] != "1":
		f.forks = errors.New("its extension FFI is not there, or ffi.enable does not allow it (preload or 1 does)")
	case field[zts] != "0":
		f.forks = errors.New("it is built with threads (ZTS)")
	case field[tasks] != "1":
		f.forks = errors.New("it has more than one thread from the start")
	case odd != "":
		f.forks = fmt.Errorf("its extension %s may not live through a fork", odd)
	}
	return f, nil
}

// The functions that the preludes call: both, and each.
var (
	allNeed    = strings.Fields("getenv ini_get microtime clearstatcache chdir get_included_files spl_object_id krsort gc_collect_cycles")
	forkNeeds  = strings.Fields("scandir readlink set_time_limit getmypid file_get_contents")
	spareNeeds = strings.Fields("putenv stream_socket_client stream_set_timeout getcwd sprintf fread fwrite fclose feof")
)

// lacks says which of the functions that are needed are missing.
func lacks(missing, needed []string) error {
	if left := slices.DeleteFunc(slices.Clone(needed), func(f string) bool { return !slices.Contains(missing, f) }); len(left) > 0 {
		return fmt.Errorf("functions of PHP are disabled: %s", strings.Join(left, " "))
	}
	return nil
}

// mentions says whether an option of the program sets an ini directive.
func (p *Program) mentions(directive string) bool {
	return slices.ContainsFunc(p.Options, func(o string) bool { return strings.Contains(o, directive) })
}

// odd are extensions that start threads, open connections or take measurements when
// PHP starts.
var odd = strings.Fields("grpc newrelic ddtrace blackfire tideways tideways_xhprof elastic_apm scoutapm xdebug pcov parallel")

func unforkable(extensions string) string {
	for name := range strings.FieldsSeq(strings.ToLower(extensions)) {
		if slices.Contains(odd, name) {
			return name
		}
	}
	return ""
}

// Ready asks PHP again what it can do if that may have changed, and says why it can be
// kept warm no more.
func (p *Program) Ready(run func(argv []string) (string, error)) error {
	if !p.Fresh() {
		if err := p.Probe(run); err != nil {
			return err
		}
	}
	if p.Kind == Fork {
		return p.Forks()
	}
	return p.Waits()
}

// Learn takes what another program with the same PHP, options and environment was told;
// false: that is not known, or may be otherwise by now.
func (p *Program) Learn(from Program) bool {
	if !from.Fresh() {
		return false
	}
	p.facts = from.facts
	return true
}

// Waits says why PHP cannot wait for a call; nil: it can.
func (p *Program) Waits() error { return p.facts.waits }

// Forks says why PHP cannot fork; nil: it can.
func (p *Program) Forks() error { return p.facts.forks }
