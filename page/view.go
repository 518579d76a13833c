package page

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/urocket/urocket/internal/display"
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
	r.Wrote = fmt.Sprintf("stdout %s, stderr %s", display.Size(s.Stdout, " "), display.Size(s.Stderr, " "))
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
		return display.Size(*s.Memory, " ")
	case s.MaxRSS != nil:
		return display.Size(*s.MaxRSS, " ")
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
	add(o.Timeout > 0, "timeout %s", display.Duration(o.Timeout))
	add(o.Timeout == 0, "no timeout")
	add(o.Running != visor.NoLimit, "running %d", o.Running)
	add(o.Queued != visor.NoLimit, "queued %d", o.Queued)
	l := &o.Limits
	add(l.Memory > 0, "memory %s", display.Size(l.Memory, " "))
	if l.Swap != nil {
		add(true, "swap %s", display.Size(*l.Swap, " "))
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
