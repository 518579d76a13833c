package processctl

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/urocket/urocket/processctl/warm"
)

// ways are those in which a process comes of a PHP that was started before.
var ways = []warm.Driver{warm.Fork, hatched, warm.Spare}

// kinds runs a test for each of them.
func kinds(t *testing.T, f func(t *testing.T, kind warm.Driver)) {
	for _, kind := range ways {
		t.Run(string(kind), func(t *testing.T) { f(t, kind) })
	}
}

// replaced puts a file in the place of another, as editors and deployments do.
func (s *stove) replaced(name, text string) {
	s.t.Helper()
	s.write(name+".new", text)
	must(s.t, os.Rename(s.path(name+".new"), s.path(name)))
}

func (s *stove) link(to, name string) {
	s.t.Helper()
	must(s.t, os.Symlink(to, s.path(name+".new")))
	must(s.t, os.Rename(s.path(name+".new"), s.path(name)))
}

// expect has a process born and checks what it says, however it came to be.
func (s *stove) expect(w *Warm, want string) {
	s.t.Helper()
	r := s.call(w, nil)
	if got := r.said(s.t); got != want+"(0 signal 0)" {
		s.t.Errorf("by %s: %s, want %s", r.Driver(), got, want)
	}
}

// What is edited is seen by the next process.
func TestEditedScript(t *testing.T) {
	kinds(t, func(t *testing.T, kind warm.Driver) {
		s := newStove(t, Options{}, "<?php echo 'one'; include 'b.inc'; require_once __DIR__ . '/c.inc';")
		s.write("b.inc", "<?php echo 'b1';")
		s.write("c.inc", "<?php echo 'c1';")
		old := time.Now().Add(-time.Hour)
		for _, name := range []string{"a.php", "b.inc", "c.inc"} {
			must(t, os.Chtimes(s.path(name), old, old)) // so that opcache keeps it
		}
		w := s.warm(kind, "", nil)
		s.ready(w)
		s.expect(w, "oneb1c1")
		s.expect(w, "oneb1c1")
		s.write("b.inc", "<?php echo 'b2';")
		s.expect(w, "oneb2c1")
		s.replaced("c.inc", "<?php echo 'c2';")
		s.expect(w, "oneb2c2")
		s.write("a.php", "<?php echo 'two';")
		s.expect(w, "two")
		s.replaced("a.php", "<?php echo 'three';")
		s.expect(w, "three")
		for _, text := range []string{"four", "five"} { // of the same time
			s.replaced("a.php", "<?php echo '"+text+"';")
			must(t, os.Chtimes(s.path("a.php"), old, old))
			s.expect(w, text)
			s.expect(w, text)
		}
		must(t, os.Remove(s.path("a.php")))
		if got := s.call(w, nil).said(t); got != "Could not open input file: a.php\n(1 signal 0)" {
			t.Errorf("no script: %s", got)
		}
		s.write("a.php", "<?php echo 'four';")
		s.expect(w, "four")
	})
}

// A release is switched by a link: of the script, of what it includes, and of the
// working directory.
func TestSwitchedRelease(t *testing.T) {
	kinds(t, func(t *testing.T, kind warm.Driver) {
		s := newStove(t, Options{}, "")
		old := time.Now().Add(-time.Hour)
		for _, r := range []string{"r1", "r2"} {
			must(t, os.Mkdir(s.path(r), 0o755))
			s.write(r+"/a.php", "<?php echo basename(__DIR__), basename(getcwd()); require_once 'lib.inc'; require_once '"+s.dir+"/lib/lib.inc'; echo basename(realpath('.'));")
			s.write(r+"/lib.inc", "<?php echo basename(__DIR__);")
			for _, name := range []string{"a.php", "lib.inc"} {
				must(t, os.Chtimes(s.path(r+"/"+name), old, old))
			}
		}
		s.link("r1", "current")
		s.link("r1", "lib")
		w := s.warm(kind, "", func(w *Warm) { w.Dir = s.path("current") })
		call := func(want string) {
			t.Helper()
			r := s.call(w, func(spec *Spec) { spec.Dir = w.Dir })
			if got := r.said(t); got != want+"(0 signal 0)" {
				t.Errorf("by %s: %s, want %s", r.Driver(), got, want)
			}
		}
		s.ready(w)
		call("r1r1r1r1")
		s.link("r2", "lib")
		call("r1r1r1r2r1")
		s.link("r2", "current")
		call("r2r2r2r2")
		s.ready(w)
		call("r2r2r2r2")
		for end := time.Now().Add(15 * time.Second); ; {
			r := s.call(w, func(spec *Spec) { spec.Dir = w.Dir })
			if got := r.said(t); got != "r2r2r2r2(0 signal 0)" {
				t.Errorf("by %s: %s", r.Driver(), got)
			}
			if r.Driver() == w.String() {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("in the end by %s", r.Driver())
			}
		}
	})
}

// An ini file that was changed, or has come, is read by the next process.
func TestEditedSettings(t *testing.T) {
	kinds(t, func(t *testing.T, kind warm.Driver) {
		s := newStove(t, Options{}, "<?php echo get_cfg_var('x.a'), get_cfg_var('x.b'), ini_get('precision');")
		must(t, os.Mkdir(s.path("conf"), 0o755))
		s.write("php.ini", "x.a = 1\nprecision = 5\n")
		w := s.warm(kind, "-c "+s.dir, func(w *Warm) { w.Env = append(w.Env, "PHP_INI_SCAN_DIR=:"+s.path("conf")) })
		want := func(want string) {
			t.Helper()
			for range 3 {
				r := s.call(w, func(spec *Spec) { spec.Env = append(spec.Env, "PHP_INI_SCAN_DIR=:"+s.path("conf")) })
				if got := r.said(t); got != want+"(0 signal 0)" {
					t.Errorf("by %s: %s, want %s", r.Driver(), got, want)
				}
				s.ready(w)
			}
		}
		s.ready(w)
		want("15")
		s.write("php.ini", "x.a = 2\nprecision = 6\n")
		want("26")
		s.write("conf/new.ini", "x.b = 3\n")
		want("236")
		s.write("conf/else.txt", "")
		s.write("pre.inc", "<?php echo 'own';")
		s.replaced("php.ini", "x.a = 4\nprecision = 6\nauto_prepend_file = pre.inc\n")
		want("own436")
	})
}

// Two kinds of calls are kept warm side by side; what is wanted no more ends, and what
// was born of it goes on.
func TestKeepWarmChanges(t *testing.T) {
	kinds(t, func(t *testing.T, kind warm.Driver) {
		s := newStove(t, Options{}, "<?php echo ini_get('precision'); if (getenv('WAIT')) while (!file_exists('go')) usleep(10000);")
		one := s.warm(kind, "-d precision=3", nil)
		s.ready(one)
		slow := s.call(one, func(spec *Spec) { spec.Env = append(spec.Env, "WAIT=1") })
		two := s.warm(kind, "-d precision=4", nil)
		s.ready(two)
		s.expect(two, "4")
		s.expect(one, "3") // whoever has the old one yet
		s.c.hearth.cooling.Wait()
		s.write("go", "")
		if got := slow.said(t); got != "3(0 signal 0)" {
			t.Error(got)
		}
		same := s.warm(kind, "-d precision=4", nil)
		if same.keeper != two.keeper || same.spares != two.spares {
			t.Error("what had not changed was started anew")
		}
	})
}

// Spares that die are replaced, and no call is lost to one.
func TestKilledSpares(t *testing.T) {
	s := newStove(t, Options{}, "<?php echo 'x';")
	w := s.warm(warm.Spare, "", nil)
	for range 3 {
		s.ready(w)
		w.spares.mu.Lock()
		for _, one := range w.spares.ready {
			_ = syscall.Kill(one.pid, syscall.SIGKILL)
		}
		w.spares.mu.Unlock()
		s.expect(w, "x")
	}
	var by []string
	for range 20 {
		r := s.call(w, nil)
		if got := r.said(t); got != "x(0 signal 0)" {
			t.Errorf("by %s: %s", r.Driver(), got)
		}
		by = append(by, r.Driver())
		if r.Driver() == "spare" {
			return
		}
		s.ready(w)
	}
	t.Errorf("no spare was used again: %v", by)
}

// A spare that dies while nobody calls is noticed, and its group removed, all the same.
func TestSpareDiesWhileItWaits(t *testing.T) {
	s := newStove(t, Options{}, "<?php echo 'x';")
	w := s.warm(warm.Spare, "", nil)
	s.ready(w)
	waiting := func() (pids []int) {
		w.spares.mu.Lock()
		defer w.spares.mu.Unlock()
		for _, one := range w.spares.ready {
			pids = append(pids, one.pid)
		}
		return pids
	}
	first := waiting()[0]
	must(t, syscall.Kill(first, syscall.SIGKILL))
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		now, groups := waiting(), s.groups()
		if len(now) == 1 && now[0] != first && groups <= 1 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("spare %d was killed; %d wait, in %d groups", first, now, groups)
		}
	}
}

// groups is how many cgroups the controller has at the moment.
func (s *stove) groups() (n int) {
	s.t.Helper()
	if s.c.parent == nil {
		return 0
	}
	entries, err := os.ReadDir(s.c.parent.Dir())
	must(s.t, err)
	for _, e := range entries {
		if e.IsDir() {
			n++
		}
	}
	return n
}

// What is more than a warm PHP takes is started.
func TestLargeCalls(t *testing.T) {
	s := newStove(t, Options{}, "<?php echo strlen($argv[1]), strlen(getenv('LARGE')), count(getenv());")
	w := s.warm(warm.Fork, "", nil)
	s.ready(w)
	for _, c := range []struct {
		argument, variable, variables int
		driver                        string
	}{
		{MaxArg, 1000, 0, "fork"}, {MaxArg, MaxArg - 10, 0, "fork -> spawn: the arguments and variables"}, {1, 1, 1010, "fork"}, {1, 1, 1100, "fork -> spawn: the arguments and variables"},
	} {
		r := s.call(w, func(spec *Spec) {
			spec.Argv = append(spec.Argv, strings.Repeat("x", c.argument))
			spec.Env = append(spec.Env, "LARGE="+strings.Repeat("y", c.variable))
			for i := range c.variables {
				spec.Env = append(spec.Env, fmt.Sprintf("V%d=", i))
			}
		})
		if got, want := r.said(t), fmt.Sprintf("%d%d%d(0 signal 0)", c.argument, c.variable, c.variables+3); got != want || !strings.HasPrefix(r.Driver()+" ", c.driver+" ") {
			t.Errorf("%+v: %s by %s, want %s", c, got, r.Driver(), want)
		}
	}
}

// Without what it needs nothing is kept warm, and every call has its process.
func TestBrokenPHP(t *testing.T) {
	s := newStove(t, Options{}, "")
	must(t, os.Remove(s.path("a.php")))
	w := s.warm(warm.Fork, "", nil)
	s.told(w, "find the script")
	s.write("a.php", "<?php echo 1;")
	s.expect(w, "1")
	s.ready(w)
	s.expect(w, "1")
	must(t, os.WriteFile(s.path("php"), []byte("#!/bin/sh\n/usr/bin/php \"$@\"\n"), 0o755))
	w = s.warm(warm.Fork, "", func(w *Warm) { w.PHP = s.path("php") })
	s.told(w, "not PHP itself")
	r := s.call(w, func(spec *Spec) { spec.Path = w.PHP })
	if got := r.said(t); got != "1(0 signal 0)" || !strings.HasPrefix(r.Driver(), "fork -> spawn: no warm PHP could be started") {
		t.Errorf("%s by %s", got, r.Driver())
	}
	if r := s.call(w, nil); r.said(t) != "1(0 signal 0)" || !strings.Contains(r.Driver(), "PATH leads to another php") {
		t.Errorf("by %s", r.Driver())
	}
}

// told waits until something is why there is no warm PHP.
func (s *stove) told(w *Warm, want string) {
	s.t.Helper()
	for end := time.Now().Add(15 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		_, why := w.keeper.Serving()
		if why != nil && strings.Contains(why.Error(), want) {
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("want %s, told %v", want, why)
		}
	}
}
