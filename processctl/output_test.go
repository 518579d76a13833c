package processctl

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/urocket/urocket/processctl/spool"
)

func TestPayloadThatNobodyReads(t *testing.T) {
	controllers(t, func(t *testing.T, c *Controller) {
		for _, size := range []int{0, 1, pipeSize, pipeSize + 1, 10 << 20} {
			body := spool.FromBytes(bytes.Repeat([]byte("x"), size))
			r := start(t, c, "exit 0", func(s *Spec) { s.Stdin = body })
			r.Release()
			get(t, r.ended, "ended")
			r = start(t, c, "wc -c", func(s *Spec) { s.Stdin = body })
			get(t, r.exited, "exited")
			if out, _ := r.Tail(Stdout, 100); strings.TrimSpace(string(out)) != strconv.Itoa(size) {
				t.Errorf("%d bytes: the script counts %q", size, out)
			}
			r.Release()
			get(t, r.ended, "ended")
		}
	})
}

func TestFloodKeepsItsTail(t *testing.T) {
	controllers(t, func(t *testing.T, c *Controller) {
		r := start(t, c, "head -c 20000000 /dev/zero | tr '\\0' a; printf end; head -c 20000000 /dev/zero >&2", nil)
		res := get(t, r.exited, "exited")
		out, n := r.Tail(Stdout, 8)
		if string(out) != "aaaaaend" || n != 20_000_003 || res.Usage.Stderr != 20_000_000 {
			t.Errorf("tail %q of %d, stderr %d", out, n, res.Usage.Stderr)
		}
		r.Release()
		get(t, r.ended, "ended")
	})
}

func TestLines(t *testing.T) {
	controllers(t, func(t *testing.T, c *Controller) {
		var mu sync.Mutex
		got := map[string]int{}
		r := start(t, c, `printf 'one\r\n\ntwo'; head -c 1000000 /dev/zero | tr '\0' b >&2; printf '\nlast' >&2`, func(s *Spec) {
			s.Line = func(l Line) {
				mu.Lock()
				defer mu.Unlock()
				text := string(l.Text)
				if l.Cut {
					text = strconv.Itoa(len(text)) + " cut"
				}
				got[l.Stream.String()+" "+text]++
			}
		})
		r.Release()
		get(t, r.ended, "ended")
		mu.Lock()
		defer mu.Unlock()
		for _, want := range []string{"stdout one", "stdout ", "stdout two", "stderr " + strconv.Itoa(LineLimit) + " cut", "stderr last"} {
			if got[want] != 1 {
				t.Errorf("%q came %d times; all: %v", want, got[want], got)
			}
		}
	})
}

// Nobody reads what a process writes while it is young; it is read when that has ended, of
// who goes on writing, and of one that lives.
func TestOutputIsReadAtAnyAge(t *testing.T) {
	controllers(t, func(t *testing.T, c *Controller) {
		told := make(chan string, 10)
		tell := func(s *Spec) { s.Line = func(l Line) { told <- string(l.Text) } }

		r := start(t, c, `(sleep .3; printf 'late\nlast') & echo now`, tell)
		if res := get(t, r.exited, "exited"); res.Usage.Stdout != 4 {
			t.Errorf("%d bytes by its end", res.Usage.Stdout)
		}
		for _, want := range []string{"now", "late"} {
			if line := get(t, told, "told"); line != want {
				t.Errorf("told %q, want %q", line, want)
			}
		}
		r.Release()
		if res := get(t, r.ended, "ended"); res.Usage.Stdout != 13 {
			t.Errorf("%d bytes in the end", res.Usage.Stdout)
		}
		if line := get(t, told, "told"); line != "last" {
			t.Errorf("told %q in the end", line)
		}

		r = start(t, c, "echo alive; sleep 60", tell)
		if line := get(t, told, "told"); line != "alive" {
			t.Errorf("told %q", line)
		}
		r.Kill()
		get(t, r.ended, "ended")
	})
}

func TestStreamEndsWithTheProcess(t *testing.T) {
	controllers(t, func(t *testing.T, c *Controller) {
		// The daemon holds stdout; the stream must not wait for it.
		r := start(t, c, "sleep 30 & head -c 300000 /dev/zero; printf x; exit 4", func(s *Spec) { s.Stream = true })
		out, err := io.ReadAll(r.Stdout())
		if err != nil || len(out) != 300_001 {
			t.Errorf("read %d bytes, %v", len(out), err)
		}
		if res := get(t, r.exited, "exited"); res.Exit != 4 {
			t.Errorf("exit %d", res.Exit)
		}
		r.Release()
		_ = r.Stdout().Close()
		get(t, r.ended, "ended")
	})
}

func TestStreamNobodyReadsAnyMore(t *testing.T) {
	controllers(t, func(t *testing.T, c *Controller) {
		r := start(t, c, "yes | head -c 5000000; exit 5", func(s *Spec) { s.Stream = true })
		buf := make([]byte, 10)
		if _, err := r.Stdout().Read(buf); err != nil {
			t.Fatal(err)
		}
		r.Stdout().Interrupt()
		if _, err := r.Stdout().Read(buf); err == nil {
			t.Error("an interrupted stream can be read")
		}
		_ = r.Stdout().Close()
		if res := get(t, r.exited, "exited"); res.Exit != 5 {
			t.Errorf("the script was disturbed: exit %d, signal %v", res.Exit, res.Signal)
		}
		r.Release()
		if res := get(t, r.ended, "ended"); res.Usage.Stdout != 5_000_000 {
			t.Errorf("%d bytes were read", res.Usage.Stdout)
		}
	})
}

// A stream whose reader is slower than the process may be read to its end even
// after nothing of the process is left.
func TestStreamIsReadAfterTheEnd(t *testing.T) {
	controllers(t, func(t *testing.T, c *Controller) {
		r := start(t, c, "printf hello", func(s *Spec) { s.Stream = true })
		r.Release()
		get(t, r.ended, "ended")
		out, err := io.ReadAll(r.Stdout())
		if string(out) != "hello" || err != nil {
			t.Errorf("read %q, %v", out, err)
		}
		_ = r.Stdout().Close()
	})
}

func TestScratchIsGoneAfterTheEnd(t *testing.T) {
	controllers(t, func(t *testing.T, c *Controller) {
		base, outside := t.TempDir(), t.TempDir()
		if err := os.WriteFile(filepath.Join(outside, "keep"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		scratch := NewScratch(base, true, true)
		r := start(t, c, `stat -c %a "$D" "$F"; cat "$F"; mkdir -p "$D/a/b"; touch "$D/a/b/c"; ln -s `+outside+` "$D/link"; chmod 500 "$D/a/b" "$D/a"`, func(s *Spec) {
			s.Scratch, s.ScratchBody = scratch, spool.FromBytes([]byte("payload"))
			s.Env = append(s.Env, "D="+scratch.Dir, "F="+scratch.File)
		})
		get(t, r.exited, "exited")
		if out, _ := r.Tail(Stdout, 100); string(out) != "700\n600\npayload" {
			t.Errorf("the script saw %q", out)
		}
		r.Release()
		if res := get(t, r.ended, "ended"); res.Leftover != nil {
			t.Error(res.Leftover)
		}
		if left, _ := os.ReadDir(base); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
		if _, err := os.Stat(filepath.Join(outside, "keep")); err != nil {
			t.Errorf("a link was followed: %v", err)
		}
	})
}

func TestStartErrors(t *testing.T) {
	controllers(t, func(t *testing.T, c *Controller) {
		base := t.TempDir()
		for name, spec := range map[string]Spec{
			"no program":                 {Path: "/no/such/program", Dir: "/"},
			"no directory":               {Path: "/bin/true", Dir: "/no/such/dir"},
			"no program but a directory": {Path: base, Dir: "/"},
			"not executable":             {Path: "/etc/passwd", Dir: "/"},
		} {
			spec.Argv = []string{"x"}
			spec.Scratch = NewScratch(base, true, true)
			var start *StartError
			if _, err := c.Start(spec); !errors.As(err, &start) {
				t.Errorf("%s: %v", name, err)
			}
		}
		var resource *ResourceError
		if _, err := c.Start(Spec{Path: "/bin/true", Argv: []string{"x"}, Dir: "/", Scratch: NewScratch("/no/such/tmp", true, false)}); !errors.As(err, &resource) {
			t.Errorf("no temporary directory: %v", err)
		}
		if left, _ := os.ReadDir(base); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}

func TestHonestMaxRSS(t *testing.T) {
	ballast := bytes.Repeat([]byte{1}, 100<<20)
	controllers(t, func(t *testing.T, c *Controller) {
		r := start(t, c, "exit 0", nil)
		r.Release()
		if res := get(t, r.ended, "ended"); res.Usage.MaxRSS > 50<<20 {
			t.Errorf("sh is said to have used %d bytes", res.Usage.MaxRSS)
		}
		r = start(t, c, "sleep 5", nil)
		if u, over := r.Usage(); over || u.MaxRSS == 0 || u.MaxRSS > 50<<20 {
			t.Errorf("a living process: %+v", u)
		}
		r.Kill()
		if res := get(t, r.ended, "ended"); res.Usage.MaxRSS == 0 || res.Usage.MaxRSS > 50<<20 {
			t.Errorf("a killed process: %d bytes", res.Usage.MaxRSS)
		}
	})
	runtime.KeepAlive(ballast)
}

// What a process wrote just before its end must come through whole, also when a
// read is under way as it ends.
func TestStreamIsWhole(t *testing.T) {
	controllers(t, func(t *testing.T, c *Controller) {
		for range 40 {
			r := start(t, c, "head -c 1000000 /dev/zero", func(s *Spec) { s.Stream = true })
			r.Release()
			out, err := io.ReadAll(r.Stdout())
			if err != nil || len(out) != 1_000_000 {
				t.Fatalf("read %d bytes, %v", len(out), err)
			}
			_ = r.Stdout().Close()
			get(t, r.ended, "ended")
		}
	})
}
