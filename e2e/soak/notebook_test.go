package soak

import (
	"bytes"
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// facts is what is known of a call beside what its caller got.
type facts struct {
	starts []string // request ids under which its script was started
	pids   []int    // of the processes that have noted that, if they are PHP's
	told   []int    // what posters were told on the socket
	bad    []string // what its script found wrong
	log    []logLine
	hit    bool // processes of it were disturbed
}

// logLine is a line of the program's log.
type logLine struct {
	Level, Msg string
	RequestID  string `json:"request_id"`
	Token      string `json:"x_request_id"`
	Status     int
	End, Type  string
	Leftover   string
	Method     string
	Path       string
	Error, At  string
	Wall       *float64
	text       string
}

// notebook is the file in which scripts note what happens to them.
type notebook struct {
	name string
	mu   sync.Mutex
	file *os.File
	read int64
	last []byte // a line without its end
}

func newNotebook(t *testing.T, name string) *notebook {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o666)
	check(t, err)
	check(t, f.Chmod(0o666)) // scripts of another user write there too
	t.Cleanup(func() { _ = f.Close() })
	return &notebook{name: name, file: f}
}

// note adds a line, as the scripts do.
func (n *notebook) note(line string) {
	_, _ = n.file.WriteString(line + "\n")
}

// collect puts what was noted since the last time into the facts, by token.
func (n *notebook) collect(known map[string]*facts) {
	n.mu.Lock()
	defer n.mu.Unlock()
	whole, _ := os.ReadFile(n.name)
	fresh := append(n.last, whole[n.read:]...)
	n.read = int64(len(whole))
	end := bytes.LastIndexByte(fresh, '\n') + 1
	n.last = bytes.Clone(fresh[end:])
	for line := range strings.Lines(string(fresh[:end])) {
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		f := factsOf(known, words[0])
		switch {
		case words[1] == "start" && (len(words) == 3 || len(words) == 4):
			f.starts = append(f.starts, words[2])
			if len(words) == 4 {
				pid, _ := strconv.Atoi(words[3])
				f.pids = append(f.pids, pid)
			}
		case words[1] == "told" && len(words) == 3:
			code, _ := strconv.Atoi(words[2])
			f.told = append(f.told, code)
		default:
			f.bad = append(f.bad, strings.TrimSpace(line))
		}
	}
}

func factsOf(known map[string]*facts, token string) *facts {
	f := known[token]
	if f == nil {
		f = &facts{}
		known[token] = f
	}
	return f
}

// readLog puts the lines of requests into the facts, and returns those that
// should not be there.
func (l *life) readLog(known map[string]*facts) (bad []string) {
	text, _ := os.ReadFile(l.log)
	for line := range strings.Lines(string(text)) {
		var e logLine
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			if l.number > 0 && mayBeBad(line) {
				bad = append(bad, line)
			}
			continue
		}
		e.text = line
		if e.Msg == "request" && e.Token != "" {
			f := factsOf(known, e.Token)
			f.log = append(f.log, e)
		}
		if e.unexpected() {
			bad = append(bad, line)
		}
	}
	return bad
}

// unexpected finds what a program says that could not keep its promises. A fault
// of a configuration has its place in the file.
func (e logLine) unexpected() bool {
	known := e.Type == "start-failed" || e.At != "" || strings.HasPrefix(e.Msg, "not reloaded") || e.lostShim()
	for _, ours := range []string{"a worker could not be started", "no worker can be started", "the worker broke the protocol", "it went wrong with t"} {
		known = known || strings.Contains(e.Msg, ours) || strings.HasPrefix(e.Error, ours)
	}
	return e.Leftover != "" || e.Level == "ERROR" && !known || strings.Contains(e.Msg, "not everything")
}

func (e logLine) lostShim() bool { return strings.Contains(e.Error, "the shim process has ended") }

// mayBeBad finds what a program prints that has gone wrong by itself.
func mayBeBad(line string) bool {
	for _, word := range []string{"panic:", "DATA RACE", "fatal error:", "were dropped"} {
		if strings.Contains(line, word) {
			return true
		}
	}
	return false
}

// of returns the lines of the log that name an id or a token, for messages.
func (l *life) of(words ...string) string {
	text, _ := os.ReadFile(l.log)
	var found []string
	for line := range strings.Lines(string(text)) {
		for _, w := range words {
			if w != "" && strings.Contains(line, w) {
				found = append(found, line)
				break
			}
		}
	}
	return strings.Join(found, "")
}
