package client

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// process is a call as the socket shows it.
type process struct {
	ID       string `json:"request_id"`
	Path     string
	Method   string
	State    string // queued, running, replied, ending, ended
	End      string // "" for null, as in the next
	PID      int
	Argv     []string
	AgeMS    int64 `json:"age_ms"`
	ExitCode *int
	Signal   string
	Stats    struct {
		CPU            *float64 // milliseconds, of all descendants
		UTime, STime   float64
		Memory, MaxRSS *int64
		Stdout, Stderr int64 // how much it has written
	}
	Stdout, Stderr string // the end of it

	raw json.RawMessage
}

// UnmarshalJSON keeps the text, for what is not known here.
func (p *process) UnmarshalJSON(text []byte) error {
	type plain process
	if err := json.Unmarshal(text, (*plain)(p)); err != nil {
		return err
	}
	p.raw = append(p.raw[:0], text...)
	return nil
}

func (p *process) ended() bool { return p.State == "ended" }

func (p *process) operation() string { return strings.ToUpper(p.Method) + " " + p.Path }

// cpu is the processor time of all that the call has started, as far as is known.
func (p *process) cpu() time.Duration {
	ms := p.Stats.UTime + p.Stats.STime
	if p.Stats.CPU != nil {
		ms = *p.Stats.CPU
	}
	return time.Duration(ms * float64(time.Millisecond))
}

// memory is the most that it had, in bytes; 0: not known.
func (p *process) memory() int64 {
	switch {
	case p.Stats.Memory != nil:
		return *p.Stats.Memory
	case p.Stats.MaxRSS != nil:
		return *p.Stats.MaxRSS
	}
	return 0
}

// ending is how an ended call came to its end, and its process.
func (p *process) ending() string {
	text := p.End
	switch {
	case p.Signal != "":
		text += " " + p.Signal
	case p.ExitCode != nil:
		text += fmt.Sprintf(" %d", *p.ExitCode)
	}
	return text
}

// processes are all that the socket tells of, oldest first.
func (s *socket) processes() ([]process, error) {
	var all struct{ Processes []process }
	err := s.get("/urprocs", &all)
	return all.Processes, err
}

func (s *socket) process(id string) (process, error) {
	var p process
	err := s.get("/urprocs/"+url.PathEscape(id), &p)
	return p, err
}

// How long a request id is, and how much of one has to be given: an empty variable of
// a shell must not name the only call that there is.
const (
	wholeID = 36
	leastID = 4
)

// resolve makes a whole id of one that was cut short, as ps shows them on a terminal.
func (s *socket) resolve(id string) (string, error) {
	if len(id) >= wholeID {
		return id, nil
	}
	if len(id) < leastID {
		return "", fmt.Errorf("%q is no id of a call: give at least its first %d characters", id, leastID)
	}
	all, err := s.processes()
	if err != nil {
		return "", err
	}
	var found []string
	for _, p := range all {
		if strings.HasPrefix(p.ID, id) {
			found = append(found, p.ID)
		}
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("no call has an id that begins with %q, or it ended more than 60 s ago", id)
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("%d ids begin with %q: %s", len(found), id, strings.Join(found[:min(len(found), 5)], ", "))
}
