package page

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/urocket/urocket/visor"
)

// What is shown, as text: the template and the script put it in place as it is. A
// field's JSON name is that of the places where it goes (data-f).

// runningRow is a call that waits or runs.
type runningRow struct {
	ID      string `json:"id"`
	Short   string `json:"short"`
	Name    string `json:"name"`
	State   string `json:"state"`
	Age     string `json:"age"`
	PID     string `json:"pid"`
	CPU     string `json:"cpu"`
	Memory  string `json:"memory"`
	Driver  string `json:"driver"`
	Command string `json:"command"`
	Token   string `json:"-"` // of its form
}

// endedRow is a call that is over.
type endedRow struct {
	Number uint64 `json:"number"`
	ID     string `json:"id"`
	Name   string `json:"name"`
	Bad    bool   `json:"bad"`
	When   string `json:"when"`
	Stamp  string `json:"stamp"`
	How    string `json:"how"`
	Status string `json:"status"`
	Took   string `json:"took"`
	Queue  string `json:"queue"`
	CPU    string `json:"cpu"`
	Memory string `json:"memory"`
	Driver string `json:"driver"`
	PID    string `json:"pid"`
	Wrote  string `json:"wrote"`
	Words  string `json:"words"`
	Stdout string `json:"stdout"`
	Stderr string `json:"stderr"`
}

// operationRow is an operation.
type operationRow struct {
	Name, Command, Driver, Reply, Limits, Now string
}

// none stands where there is nothing to say.
const none = "–"

func newRunningRow(s visor.Snapshot) runningRow {
	r := runningRow{
		ID: s.ID, Short: s.ID[:min(8, len(s.ID))], Name: name(s.Method, s.Path), State: s.State,
		Age: span(s.Age), PID: none, CPU: none, Memory: memory(&s.Stats), Driver: orNone(plain(s.Driver)), Command: line(s.Argv),
	}
	if s.PID != 0 {
		r.PID, r.CPU = strconv.Itoa(s.PID), cpu(&s.Stats)
	}
	return r
}

func newEndedRow(e *end) endedRow {
	s := &e.Stats
	r := endedRow{
		Number: e.number, ID: e.ID, Name: name(e.Method, e.Path), Bad: e.bad(),
		When: e.at.UTC().Format("15:04:05"), Stamp: e.at.UTC().Format(time.RFC3339),
		How: how(e), Status: orNone(status(e)), Took: none, Queue: none, CPU: none, Memory: memory(s), Driver: orNone(plain(e.Driver)), PID: none,
		Stdout: written(e.Stdout, s.Stdout), Stderr: written(e.Stderr, s.Stderr),
	}
	if !e.Start.IsZero() {
		r.Took, r.Queue, r.CPU, r.PID = span(s.Wall), span(s.Queue), cpu(s), strconv.Itoa(e.PID)
	}
	r.Wrote = fmt.Sprintf("stdout %s, stderr %s", size(s.Stdout), size(s.Stderr))
	if r.Bad {
		r.Words = lastWords(r.Stderr, r.Stdout)
	}
	return r
}

func name(method, path string) string { return method + " " + plain(path) }

// how a call ended, in the words of the log.
func how(e *end) string {
	if e.problem != "" {
		return e.problem
	}
	words := []string{e.End.String()}
	if e.stopped != visor.EndNone && e.stopped != e.End {
		words = append(words, "then "+e.stopped.String())
	}
	switch {
	case e.Signal != "":
		words = append(words, e.Signal)
	case e.ExitCode != nil && (*e.ExitCode != 0 || e.End == visor.EndExit):
		words = append(words, "code "+strconv.Itoa(*e.ExitCode))
	}
	if e.Stats.OOM && e.End != visor.EndOOM {
		words = append(words, "out of memory")
	}
	return strings.Join(words, ", ")
}

func status(e *end) string {
	switch {
	case e.status == 0:
		return ""
	case e.broken:
		return strconv.Itoa(e.status) + ", broken off"
	}
	return strconv.Itoa(e.status)
}

// cpu is the processor time, of all descendants where that is known.
func cpu(s *visor.Stats) string {
	switch {
	case s.CPU != nil:
		return span(*s.CPU)
	case s.UTime != nil && s.STime != nil:
		return span(*s.UTime + *s.STime)
	}
	return none
}

// memory is the most that was used, of all descendants where that is known.
func memory(s *visor.Stats) string {
	switch {
	case s.Memory != nil:
		return size(*s.Memory)
	case s.MaxRSS != nil:
		return size(*s.MaxRSS)
	}
	return none
}

// newOperationRow is an operation with who is at it now.
func newOperationRow(o *Operation, now string) operationRow {
	r := operationRow{
		Name: name(o.Method, o.Path), Command: line(o.Command), Driver: plain(o.Driver), Reply: orNone(o.Reply), Now: now,
	}
	var limits []string
	add := func(set bool, format string, values ...any) {
		if set {
			limits = append(limits, fmt.Sprintf(format, values...))
		}
	}
	add(o.Timeout > 0, "timeout %s", setting(o.Timeout))
	add(o.Timeout == 0, "no timeout")
	add(o.Running != visor.NoLimit, "running %d", o.Running)
	add(o.Queued != visor.NoLimit, "queued %d", o.Queued)
	l := &o.Limits
	add(l.Memory > 0, "memory %s", size(l.Memory))
	if l.Swap != nil {
		add(true, "swap %s", size(*l.Swap))
	}
	add(l.PIDs > 0, "pids %d", l.PIDs)
	add(l.CPUs > 0, "cpus %g", l.CPUs)
	add(l.CPUWeight > 0, "cpuweight %d", l.CPUWeight)
	add(len(l.IOMax) > 0, "iomax %s", plain(strings.Join(l.IOMax, "; ")))
	add(l.IOWeight > 0, "ioweight %d", l.IOWeight)
	add(o.User != "", "user %s", plain(o.User))
	r.Limits = strings.Join(limits, ", ")
	return r
}

func orNone(s string) string {
	if s == "" {
		return none
	}
	return s
}

// span is a time as it is said: 0.034 s, 1.2 s, 75 s, 3 min 12 s, 2 h 5 min.
func span(d time.Duration) string {
	switch s := d.Seconds(); {
	case d < time.Second:
		return strconv.FormatFloat(s, 'f', 3, 64) + " s"
	case d < 10*time.Second:
		return strconv.FormatFloat(s, 'f', 1, 64) + " s"
	case d < 2*time.Minute:
		return strconv.FormatFloat(s, 'f', 0, 64) + " s"
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
}

// setting is a time as it would be written in the configuration: 1s, 5m, 1h30m.
func setting(d time.Duration) string {
	text := d.String()
	for _, end := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, end) {
			text = text[:len(text)-2]
		}
	}
	return text
}

// size is a number of bytes: 0 B, 640 KiB, 5.2 MiB.
func size(n int64) string {
	value, unit := float64(n), "B"
	for _, next := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if value < 1024 {
			break
		}
		value, unit = value/1024, next
	}
	digits := 0
	if value < 10 && unit != "B" {
		digits = 1
	}
	return strconv.FormatFloat(value, 'f', digits, 64) + " " + unit
}

// lineSize is how much of a command is shown, which may hold a whole script.
const lineSize = 500

// line writes arguments so that one can be told from two.
func line(argv []string) string {
	var out strings.Builder
	for i, word := range argv {
		if i > 0 {
			out.WriteByte(' ')
		}
		if room := lineSize - out.Len(); len(word) > room {
			out.WriteString(plain(word[:max(room, 0)]) + "…")
			break
		}
		if plain := plain(word); word == "" || strings.ContainsAny(word, " \t\n'\"\\") {
			out.WriteString("'" + strings.ReplaceAll(plain, "'", `'\''`) + "'")
		} else {
			out.WriteString(plain)
		}
	}
	return out.String()
}

// written is the end of a stream that has had so many bytes.
func written(tail []byte, total int64) string {
	missing := total - int64(len(tail))
	if missing > 0 {
		for len(tail) > 0 && tail[0]&0xC0 == 0x80 { // of a character that was cut
			tail = tail[1:]
		}
	}
	text := plain(string(tail))
	if missing > 0 {
		return "(" + size(missing) + " before this are not kept)\n" + text
	}
	return text
}

// wordsSize is how much of the last line is shown of a call that went wrong.
const wordsSize = 160

// complaint finds the line that says what was wrong, in what languages and tools say.
var complaint = regexp.MustCompile(`(?i)\b(error|exception|fatal|fail(ed|ure)?|panic|denied|not found)\b`)

// lastWords is one line of the first stream that has any: the last that looks like a
// complaint, else the last one.
func lastWords(streams ...string) string {
	for _, s := range streams {
		var words, last string
		for text := range strings.Lines(s) {
			if text = strings.TrimSpace(text); text == "" {
				continue
			}
			if last = text; complaint.MatchString(text) {
				words = text
			}
		}
		if words == "" {
			words = last
		}
		if letters := []rune(words); len(letters) > wordsSize {
			words = string(letters[:wordsSize]) + "…"
		}
		if words != "" {
			return words
		}
	}
	return ""
}

// plain makes every character visible that could hide others, move or turn them:
// control characters become their signs (U+2400 and on), those that turn the
// direction of text and what is no UTF-8 U+FFFD.
func plain(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\n' || c == '\t':
			return c
		case c < ' ':
			return 0x2400 + c
		case c == 0x7F:
			return 0x2421
		case unicode.Is(unicode.Cc, c), unicode.Is(unicode.Bidi_Control, c), c == 0x2028, c == 0x2029, c == 0xFEFF:
			return unicode.ReplacementChar
		}
		return c
	}, s)
}
