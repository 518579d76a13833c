package processctl

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/urocket/urocket/internal/notrun"
	"github.com/urocket/urocket/processctl/shim"
	"github.com/urocket/urocket/processctl/warm"
)

// rights is what a process has of its isolation, and where it is.
const rights = `<?php
	preg_match_all('/^(Uid|Gid|Groups|NoNewPrivs|SigBlk|SigIgn|Umask|CapEff):.*/m', file_get_contents('/proc/self/status'), $m);
	echo implode("\n", $m[0]), "\n", preg_replace('/^Max (?!open files|file size|core).*\n/m', '', file_get_contents('/proc/self/limits'));
	echo posix_getsid(0) === getmypid(), posix_getppid() === (int) getenv('PARENT'), file_put_contents('made-' . getenv('HOW'), 'x'), getcwd(), "\n";
	echo trim(file_get_contents('/proc/self/cgroup')) === getenv('NONE') ? 'same' : 'own';`

// A process that is forked has what one has that is started: user, groups, umask,
// rlimits, no_new_privs, session, parent; and is in its group before its first line.
func TestRightsLikeSpawn(t *testing.T) {
	if os.Getuid() != 0 {
		notrun.Here(t, "only root can become another user")
	}
	mask, files, size := 0o027, int64(64), int64(1<<20)
	for name, isolation := range map[string]*shim.Settings{
		"none":      nil,
		"user":      {User: &shim.User{UID: 33, GID: 33, Groups: []int{33, 4}}},
		"nobody":    {User: &shim.User{UID: 65534, GID: 65534}, Umask: &mask},
		"group":     {User: &shim.User{UID: 0, GID: 4, KeepGroups: true, KeepPrivs: true}},
		"limits":    {Umask: &mask, Rlimits: shim.Rlimits{NoFile: &files, FSize: &size, Core: &size}},
		"all":       {User: &shim.User{UID: 33, GID: 33, Groups: []int{33}}, Umask: &mask, Rlimits: shim.Rlimits{NoFile: &files, FSize: &size}},
		"few files": {Rlimits: shim.Rlimits{NoFile: new(int64)}},
	} {
		if name == "few files" {
			*isolation.Rlimits.NoFile = 16
		}
		t.Run(name, func(t *testing.T) {
			s := newStove(t, Options{}, rights)
			must(t, os.Chmod(s.dir, 0o777))
			said := func(w *Warm, how string) string {
				r := s.call(w, func(spec *Spec) {
					spec.Isolation = isolation
					spec.Env = append(spec.Env, fmt.Sprint("PARENT=", os.Getpid()), "HOW="+how, "NONE="+ownGroup(t))
				})
				text := r.said(t)
				var st syscall.Stat_t
				must(t, syscall.Stat(s.path("made-"+how), &st))
				if how != "spawn" && r.Driver() != w.String() {
					t.Errorf("by %s", r.Driver())
				}
				return fmt.Sprintf("%s %d %d %o", text, st.Uid, st.Gid, st.Mode)
			}
			want := said(nil, "spawn")
			if isolation != nil && isolation.User != nil || isolation == nil {
				if !strings.Contains(want, "own(0 signal 0)") {
					t.Errorf("as spawned: %s", want)
				}
			}
			for _, kind := range ways {
				w := s.warm(kind, "", func(w *Warm) { w.Isolation = isolation })
				s.ready(w)
				got := said(w, string(kind))
				if kind == warm.Spare || isolation != nil { // whose parent is a shim when spawned
					got, want = parentless(got), parentless(want)
				}
				if got != want {
					t.Errorf("%s: %s\nspawn: %s", kind, got, want)
				}
			}
		})
	}
}

// parentless leaves out who the parent is.
func parentless(text string) string { return strings.ReplaceAll(text, "111/", "11/") }

func ownGroup(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/proc/self/cgroup")
	must(t, err)
	return strings.TrimSpace(string(text))
}

// Nothing of a process outlives it: neither a daemon, nor what heeds no SIGTERM.
func TestWarmTrees(t *testing.T) {
	kinds(t, func(t *testing.T, kind warm.Driver) {
		s := newStove(t, Options{}, `<?php pcntl_async_signals(true); pcntl_signal(SIGTERM, SIG_IGN);
			exec('setsid sh -c "trap : TERM; echo \$\$ >daemon.new; mv daemon.new daemon; while :; do sleep 1000; done" >/dev/null 2>&1 &');
			while (!file_exists('daemon')) usleep(1000);
			if (getenv('HANG')) while (true) sleep(1000);`)
		w := s.warm(kind, "", nil)
		s.ready(w)
		r := s.call(w, nil)
		r.Release()
		if res := get(t, r.ended, "ended"); res.Strays != StraysKilled || res.Exit != 0 {
			t.Errorf("by %s: %+v", r.Driver(), res)
		}
		if pid := pidIn(t, s.path("daemon")); !gone(pid) {
			t.Errorf("%d lives", pid)
		}
		must(t, os.Remove(s.path("daemon")))
		s.ready(w)
		r = s.call(w, func(spec *Spec) {
			spec.Timeout = 3 * time.Second
			spec.Env = append(spec.Env, "HANG=1")
		})
		waitFor(t, s.path("daemon"))
		r.Release()
		if res := get(t, r.ended, "ended"); !res.TimedOut || res.Signal != syscall.SIGKILL || res.Usage.Wall < 3*time.Second {
			t.Errorf("by %s: %+v", r.Driver(), res)
		}
		if pid := pidIn(t, s.path("daemon")); !gone(pid) || !gone(r.PID()) {
			t.Errorf("%d or %d lives", pid, r.PID())
		}
	})
}

// What a process has used is its own, not what PHP used to start.
func TestWarmUsage(t *testing.T) {
	s := newStove(t, Options{}, "<?php if (getenv('LARGE')) { $x = str_repeat('x', 90 << 20); } echo 'done';")
	w := s.warm(warm.Fork, "", nil)
	s.ready(w)
	for large, bounds := range map[string][2]int64{"": {1 << 20, 60 << 20}, "1": {90 << 20, 200 << 20}} {
		r := s.call(w, func(spec *Spec) { spec.Env = append(spec.Env, "LARGE="+large) })
		r.Release()
		res := get(t, r.ended, "ended")
		if rss := res.Usage.MaxRSS; rss < bounds[0] || rss > bounds[1] || res.Usage.Group == nil || res.Usage.Group.CPU == 0 {
			t.Errorf("by %s: %d bytes, %+v", r.Driver(), rss, res.Usage)
		}
	}
}

// Without cgroups a process that was started ahead has its shim.
func TestSpareWithoutCgroups(t *testing.T) {
	s := newStove(t, Options{NoCgroup: true}, `<?php exec('setsid sleep 1000 >/dev/null 2>&1 & echo $!', $o); file_put_contents('pid', "$o[0]\n"); echo fgets(STDIN);`)
	w := s.warm(warm.Fork, "", nil)
	if w.Kind != warm.Spare || !strings.Contains(w.String(), "fork -> spare: there are no cgroups") {
		t.Errorf("%s", w)
	}
	for range 3 {
		s.ready(w)
		r := s.call(w, nil)
		if got := r.said(t); got != "(0 signal 0)" || r.Driver() != w.String() {
			t.Errorf("%s by %s", got, r.Driver())
		}
		if pid := pidIn(t, s.path("pid")); !gone(pid) {
			t.Errorf("%d lives", pid)
		}
	}
}

// The user's own temporary directory may be closed to others.
func TestPreludeOfAnotherUser(t *testing.T) {
	if os.Getuid() != 0 {
		notrun.Here(t, "only root can become another user")
	}
	closed := filepath.Join(t.TempDir(), "closed")
	must(t, os.Mkdir(closed, 0o700))
	s := newStove(t, Options{TmpDir: closed}, "<?php echo posix_getuid();")
	w := s.warm(warm.Fork, "", func(w *Warm) { w.Isolation = &shim.Settings{User: &shim.User{UID: 33, GID: 33}} })
	s.ready(w)
	s.expect(w, "33")
	var st syscall.Stat_t
	must(t, syscall.Stat(s.c.hearth.preludes.dir, &st))
	if !strings.HasPrefix(s.c.hearth.preludes.dir, "/tmp/urocket-") || st.Mode&0o7777 != 0o711 {
		t.Errorf("%s %o", s.c.hearth.preludes.dir, st.Mode)
	}
}

// seeking looks for what this call and another one were given, in all memory that its
// process has. What the other was given it knows backwards, and never makes it up itself.
const seeking = `<?php
	$backwards = ['own' => strrev(getenv('OWN')), 'other' => getenv('OTHER')];
	$found = [];
	$mem = fopen('/proc/self/mem', 'rb');
	stream_set_read_buffer($mem, 0);
	foreach (file('/proc/self/maps') as $line) {
		if (!preg_match('/^([0-9a-f]+)-([0-9a-f]+) rw/', $line, $m)) continue;
		[$from, $to] = [hexdec($m[1]), hexdec($m[2])];
		for ($at = $from; $at < $to && fseek($mem, $at) === 0; $at += 1 << 20) {
			$piece = (string) @fread($mem, min((1 << 20) + 64, $to - $at));
			for ($o = -1; ($o = strpos($piece, 'needle-', $o + 1)) !== false;) {
				foreach ($backwards as $whose => $text) {
					for ($i = strlen($text), $p = $o + 7; $i > 0 && ($piece[$p] ?? '') === $text[$i - 1]; $i--, $p++);
					if ($i === 0) $found[$whose] = 1;
				}
			}
		}
	}
	ksort($found);
	echo implode(' ', array_keys($found));`

// What one call was given is not in the memory from which the next one is made.
func TestForkedHasNothingOfOthers(t *testing.T) {
	s := newStove(t, Options{}, seeking)
	w := s.warm(warm.Fork, "-d memory_limit=-1", nil)
	s.ready(w)
	call := func(own, other string, padding int) string {
		backwards := []byte(other)
		slices.Reverse(backwards)
		r := s.call(w, func(spec *Spec) {
			spec.Env = append(spec.Env, "PAD="+strings.Repeat("x", padding), "GIVEN=needle-"+own, "OWN="+own, "OTHER="+string(backwards))
			spec.Argv = append(spec.Argv, "needle-"+own)
		})
		got := r.said(t)
		if r.Driver() != "fork" {
			t.Errorf("by %s", r.Driver())
		}
		return got
	}
	if got := call("first", "nobody", 50_000); got != "own(0 signal 0)" {
		t.Errorf("the first call finds what was given to: %s", got)
	}
	if got := call("second", "first", 0); got != "own(0 signal 0)" {
		t.Errorf("the second call finds what was given to: %s", got)
	}
}
