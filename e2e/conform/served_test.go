package conform

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/urocket/urocket/e2e/escape"
)

// servedBy is the operation as a user writes it.
func servedBy(d driver) func(g *gateway, tr trial) escape.Keys {
	return func(g *gateway, tr trial) escape.Keys {
		keys := escape.Keys{"reply": "report", "driver": d.driver}
		maps.Copy(keys, tr.keys)
		keys["cmd"] = tr.command(d.extended(), g.folder(tr))
		if d.one && tr.flags&together == 0 {
			keys["running"] = 1 // else several are started ahead of each call
		}
		if tr.stop {
			keys["timeout"] = stopAfter.String()
		}
		return tr.inPlace(g, keys)
	}
}

// inPlace adds what all operations have.
func (tr trial) inPlace(g *gateway, keys escape.Keys) escape.Keys {
	if keys["wd"] == nil {
		keys["wd"] = g.folder(tr)
	}
	text, err := json.Marshal(keys)
	check(g.t, err)
	var filled escape.Keys
	check(g.t, json.Unmarshal([]byte(replaceAll(string(text), "@DIR@", g.folder(tr))), &filled))
	return filled
}

// served makes a call and collects what is known of it.
func (g *gateway) served(tr trial, c call) (run, error) {
	var before []process
	var err error
	if tr.reply() != "report" {
		before, err = g.processes(tr)
	}
	if err != nil {
		return run{}, err
	}
	a, err := g.call(tr, c)
	if err != nil {
		return run{}, err
	}
	id, err := g.idOf(tr, a, before)
	if err != nil {
		return run{}, err
	}
	p, err := g.ending(id)
	if err != nil {
		return run{}, err
	}
	r := run{id: id, dir: g.dir, driver: p.Driver}
	if p.PID == nil || p.Stdout == nil || p.Stderr == nil {
		return r, fmt.Errorf("%s has an entry without pid or output: %+v; its caller got %d %s", tr.name(), p, a.status, short(a.body))
	}
	r.pid, r.stdout, r.stderr = *p.PID, []byte(*p.Stdout), []byte(*p.Stderr)
	switch {
	case p.ExitCode != nil:
		r.exit = exited(*p.ExitCode)
	case p.Signal != nil:
		r.exit = *p.Signal
	}
	return r, r.take(tr, a)
}

// take reads the answer by the mode of its operation.
func (r *run) take(tr trial, a answer) error {
	switch {
	case tr.stop: // the caller has its 504
	case tr.reply() == "socket":
		if r.caller = replied(a); a.status == 502 {
			r.caller = noReply
		}
	case tr.reply() == "stdout":
		r.stdout = a.body
	default:
		var report struct {
			ExitCode        *int
			Signal          *string
			Stdout, Stderr  string
			StdoutTruncated bool `json:"stdout_truncated"`
		}
		if err := json.Unmarshal(a.body, &report); err != nil || report.StdoutTruncated || report.ExitCode == nil && report.Signal == nil {
			return fmt.Errorf("no report, or not all of it (%v): %d %s", err, a.status, short(a.body))
		}
		r.stdout, r.stderr = []byte(report.Stdout), []byte(report.Stderr)
	}
	return nil
}

// idOf is the id of the call that was just answered: the report says it; else
// it is the entry of this trial that was not there before.
func (g *gateway) idOf(tr trial, a answer, before []process) (string, error) {
	var body struct {
		RequestID string `json:"request_id"`
	}
	if json.Unmarshal(a.body, &body) == nil && body.RequestID != "" {
		return body.RequestID, nil
	}
	now, err := g.processes(tr)
	if err != nil {
		return "", err
	}
	for _, p := range now {
		if !slices.ContainsFunc(before, func(b process) bool { return b.RequestID == p.RequestID }) {
			return p.RequestID, nil
		}
	}
	return "", fmt.Errorf("no entry in /urprocs for a call of %s, which got %d %s", tr.name(), a.status, short(a.body))
}
