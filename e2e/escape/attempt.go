package escape

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// patience bounds every wait; it detects a hang and nothing else.
const patience = 90 * time.Second

// Attempt is a row that is being tried at one level.
type Attempt struct {
	*testing.T
	*place
	row Row
	dir string
}

// call is a caller who waits for his answer.
type call struct {
	a      *Attempt
	answer chan answer
}

// begin makes a call to an operation of the row, "" for the main one. Its script
// finds about in its environment.
func (a *Attempt) begin(op, about string) call {
	path := a.row.path(once)
	if op != "" {
		path += "/" + op
	}
	return a.beginAt(path, about)
}

// patient makes a call to the main operation with its longest timeout.
func (a *Attempt) patient(about string) call { return a.beginAt(a.row.path(longest), about) }

func (a *Attempt) beginAt(path, about string) call {
	c := call{a, make(chan answer, 1)}
	go func() { c.answer <- ask(a.Address, path, about) }()
	return c
}

// begun makes a call to the main operation, which ends at its timeout, and waits
// until the script has told all names. If its timeout passes before that it gets more
// time.
func (a *Attempt) begun(about string, names ...string) call {
	a.Helper()
	for _, times := range tries {
		c := a.beginAt(a.row.path(times), about)
		if a.comesAsFar(c, names) {
			return c
		}
		a.until("nothing is left of the try", func() bool { return nothingRuns(a.dir) })
		for _, name := range names {
			_ = os.Remove(filepath.Join(a.dir, name))
		}
	}
	a.Fatalf("its timeout passes before it tells all of %q", names)
	return call{}
}

// comesAsFar waits until a script has told all names; false when it was cut off.
func (a *Attempt) comesAsFar(c call, names []string) (told bool) {
	a.Helper()
	a.until(fmt.Sprintf("the script tells all of %q", names), func() bool {
		told = !slices.ContainsFunc(names, func(name string) bool { return !a.hasTold(name) })
		select {
		case got := <-c.answer:
			c.answer <- got
			return told || got.status == 504
		default:
			return told
		}
	})
	return told
}

func (a *Attempt) hasTold(name string) bool {
	_, err := os.Stat(filepath.Join(a.dir, name))
	return err == nil
}

// wait waits for the answer, which must be one.
func (c call) wait() answer {
	c.a.Helper()
	got := <-c.answer
	if got.err != nil {
		c.a.Fatalf("the caller got no whole answer, or more than one: %v", got.err)
	}
	return got
}

// want demands an answer of the script's.
func (c call) want(status int, body string) {
	c.a.Helper()
	if got := c.wait(); got.status != status || got.body != body {
		c.a.Fatalf("answer %d %.300q, want %d %q", got.status, got.body, status, body)
	}
}

// wantProblem demands an answer of urocket's own.
func (c call) wantProblem(status int, word string) problem {
	c.a.Helper()
	got := c.wait()
	p := got.problem()
	if got.status != status || p.Type != "urn:urocket:"+word {
		c.a.Fatalf("answer %d %.300q, want the problem %d %s", got.status, got.body, status, word)
	}
	return p
}

// wantSignal demands the 502 of a script that a signal has ended.
func (c call) wantSignal(name string) {
	c.a.Helper()
	if p := c.wantProblem(502, "no-answer"); p.Signal != name {
		c.a.Errorf("ended by %q, want %s", p.Signal, name)
	}
}

// told waits for what a script tells, and returns it.
func (a *Attempt) told(name string) string {
	a.Helper()
	a.until("the script tells "+name, func() bool { return a.hasTold(name) })
	text, err := os.ReadFile(filepath.Join(a.dir, name))
	must(a.T, err)
	return string(text)
}

// tell lets a script go on that awaits the name.
func (a *Attempt) tell(name string) {
	a.Helper()
	must(a.T, os.WriteFile(filepath.Join(a.dir, name), nil, 0o666))
}

// pid is a process that the script has told.
func (a *Attempt) pid(name string) int {
	a.Helper()
	n, err := strconv.Atoi(a.told(name))
	must(a.T, err)
	return n
}

// gone waits until processes that the script has told have ended.
func (a *Attempt) gone(names ...string) {
	a.Helper()
	for _, name := range names {
		pid := a.pid(name)
		a.until("process "+strconv.Itoa(pid)+", told as "+name+", has ended", func() bool { return !alive(pid) })
	}
}

// absent waits until there is nothing at a path.
func (a *Attempt) absent(path string) {
	a.Helper()
	a.until(path+" is gone", func() bool { _, err := os.Lstat(path); return errors.Is(err, fs.ErrNotExist) })
}

// is demands what a script tells.
func (a *Attempt) is(name, want string) {
	a.Helper()
	if got := a.told(name); got != want {
		a.Errorf("%s: %q, want %q", name, got, want)
	}
}

// until polls for what no event tells; what a timeout ends may come after the longest one.
func (a *Attempt) until(what string, ok func() bool) {
	a.Helper()
	for end := time.Now().Add(longest*a.host.Short + patience); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			a.Fatalf("never: %s; of this row there are still %q", what, marked(a.dir))
		}
	}
}

// refused demands that urocket does not start with a key, and says where it stands.
func (a *Attempt) refused(keys Keys) {
	a.Helper()
	p := &place{a.host.Prepare(a.T), a.host, a.level, nil}
	p.write(a.T, []Row{{Slug: "refused", Operation: Operation{Keys: keys}}}, true)
	code, text := p.Dry()
	lines := strings.Split(string(read(p.File)), "\n")
	_, after, _ := strings.Cut(text, p.File+":")
	at, _, _ := strings.Cut(after, ":")
	n, _ := strconv.Atoi(at)
	for key := range keys {
		if code != 2 || n < 1 || n > len(lines) || !strings.Contains(lines[n-1], `"`+key+`"`) {
			a.Errorf("with %v: exit code %d, want 2, and the line of %s in: %s", keys, code, key, text)
		}
	}
}

// ending says whether a call of the row is still running, replied or ending, as
// urocket itself sees it.
func (a *Attempt) ending() bool {
	a.Helper()
	conn, err := net.Dial("unix", a.Socket)
	must(a.T, err)
	defer conn.Close()
	must(a.T, conn.SetDeadline(time.Now().Add(patience)))
	_, err = fmt.Fprint(conn, "GET /urprocs HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	must(a.T, err)
	var list struct {
		Processes []struct{ Path, State string }
	}
	got := readAnswer(conn)
	must(a.T, errors.Join(got.err, json.Unmarshal([]byte(got.body), &list)))
	for _, p := range list.Processes {
		if strings.HasPrefix(p.Path, "/"+a.row.Slug) && p.State != "ended" {
			return true
		}
	}
	return false
}
