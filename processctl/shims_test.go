package processctl

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/urocket/urocket/processctl/shim"
)

// A shim that is killed takes its call with it, and nothing is left: neither the
// process nor a daemon, nor a caller who is told nothing.
func TestKilledShim(t *testing.T) {
	c, err := New(Options{Name: "test", NoCgroup: true})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, c)
	file := filepath.Join(t.TempDir(), "pid")
	other := start(t, c, "sleep 1000", nil)
	r := start(t, c, escape(file, ":")+"sleep 1000", nil)
	waitFor(t, file)
	if err := syscall.Kill(r.tree.(*familyTree).worker.pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if res := get(t, r.exited, "exited"); res.Signal != syscall.SIGKILL {
		t.Errorf("%+v", res)
	}
	r.Release()
	get(t, r.ended, "ended")
	if pid := pidIn(t, file); !gone(pid) || !gone(r.PID()) {
		t.Errorf("%d or %d is alive", pid, r.PID())
	}
	if gone(other.PID()) {
		t.Error("another call's process was ended")
	}
	other.Kill()
	other.Release()
	get(t, other.ended, "ended")
	again := start(t, c, "exit 4", nil)
	again.Release()
	if res := get(t, again.ended, "ended"); res.Exit != 4 {
		t.Errorf("exit %d", res.Exit)
	}
}

// A script may stop the shim that is to end it: it ends all the same, and at once,
// before the shim could tell of its start.
func TestStoppedShim(t *testing.T) {
	c, err := New(Options{Name: "test", NoCgroup: true})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, c)
	for n := range 8 {
		script := []string{"kill -STOP $PPID; sleep 1000", "while :; do kill -STOP $PPID; done"}[n%2]
		r := start(t, c, script, func(s *Spec) { s.Timeout, s.Grace = 300*time.Millisecond, 100*time.Millisecond })
		get(t, r.timedOut, "timed out")
		get(t, r.ended, "ended")
		if !gone(r.PID()) {
			t.Errorf("%d is alive", r.PID())
		}
	}
}

// A shim that is killed while settings are tried says nothing against them.
func TestShimKilledDuringTry(t *testing.T) {
	c, err := New(Options{Name: "test", NoCgroup: true})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, c)
	if err := c.Try(nil); err != nil {
		t.Fatal(err)
	}
	crew := c.crew(nil)
	pid := crew.idle[0].pid
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	tried := make(chan error, 1)
	go func() { tried <- c.Try(nil) }()
	for taken := false; !taken; time.Sleep(time.Millisecond) {
		crew.mu.Lock()
		taken = len(crew.idle) == 0
		crew.mu.Unlock()
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := get(t, tried, "tried"); err != nil {
		t.Error(err)
	}
}

// With a group, the processes of a killed shim go on, and their ends are told.
func TestKilledShimOfAGroup(t *testing.T) {
	c, err := New(Options{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, c)
	mask := 0o27
	settings := &shim.Settings{Umask: &mask}
	if err := c.Try(settings); err != nil {
		t.Fatal(err)
	}
	isolated := func(s *Spec) { s.Isolation = settings }
	i := c.crew(settings)
	file := filepath.Join(t.TempDir(), "go")
	r := start(t, c, "echo $$ >"+file+".pid; while [ ! -e "+file+" ]; do sleep 0.02; done; umask; exit 5", isolated)
	waitFor(t, file+".pid")
	if err := syscall.Kill(i.idle[0].pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-i.idle[0].Lost()
	after := start(t, c, "umask", isolated)
	after.Release()
	get(t, after.ended, "ended")
	if out, _ := after.Tail(Stdout, 10); string(out) != "0027\n" {
		t.Errorf("umask %q after another shim was started", out)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r.Release()
	if res := get(t, r.ended, "ended"); res.Exit != 5 {
		t.Errorf("%+v", res)
	}
}

func closed(t *testing.T, c *Controller) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := c.Close(ctx); err != nil {
		t.Error(err)
	}
}

func waitFor(t *testing.T, file string) {
	t.Helper()
	for range 1000 {
		if _, err := os.Stat(file); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%s does not come", file)
}

// A shim that was stopped ends too when urocket is killed: this test plays
// urocket by starting itself.
func TestStoppedShimEndsWithUrocket(t *testing.T) {
	if os.Getenv("STOPPED_SHIM") != "" {
		c, err := New(Options{Name: "test", NoCgroup: true})
		if err != nil {
			t.Fatal(err)
		}
		start(t, c, "kill -STOP $PPID; echo $$ $PPID >"+os.Getenv("STOPPED_SHIM")+".new; mv "+os.Getenv("STOPPED_SHIM")+".new "+os.Getenv("STOPPED_SHIM")+"; sleep 1000", nil)
		select {}
	}
	file := filepath.Join(t.TempDir(), "pids")
	cmd := exec.Command(os.Args[0], "-test.run=^TestStoppedShimEndsWithUrocket$")
	cmd.Env = append(os.Environ(), "STOPPED_SHIM="+file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, file)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range strings.Fields(string(text)) {
		pid, err := strconv.Atoi(word)
		if err != nil {
			t.Fatal(err)
		}
		for range 1000 {
			if ended(pid) {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if !ended(pid) {
			t.Errorf("%d is alive", pid)
		}
	}
}

// ended says whether pid is gone, or a zombie that init will reap.
func ended(pid int) bool {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || strings.Contains(string(text), ") Z ")
}

// A script may stop the next process of its user before that has executed its
// program, which holds the shim: the start is over all the same, and the shim lives.
// The test stops it itself, as root, to hit the moment.
func TestStoppedBeforeItsProgram(t *testing.T) {
	c, err := New(Options{Name: "test", NoCgroup: true})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, c)
	if err := c.Try(nil); err != nil {
		t.Fatal(err)
	}
	w := c.crew(nil).idle[0]
	long := make([]string, 2000) // the longer the arguments, the longer the moment
	for i := range long {
		long[i] = strings.Repeat("x", 1000)
	}
	over := make(chan struct{})
	stopped := make(chan int, 1)
	go func() {
		defer close(stopped)
		for {
			select {
			case <-over:
				return
			default:
			}
			text, _ := os.ReadFile("/proc/" + strconv.Itoa(w.pid) + "/task/" + strconv.Itoa(w.pid) + "/children")
			if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
				_ = syscall.Kill(pid, syscall.SIGSTOP)
				for range 100 {
					for _, m := range unborn(w.pid) {
						stopped <- m.PID
						return
					}
				}
				_ = syscall.Kill(pid, syscall.SIGCONT) // it was late, or has ended
			}
		}
	}()
	for n := 0; ; n++ {
		r := start(t, c, ":", func(s *Spec) { s.Argv = append(s.Argv, long...) })
		r.Release()
		get(t, r.ended, "ended")
		select {
		case pid := <-stopped:
			if !gone(pid) {
				t.Errorf("%d is alive", pid)
			}
			if w.lost() {
				t.Error("the shim was given up")
			}
			return
		default:
		}
		if n == 2000 {
			close(over)
			<-stopped
			t.Fatal("the moment was never hit")
		}
	}
}

// Nothing is started any more once the controller is being closed, by no shim
// either.
func TestNoShimOnceClosed(t *testing.T) {
	c, err := New(Options{Name: "test", NoCgroup: true})
	if err != nil {
		t.Fatal(err)
	}
	held, err := c.crew(nil).acquire() // so that the next one wants another
	if err != nil {
		t.Fatal(err)
	}
	c.crew(nil).release(held)
	closed(t, c)
	if w, err := c.crew(nil).acquire(); err == nil {
		t.Errorf("shim %d was started", w.pid)
	}
	if w, err := c.crew(&shim.Settings{Umask: new(int)}).acquire(); err == nil {
		t.Errorf("shim %d was started", w.pid)
	}
}

// After a burst the shims that were started for it end again.
func TestShimsAreTrimmed(t *testing.T) {
	c, err := New(Options{Name: "test", NoCgroup: true})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, c)
	crew := c.crew(nil)
	var taken []*worker
	for range restingShims + 5 {
		w, err := crew.acquire()
		if err != nil {
			t.Fatal(err)
		}
		taken = append(taken, w)
	}
	for _, w := range taken {
		crew.release(w)
	}
	crew.mu.Lock()
	kept, timed := len(crew.idle), crew.trims != nil
	crew.mu.Unlock()
	if kept != len(taken) || !timed {
		t.Errorf("%d of %d are kept, to be trimmed: %v", kept, len(taken), timed)
	}
	crew.trim()
	lost := 0
	for _, w := range taken {
		if w.lost() {
			lost++
		}
	}
	if lost != 5 || len(crew.idle) != restingShims {
		t.Errorf("%d have ended, %d are idle", lost, len(crew.idle))
	}
}

// switches counts how often the threads of a process have gone to sleep by themselves.
func switches(t *testing.T, pid int) (n int) {
	t.Helper()
	files, err := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/status")
	if err != nil || len(files) == 0 {
		t.Fatal("no threads: ", err)
	}
	for _, file := range files {
		text, _ := os.ReadFile(file)
		_, rest, _ := strings.Cut(string(text), "\nvoluntary_ctxt_switches:")
		word, _, _ := strings.Cut(strings.TrimSpace(rest), "\n")
		count, _ := strconv.Atoi(word)
		n += count
	}
	return n
}

// A shim with nothing to do, and one whose command only waits, do nothing.
func TestShimsRest(t *testing.T) {
	c, err := New(Options{Name: "test", NoCgroup: true})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, c)
	r := start(t, c, "sleep 1000", nil)
	if err := c.Try(nil); err != nil {
		t.Fatal(err)
	}
	busy, idle := r.tree.(*familyTree).worker, c.crew(nil).idle[0]
	for name, w := range map[string]*worker{"busy": busy, "idle": idle} {
		rests := false
		for range 10 { // it keeps its processor for a moment
			before := switches(t, w.pid)
			time.Sleep(500 * time.Millisecond)
			if rests = switches(t, w.pid)-before < 20; rests {
				break
			}
		}
		if !rests {
			t.Errorf("the %s shim does not rest", name)
		}
	}
	r.Kill()
	r.Release()
	get(t, r.ended, "ended")
}
