package processctl

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/urocket/urocket/processctl/family"
)

func TestOwns(t *testing.T) {
	controllers(t, func(t *testing.T, c *Controller) {
		r := start(t, c, "setsid sh -c 'echo $$; exec sleep 30' & sleep 30", nil)
		var child int
		for deadline := time.Now().Add(10 * time.Second); child == 0 && time.Now().Before(deadline); {
			if out, _ := r.Tail(Stdout, 100); len(out) > 0 {
				child, _ = strconv.Atoi(strings.TrimSpace(string(out)))
			}
			time.Sleep(5 * time.Millisecond)
		}
		for _, pid := range []int{r.PID(), child} {
			if owned, err := c.Owns(pid); !owned || err != nil {
				t.Errorf("process %d: %v, %v", pid, owned, err)
			}
		}
		if owned, err := c.Owns(os.Getppid()); owned || err != nil {
			t.Errorf("a stranger: %v, %v", owned, err)
		}
		r.Stop()
		get(t, r.ended, "ended")
		if owned, err := c.Owns(r.PID()); owned || err == nil {
			t.Errorf("a process that is gone: %v, %v", owned, err)
		}
	})
}

// A process whose ancestors end while they are looked at is one of ours: its
// parents fork the next and end, all the time.
func TestOwnsWhileAncestorsEnd(t *testing.T) {
	c, err := New(Options{Name: "test", NoCgroup: true})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, c)
	file := filepath.Join(t.TempDir(), "next")
	if err := os.WriteFile(file, []byte("exec >/dev/null\nsh "+file+" &\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := start(t, c, "for i in 1 2 3; do sh "+file+"; done; sleep 1000", func(s *Spec) { s.Timeout = time.Minute })
	seen := map[int]bool{}
	for n := 0; n < 20000 && len(seen) < 200; n++ {
		for _, m := range family.Below(os.Getpid()) {
			seen[m.PID] = true
			if owned, err := c.Owns(m.PID); !owned && !errors.Is(err, os.ErrNotExist) {
				t.Fatalf("process %d: %v, %v", m.PID, owned, err)
			}
		}
	}
	if len(seen) < 200 {
		t.Errorf("only %d processes were seen", len(seen))
	}
	r.Kill()
	r.Release()
	get(t, r.ended, "ended")
}
