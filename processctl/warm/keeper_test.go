package warm

import (
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestFork(t *testing.T) {
	k := newKitchen(t)
	write(t, k.path("a.php"), `<?php echo implode(",", $argv), getenv("A"), count(getenv()); exit(7);`)
	keeper := k.keep(k.program())
	pid := k.serving(keeper, 0)
	for range 3 {
		if out, code, err := k.fork(keeper, "x", "", "y z"); out != "a.php,x,,y z11" || code != 7 || err != nil {
			t.Errorf("%q, %d, %v", out, code, err)
		}
	}
	if k.serving(keeper, 0) != pid || k.started() != 1 {
		t.Errorf("%d were started", k.started())
	}
	keeper.Close()
	if !ended(pid) {
		t.Error("it lives")
	}
	if _, _, err := k.fork(keeper); err == nil || !strings.Contains(err.Error(), "stopping") {
		t.Error(err)
	}
	if k.words() != "" {
		t.Errorf("told %s", k.words())
	}
}

// One that is worn is used until the next is ready, and ends only when it has answered.
func TestRotation(t *testing.T) {
	for name, wear := range map[string]func(*zygote){
		"calls": func(z *zygote) { z.calls = maxCalls - 1 },
		"age":   func(z *zygote) { z.begun = time.Now().Add(-2 * maxAge) },
	} {
		t.Run(name, func(t *testing.T) {
			k := newKitchen(t)
			write(t, k.path("a.php"), `<?php echo "x";`)
			keeper := k.keep(k.program())
			first := k.serving(keeper, 0)
			keeper.mu.Lock()
			wear(keeper.current)
			keeper.mu.Unlock()
			for n := 0; k.started() < 2 || n < 5; n++ {
				if out, _, err := k.fork(keeper); out != "x" || err != nil {
					t.Fatalf("%q, %v", out, err)
				}
			}
			k.serving(keeper, first)
			k.eventually("the first ends", func() bool { return ended(first) })
			if k.words() != "" || k.started() != 2 {
				t.Errorf("%d started; told %s", k.started(), k.words())
			}
		})
	}
}

// One that has nothing to do ends, and the next call has another started.
func TestIdle(t *testing.T) {
	k := newKitchen(t)
	write(t, k.path("a.php"), `<?php echo "x";`)
	keeper := k.keep(k.program())
	first := k.serving(keeper, 0)
	keeper.rest()
	if now, _ := keeper.Serving(); now != first {
		t.Error("it was ended though it was used")
	}
	keeper.mu.Lock()
	keeper.used = time.Now().Add(-2 * idleTime)
	keeper.mu.Unlock()
	keeper.rest()
	k.eventually("it ends", func() bool { return ended(first) })
	if _, _, err := k.fork(keeper); err == nil || !strings.Contains(err.Error(), "nothing to do") {
		t.Error(err)
	}
	k.serving(keeper, first)
	if out, _, err := k.fork(keeper); out != "x" || err != nil {
		t.Errorf("%q, %v", out, err)
	}
}

// One that dies is started again, later each time; what it says is told.
func TestDeath(t *testing.T) {
	k := newKitchen(t)
	write(t, k.path("a.php"), `<?php echo "x";`)
	keeper := k.keep(k.program())
	pid := 0
	for _, wait := range []string{"100ms", "200ms", "400ms"} {
		pid = k.serving(keeper, pid)
		must(t, syscall.Kill(pid, syscall.SIGKILL))
		k.eventually("told "+wait, func() bool {
			return strings.Contains(k.words(), "died after 0 calls: it was killed; tried again in "+wait)
		})
	}
	k.serving(keeper, pid)
	if out, _, err := k.fork(keeper); out != "x" || err != nil {
		t.Errorf("%q, %v", out, err)
	}
}

// A process that crashed may have been born with the fault.
func TestSuspect(t *testing.T) {
	k := newKitchen(t)
	write(t, k.path("a.php"), `<?php echo "x";`)
	keeper := k.keep(k.program())
	first := k.serving(keeper, 0)
	keeper.Suspect()
	if k.started() != 1 {
		t.Error("one that was started just now was replaced")
	}
	keeper.mu.Lock()
	keeper.current.begun = time.Now().Add(-time.Minute)
	keeper.mu.Unlock()
	keeper.Suspect()
	k.serving(keeper, first)
}

// A PHP that says something else, or nothing, is not used.
func TestOddPHP(t *testing.T) {
	k := newKitchen(t)
	write(t, k.path("a.php"), `<?php echo "x";`)
	for text, why := range map[string]string{
		`fwrite($f, "hello");`:                                                         "does not speak as it should",
		`fwrite($f, "ready\0001\0/a");`:                                                "not PHP itself",
		`fwrite($f, "failed\0for fun");`:                                               "for fun",
		`echo "bad luck"; exit(1);`:                                                    "PHP ended before it was ready: bad luck",
		`fwrite($f, "ready\0" . getmypid() . "\0" . __DIR__ . "/b.php");`:              "was changed while PHP was started",
		`fwrite($f, "ready\0" . getmypid() . "\0" . getcwd() . "/a.php"); sleep(100);`: "did not answer and was killed",
	} {
		p := k.program()
		p.Prelude = t.TempDir()
		write(t, p.Prelude+"/fork.php", `<?php $f = fopen("php://fd/3", "w"); stream_set_write_buffer($f, 0); `+text)
		z, err := startZygote(new(k.host()), p, nil)
		if z != nil || err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v, %v", text, z, err)
		}
	}
}

// What a PHP says that nobody has asked for reaches nobody.
func TestOddAnswers(t *testing.T) {
	for text, want := range map[string]answer{
		"00000007 12":  {7, 12},
		"0000000a -13": {10, -13},
	} {
		if a, ok := readAnswer(text); a != want || !ok {
			t.Errorf("%s: %+v, %v", text, a, ok)
		}
	}
	for _, text := range []string{"", " ", "7 12", "00000007", "00000007 ", "00000007 x", "00000007 0", "0000000g 1", "000000007 12", "00000007 12 13", "-0000007 5"} {
		if a, ok := readAnswer(text); ok {
			t.Errorf("%q is %+v", text, a)
		}
	}
	ours, phps, err := pair()
	must(t, err)
	c, err := newConn(ours)
	must(t, err)
	ch := make(chan int, 1)
	c.mu.Lock()
	c.pending[3] = ch
	c.mu.Unlock()
	for _, text := range []string{"ready", "00000004 5", "rubbish", strings.Repeat("x", 4000), "00000003 77", "00000003 78"} {
		_, err := phps.Write([]byte(text))
		must(t, err)
	}
	if got, err := judge(<-ch); got != 77 || err != nil {
		t.Errorf("%d, %v", got, err)
	}
	_ = phps.Close()
	<-c.lost
	if _, err := c.ask(&Request{}, 0, into, run); !errors.Is(err, errLost) {
		t.Error(err)
	}
	c.close()
}

// A PHP that takes nothing more does not hold up who sends for long.
func TestFullSocket(t *testing.T) {
	ours, phps, err := pair()
	must(t, err)
	defer phps.Close()
	c, err := newConn(ours)
	must(t, err)
	defer c.close()
	null := newKitchen(t).null
	r := &Request{Call: Call{Env: []string{"X=" + strings.Repeat("x", 100_000)}}, Stdin: int(null.Fd()), Stdout: int(null.Fd()), Stderr: int(null.Fd())}
	for n := 0; err == nil; n++ {
		if _, err = c.ask(r, int(null.Fd()), into, run); n > 10_000 {
			t.Fatal("it is never full")
		}
	}
	if !errors.Is(err, errWedged) {
		t.Error(err)
	}
	r.Env = []string{strings.Repeat("x", maxFrame)}
	if _, err := c.ask(r, 0, into, run); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
}
