package processctl

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/urocket/urocket/internal/notrun"
	"github.com/urocket/urocket/processctl/family"
	"github.com/urocket/urocket/processctl/spool"
	"github.com/urocket/urocket/processctl/warm"
)

// stove is a controller with a PHP script in a folder.
type stove struct {
	t   *testing.T
	c   *Controller
	dir string

	hatches bool // each process is one that was forked ahead
}

// hatched is the driver fork, with processes that were forked ahead.
const hatched warm.Driver = "hatched"

func newStove(t *testing.T, o Options, script string) *stove {
	t.Helper()
	o.Name = "test"
	c, err := New(o)
	must(t, err)
	s := &stove{t: t, c: c, dir: t.TempDir()}
	for dir := s.dir; dir != "/tmp" && dir != "/"; dir = filepath.Dir(dir) {
		must(t, os.Chmod(dir, 0o755))
	}
	s.write("a.php", script)
	t.Cleanup(func() {
		prelude := c.hearth.preludes.dir
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := c.Close(ctx); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(prelude); prelude != "" && err == nil {
			t.Error(prelude, "is left")
		}
		for _, m := range family.Below(os.Getpid()) {
			t.Errorf("process %d is left: %s", m.PID, family.Name(m.PID))
		}
	})
	return s
}

func (s *stove) path(name string) string { return filepath.Join(s.dir, name) }

func (s *stove) write(name, text string) {
	s.t.Helper()
	must(s.t, os.WriteFile(s.path(name), []byte(text), 0o644))
}

// warm keeps PHP warm for a command line, php with options before a.php.
func (s *stove) warm(kind warm.Driver, options string, edit func(*Warm)) *Warm {
	s.t.Helper()
	if s.hatches = kind == hatched; s.hatches {
		kind = warm.Fork
	}
	w := &Warm{
		Program: warm.Program{
			PHP: "/usr/bin/php", Options: strings.Fields(options), Script: "a.php", Dir: s.dir, Kind: kind, Title: "test: warm",
			Env: []string{"PATH=/usr/bin:/bin", "BASE=1"},
		},
		Log: func(text string) { s.t.Log("told:", text) },
	}
	w.Args = 2 + len(w.Options)
	if edit != nil {
		edit(w)
	}
	s.c.Probe(w)
	if w.Why != nil && kind == warm.Fork && s.c.parent != nil && !strings.Contains(options, "-n") {
		notrun.Here(s.t, w.String())
	}
	must(s.t, s.c.KeepWarm([]*Warm{w}))
	return w
}

// call has a process born by w, or started where w is nil.
func (s *stove) call(w *Warm, edit func(*Spec)) run {
	s.t.Helper()
	r, err := s.tryCall(w, edit)
	must(s.t, err)
	return r
}

func (s *stove) tryCall(w *Warm, edit func(*Spec)) (run, error) {
	r := run{exited: make(chan Result, 1), ended: make(chan Result, 1), timedOut: make(chan struct{}, 1)}
	spec := Spec{
		Path: "/usr/bin/php", Argv: []string{"php", "a.php"}, Env: []string{"REQUEST_ID=7", "PATH=/usr/bin:/bin"}, Dir: s.dir, Tail: 1 << 20,
		Timeout: 60 * time.Second, Grace: time.Second, Warm: w,
		Events: Events{
			Exited:   func(res Result) { r.exited <- res },
			TimedOut: func() { r.timedOut <- struct{}{} },
			Ended:    func(res Result) { r.ended <- res },
		},
	}
	if w != nil {
		spec.Argv = append(append([]string{"php"}, w.Options...), "a.php")
		spec.Isolation = w.Isolation
	}
	if edit != nil {
		edit(&spec)
	}
	if w != nil && s.hatches {
		_ = s.laid(w)
	}
	p, err := s.c.Start(spec)
	r.Process = p
	return r, err
}

// laid waits until a process was forked ahead, and returns its pid; 0 if PHP has to be
// started anew first.
func (s *stove) laid(w *Warm) int {
	s.t.Helper()
	n := w.nest
	if n == nil {
		return 0
	}
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if pid, _ := n.Serving(); pid == 0 {
			return 0
		}
		n.mu.Lock()
		n.backoff = warm.Backoff{} // tests lose many
		one := n.ready
		n.mu.Unlock()
		if one != nil {
			return one.PID
		}
	}
	s.t.Fatal("nothing is forked ahead")
	return 0
}

// said waits for the end of a process and says what it wrote and how it ended.
func (r run) said(t *testing.T) string {
	t.Helper()
	r.Release()
	res := get(t, r.ended, "ended")
	out, _ := r.Tail(Stdout, 1<<20)
	errs, _ := r.Tail(Stderr, 1<<20)
	return fmt.Sprintf("%s%s(%d %v)", out, errs, res.Exit, res.Signal)
}

// ready waits until a process is born in the way that is wanted.
func (s *stove) ready(w *Warm) {
	s.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if w.keeper != nil {
			if pid, _ := w.keeper.Serving(); pid > 0 {
				return
			}
		}
		if w.spares != nil {
			w.spares.mu.Lock()
			n := len(w.spares.ready)
			w.spares.mu.Unlock()
			if n > 0 {
				return
			}
		}
		if time.Now().After(end) {
			s.t.Fatal("nothing is warm")
		}
	}
}

// like are scripts that have to do the same however their process came to be. Each is
// called with the arguments x, an empty one, é and -n, and stdin as named.
var like = []struct {
	name, options, script string
	stdin                 int // bytes; 0: none
}{
	{name: "arguments", script: `<?php var_dump($argv, $argc, $_SERVER['argv'], $_SERVER['argc'], $GLOBALS['argv'], getopt('n'));`},
	{name: "environment", script: `<?php $e = getenv(); ksort($e); var_dump($e, $_ENV, $_SERVER['REQUEST_ID'], isset($_SERVER['BASE']), getenv('BASE'), isset($_SERVER['UROCKET_TITLE']));`},
	{name: "environment in $_ENV", options: "-d variables_order=EGPCS", script: `<?php ksort($_ENV); var_dump($_ENV);`},
	{name: "no just in time", options: "-d auto_globals_jit=0 -d variables_order=EGPCS", script: `<?php var_dump(isset($GLOBALS['_ENV']), count(${'_ENV'}), array_keys($GLOBALS), isset($GLOBALS['_REQUEST']));`},
	{name: "no server", options: "-d variables_order=G", script: `<?php var_dump($_SERVER, $argv, getopt('n'));`},
	{name: "server", script: `<?php foreach (['PHP_SELF', 'SCRIPT_NAME', 'SCRIPT_FILENAME', 'PATH_TRANSLATED', 'DOCUMENT_ROOT'] as $k) var_dump($_SERVER[$k]);
		var_dump(array_keys($GLOBALS), $_SERVER['REQUEST_TIME'] >= time() - 20, __FILE__, __DIR__, getcwd(), PHP_SAPI, $_SERVER['REQUEST_TIME_FLOAT'] - $_SERVER['REQUEST_TIME'] < 1);`},
	{name: "shebang", script: "#!/usr/bin/php\n<?php echo __LINE__; exit(41);"},
	{name: "exit with text", script: `<?php register_shutdown_function(function () { echo "bye"; }); exit("text");`},
	{name: "return", script: `<?php echo 1; return 5;`},
	{name: "halt", script: "<?php echo stream_get_contents(fopen(__FILE__, 'r'), -1, __COMPILER_HALT_OFFSET__); __halt_compiler();data"},
	{name: "uncaught", script: "<?php function f() { throw new LogicException('no'); }\nf();"},
	{name: "parse error", script: "<?php echo 1;\n}"},
	{name: "undefined", script: `<?php echo $x; nothing();`},
	{name: "memory", options: "-d memory_limit=8M", script: `<?php $a = str_repeat('x', 9 << 20);`},
	{name: "time limit", options: "-d max_execution_time=1", script: `<?php for (;;);`},
	{name: "killed", script: `<?php posix_kill(posix_getpid(), 9);`},
	{name: "terminated", script: `<?php register_shutdown_function(function () { echo "never"; }); posix_kill(getmypid(), 15); sleep(5);`},
	{name: "buffers", options: "-d output_buffering=100", script: `<?php ob_start(fn ($s) => strtoupper($s)); echo "x"; var_dump(ob_get_level());`},
	{name: "stdin", stdin: 11, script: `<?php var_dump(stream_get_contents(STDIN), fgets(STDIN), feof(STDIN));`},
	{name: "stdin by name", stdin: 30000, script: `<?php echo md5(file_get_contents('php://stdin'));`},
	{name: "stdin in pieces", stdin: 500000, script: `<?php for ($n = 0; ($s = fgets(STDIN)) !== false; $n++) $h = md5(($h ?? '') . $s); echo $n, $h;`},
	{name: "no stdin", script: `<?php var_dump(stream_get_contents(STDIN), file_get_contents('php://stdin'), feof(STDIN));`},
	{name: "stderr", script: `<?php fwrite(STDERR, "to stderr"); fwrite(STDOUT, "to stdout"); error_log('logged'); file_put_contents('php://stderr', 'more');`},
	{name: "signals", script: `<?php pcntl_async_signals(true); pcntl_signal(SIGUSR1, function () { echo "usr1"; }); posix_kill(getmypid(), SIGUSR1); echo "after"; var_dump(pcntl_sigprocmask(SIG_BLOCK, [], $old), $old);`},
	{name: "fork", script: `<?php $p = pcntl_fork(); if (!$p) exit(9); pcntl_waitpid($p, $st); echo pcntl_wexitstatus($st); echo posix_getsid(0) === getmypid(), posix_getpgrp() === getmypid();`},
	{name: "children", script: `<?php echo shell_exec('echo $REQUEST_ID $BASE; ls -l /proc/self/fd | grep -c socket'); passthru('cat; pwd'); echo exec('exit 3', $o, $c), $c;`},
	{name: "descriptors", script: `<?php $n = 0; foreach (scandir('/proc/self/fd') as $f) $n += str_starts_with((string) @readlink("/proc/self/fd/$f"), 'socket:'); echo $n; echo str_replace("\0", ' ', file_get_contents('/proc/self/comm'));`},
	{name: "limits", script: `<?php var_dump(posix_getrlimit()['soft openfiles'], umask(), ini_get('max_execution_time'), ini_get('memory_limit'), ini_get('error_log'), setlocale(LC_ALL, 0), date_default_timezone_get());`},
	{name: "includes", script: `<?php require_once __DIR__ . '/b.inc'; require_once './b.inc'; include 'b.inc'; echo count(get_included_files()) - count(preg_grep('/fork|spare/', get_included_files()));`},
	{name: "inode", script: `<?php var_dump(getmyinode() === fileinode(__FILE__), getlastmod() === filemtime(__FILE__), getmyuid());`},
	{name: "own prepend", options: "-d auto_prepend_file=b.inc -d auto_append_file=c.inc", script: `<?php echo "main$global"; function g() { global $global; echo $global; } g(); var_dump(array_keys(get_defined_vars()));`},
	{name: "trace", script: `<?php debug_print_backtrace(); function f() { debug_print_backtrace(); } f(); var_dump(array_keys(get_defined_vars()));`},
	{name: "destructors", script: `<?php class A { function __destruct() { echo "gone"; } } $a = new A; $g = (function () { try { yield 1; } finally { echo "finally"; } })(); $g->current(); echo "x";`},
	{name: "temporary", script: `<?php $f = tmpfile(); fwrite($f, 'x'); $n = tempnam('', 'a'); var_dump(dirname($n), sys_get_temp_dir()); unlink($n);`},
	{name: "numbers of objects", script: `<?php for ($i = 0; $i < 40; $i++) { $o[] = new stdClass; } foreach ($o as $x) echo spl_object_id($x), ' '; unset($o[3], $o[7], $x); var_dump(spl_object_id(new stdClass), spl_object_id(fn () => 1), spl_object_id(new ArrayObject));`},
	{name: "order of destruction", script: `<?php class A { static $s; function __construct(public $n) {} function __destruct() { echo $this->n, ' '; } }
		function f() { static $v; $v = new A('static'); } f(); A::$s = new A('property'); $a = new A('a'); $b = new A('b'); $b->a = $a; $a->b = $b; define('C', new A('constant')); unset($a, $b); gc_collect_cycles(); $z = new A('z');`},
	{name: "only variables", options: "-d variables_order=E -d auto_globals_jit=0", script: `<?php var_dump($_SERVER, count($_ENV));`},
	{name: "no arguments", options: "-d register_argc_argv=0", script: `<?php var_dump(isset($argv), isset($_SERVER['argv']), getopt('n'), array_keys($GLOBALS));`},
	{name: "garbage", script: `<?php var_dump(gc_status()['roots'], gc_enabled());`},
	{name: "kind of stdin", script: `<?php echo decoct(fstat(STDIN)['mode'] & 0170000), ' ', stream_isatty(STDIN) ? 1 : 0, shell_exec('readlink /proc/self/fd/0');`},
	{name: "-n", options: "-n", script: `<?php echo $argc, ini_get('memory_limit'), $undefined;`},
}

func TestLikeSpawn(t *testing.T) {
	s := newStove(t, Options{}, "<?php")
	s.write("b.inc", "<?php echo 'b'; $global = 'set';")
	s.write("c.inc", "<?php echo 'c';")
	for _, c := range like {
		t.Run(c.name, func(t *testing.T) {
			s.t = t
			s.write("a.php", c.script)
			edit := func(spec *Spec) {
				if spec.Warm == nil {
					spec.Argv = append(append([]string{"php"}, strings.Fields(c.options)...), "a.php")
				}
				spec.Argv = append(spec.Argv, "x", "", "\xe9", "-n")
				spec.Env = append(spec.Env, "TMPDIR="+s.dir, "ODD=a b=\xff")
				if c.stdin > 0 {
					spec.Stdin = spool.FromBytes([]byte(strings.Repeat("a line of some length\n", c.stdin/22+1)[:c.stdin]))
				}
			}
			want := s.call(nil, edit).said(t)
			for _, kind := range ways {
				w := s.warm(kind, c.options, func(w *Warm) { w.Stdin = c.stdin > 0 })
				s.ready(w)
				pid := 0
				if s.hatches {
					pid = s.laid(w)
				}
				r := s.call(w, edit)
				if got := r.said(t); got != want {
					t.Errorf("%s: %s\nspawn: %s", kind, got, want)
				}
				if r.Driver() != w.String() || s.hatches && w.nest != nil && r.PID() != pid {
					t.Errorf("%s: born as %s", kind, r.Driver())
				}
			}
		})
	}
}

// The names of what is not to be there show that a script was run, and how often.
const noting = `<?php file_put_contents("ran-" . getenv('REQUEST_ID'), getmypid() . "\n", FILE_APPEND); usleep(random_int(0, 3000)); exit(5);`

// ran says how often the script of a call has run.
func (s *stove) ran(id string) int {
	text, _ := os.ReadFile(s.path("ran-" + id))
	return strings.Count(string(text), "\n")
}

// Whatever happens to the warm PHP, each call has one process, and its script runs once.
func TestZygoteIsKilledUnderLoad(t *testing.T) {
	s := newStove(t, Options{}, noting)
	w := s.warm(warm.Fork, "", nil)
	s.ready(w)
	var calls, pranks sync.WaitGroup
	over := make(chan struct{})
	pranks.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-over:
				return
			case <-time.After(time.Duration(20+n%7*30) * time.Millisecond):
			}
			if pid, _ := w.keeper.Serving(); pid > 0 {
				_ = syscall.Kill(pid, []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGSEGV}[n%3])
			}
		}
	})
	var mu sync.Mutex
	drivers := map[string]int{}
	for c := range 8 {
		calls.Go(func() {
			for n := range 15 {
				id := fmt.Sprint(c, "-", n)
				r, err := s.tryCall(w, func(spec *Spec) { spec.Env = append(spec.Env[1:], "REQUEST_ID="+id) })
				if err != nil {
					t.Error(err)
					continue
				}
				if got := r.said(t); got != "(5 signal 0)" || s.ran(id) != 1 {
					t.Errorf("%s by %s: %s, ran %d times", id, r.Driver(), got, s.ran(id))
				}
				mu.Lock()
				drivers[r.Driver()]++
				mu.Unlock()
			}
		})
	}
	calls.Wait()
	close(over)
	pranks.Wait()
	if drivers["fork"] == 0 {
		t.Errorf("none was forked: %v", drivers)
	}
	t.Log(drivers)
}

// A warm PHP that does not answer is killed, and another one started.
func TestStoppedZygote(t *testing.T) {
	s := newStove(t, Options{}, noting)
	w := s.warm(warm.Fork, "", nil)
	s.ready(w)
	pid, _ := w.keeper.Serving()
	_ = s.laid(w)
	must(t, syscall.Kill(pid, syscall.SIGSTOP))
	for n, driver := range []string{"fork", "fork -> spawn: "} { // the first has what was forked ahead
		r := s.call(w, nil)
		if got := r.said(t); got != "(5 signal 0)" || s.ran("7") != n+1 || !strings.HasPrefix(r.Driver(), driver) {
			t.Errorf("%s by %s, ran %d times", got, r.Driver(), s.ran("7"))
		}
	}
	s.ready(w)
	if now, _ := w.keeper.Serving(); now == pid {
		t.Error("it is the same")
	}
	if r := s.call(w, nil); r.said(t) == "" || r.Driver() != "fork" {
		t.Errorf("then by %s", r.Driver())
	}
}

// Closing does not wait for a warm PHP that somebody has stopped.
func TestCloseOfStoppedZygote(t *testing.T) {
	s := newStove(t, Options{}, "<?php")
	w := s.warm(warm.Fork, "", nil)
	s.ready(w)
	pid, _ := w.keeper.Serving()
	must(t, syscall.Kill(pid, syscall.SIGSTOP))
}
