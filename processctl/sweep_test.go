package processctl

import (
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/urocket/urocket/processctl/spool"
)

func made(t *testing.T, s Scratch) *os.File {
	t.Helper()
	claimed, err := s.make(spool.FromBytes([]byte("payload")), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = claimed.Close() })
	return claimed
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// What a dead urocket left goes, what a live one has stays, and so does all that
// only looks like it.
func TestSweepScratch(t *testing.T) {
	base, outside := t.TempDir(), t.TempDir()
	must(t, os.WriteFile(filepath.Join(outside, "keep"), nil, 0o600))
	gone, stays := []string{filepath.Join(base, "urocket-body-1234567")}, []string{}
	must(t, os.WriteFile(gone[0], nil, 0o600))
	for _, kind := range [][2]bool{{true, false}, {false, true}, {true, true}} {
		dead, live := NewScratch(base, kind[0], kind[1]), NewScratch(base, kind[0], kind[1])
		must(t, made(t, dead).Close()) // as the kernel does for who is killed
		made(t, live)
		if kind[0] {
			gone, stays = append(gone, dead.Dir), append(stays, live.Dir)
			must(t, os.MkdirAll(filepath.Join(dead.Dir, "a", "b"), 0o755))
			must(t, os.Symlink(outside, filepath.Join(dead.Dir, "a", "b", "link")))
			must(t, os.Chmod(filepath.Join(dead.Dir, "a"), 0o500))
			must(t, os.Chmod(dead.Dir, 0))
		} else {
			gone, stays = append(gone, dead.File), append(stays, live.File)
		}
	}
	other := func() string { return NewScratch(base, true, false).Dir }
	link, fifo, upper := other(), other(), filepath.Join(base, "urocket-"+"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	must(t, os.Symlink(outside, link))
	must(t, syscall.Mkfifo(fifo, 0o600))
	must(t, os.Mkdir(upper, 0o700))
	stays = append(stays, link, fifo, upper, filepath.Join(outside, "keep"))
	for _, name := range []string{"urocket-", "urocket-body-", "urocket-body-x", "urocket-service", "urocket-payload-", "other"} {
		stays = append(stays, filepath.Join(base, name))
		must(t, os.WriteFile(filepath.Join(base, name), nil, 0o600))
	}
	must(t, SweepScratch(base))
	for _, name := range gone {
		if _, err := os.Lstat(name); !os.IsNotExist(err) {
			t.Errorf("%s is left: %v", name, err)
		}
	}
	for _, name := range stays {
		if _, err := os.Lstat(name); err != nil {
			t.Errorf("%s is gone: %v", name, err)
		}
	}
}

// Starts sweep all the time while calls come and go; neither disturbs the other.
func TestSweepWhileScratchIsMade(t *testing.T) {
	base := t.TempDir()
	over := make(chan struct{})
	var sweeping, making sync.WaitGroup
	for range 2 {
		sweeping.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				if err := SweepScratch(base); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range 6 {
		making.Go(func() {
			for range 200 {
				s := NewScratch(base, i%2 == 0, i%3 > 0 || i%2 > 0)
				claimed, err := s.make(spool.FromBytes([]byte("payload")), nil)
				if err != nil {
					t.Error(err)
					return
				}
				if text, err := os.ReadFile(s.File); s.File != "" && string(text) != "payload" {
					t.Errorf("the file holds %q: %v", text, err)
				}
				if _, err := os.Stat(s.Dir); s.Dir != "" && err != nil {
					t.Error(err)
				}
				if err := s.remove(claimed); err != nil {
					t.Error(err)
				}
				_ = claimed.Close()
			}
		})
	}
	making.Wait()
	close(over)
	sweeping.Wait()
	if left, _ := os.ReadDir(base); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}
