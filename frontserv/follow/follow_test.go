package follow

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var errBad = errors.New("bad")

// join refuses texts that hold "bad".
func join(texts [][]byte) (string, error) {
	var all []string
	for _, t := range texts {
		all = append(all, string(t))
	}
	if s := strings.Join(all, "+"); !strings.Contains(s, "bad") {
		return s, nil
	}
	return "", errBad
}

func put(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// told are the errors that the owner was told.
type told struct {
	mu   sync.Mutex
	errs []error
}

func (l *told) tell(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.errs = append(l.errs, err)
}

// becomes waits until the value is want.
func becomes(t *testing.T, v *Value[string], want string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); v.Get() != want; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it is %q, not %q", v.Get(), want)
		}
	}
}

func TestFollows(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	put(t, a, "1")
	put(t, b, "2")
	var log told
	v, err := New(join, log.tell, a, b)
	if err != nil {
		t.Fatal(err)
	}
	becomes(t, v, "1+2")

	put(t, a, "3") // in place, of the same length
	becomes(t, v, "3+2")

	put(t, filepath.Join(dir, "new"), "4")
	if err := os.Rename(filepath.Join(dir, "new"), b); err != nil {
		t.Fatal(err)
	}
	becomes(t, v, "3+4")
	if len(log.errs) != 2 || log.errs[0] != nil || log.errs[1] != nil {
		t.Errorf("told %v", log.errs)
	}
}

func TestFollowsALink(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"old", "new"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(dir, name, "f"), name)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink("old", link); err != nil {
		t.Fatal(err)
	}
	v, err := New(join, func(error) {}, filepath.Join(link, "f"))
	if err != nil {
		t.Fatal(err)
	}
	becomes(t, v, "old")
	if err := errors.Join(os.Symlink("new", link+"2"), os.Rename(link+"2", link)); err != nil {
		t.Fatal(err)
	}
	becomes(t, v, "new")
}

// What cannot be used changes nothing and is told once, and what comes after it counts.
func TestTheLastGoodValueHolds(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f")
	put(t, file, "good")
	var log told
	v, err := New(join, log.tell, file)
	if err != nil {
		t.Fatal(err)
	}
	again := func() string { v.next.Store(0); return v.Get() }
	put(t, file, "bad one")
	if first, second := again(), again(); first != "good" || second != "good" {
		t.Errorf("it is %q", v.Get())
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if first, second := again(), again(); first != "good" || second != "good" {
		t.Errorf("it is %q", v.Get())
	}
	if len(log.errs) != 2 || !errors.Is(log.errs[0], errBad) || !errors.Is(log.errs[1], os.ErrNotExist) {
		t.Errorf("told %v", log.errs)
	}
	put(t, file, "better")
	if again() != "better" {
		t.Errorf("it is %q", v.Get())
	}
}

func TestWhatCannotBeReadAtFirst(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "bad"), "bad")
	large := filepath.Join(dir, "large")
	put(t, large, "")
	if err := os.Truncate(large, maxSize+1); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"none": "no such file", "pipe": "no regular file", "bad": "bad", "large": "larger than 16 MiB", ".": "no regular file"} {
		if _, err := New(join, func(error) {}, filepath.Join(dir, name)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f")
	put(t, file, "1")
	v, err := New(join, func(error) {}, file)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				v.next.Store(0)
				if s := v.Get(); s != "1" && s != "2" {
					t.Errorf("it is %q", s)
				}
			}
		})
	}
	put(t, filepath.Join(filepath.Dir(file), "new"), "2")
	if err := os.Rename(filepath.Join(filepath.Dir(file), "new"), file); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	becomes(t, v, "2")
}
