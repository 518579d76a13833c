package conform

import (
	"errors"
	"fmt"
	"maps"
	"strconv"
	"sync"
)

// run is how one call of a script went.
type run struct {
	id     string // REQUEST_ID
	dir    string // of the gateway
	pid    int
	driver string // that made the process, and why if it is not the one that was wanted
	exit   string // "exit code 3", "SIGKILL"
	stdout []byte
	stderr []byte
	caller string // what the caller got; "" where it gets the output
	left   int    // processes that outlived the call, where they were ended
}

func exited(code int) string { return fmt.Sprintf("exit code %d", code) }

// replied tells what the caller of a socket operation got, as far as the
// script has a say in it.
func replied(a answer) string {
	return fmt.Sprintf("%d %q location=%q %s", a.status, a.header.Get("Content-Type"), a.header.Get("Location"), short(a.body))
}

// noReply is what the caller gets of a script that does not reply.
const noReply = "no reply"

// outcome is all that a trial has shown.
type outcome struct {
	calls  []facts
	end    facts               // the files and processes that are left
	unique []map[string]string // by call: values that must never be there twice
	driver []string            // by call
}

// outcome makes all calls of the trial, in their order or at once.
func (tr trial) outcome(g *gateway, atOnce bool, one func(tr trial, c call) (run, error)) (outcome, error) {
	calls := tr.requests()
	runs, errs := make([]run, len(calls)), make([]error, len(calls))
	var all sync.WaitGroup
	for i, c := range calls {
		if c.before != nil {
			all.Wait()
			if err := c.before(g.folder(tr)); err != nil {
				return outcome{}, err
			}
		}
		all.Go(func() { runs[i], errs[i] = one(tr, c) })
		if !atOnce {
			all.Wait()
		}
	}
	all.Wait()
	o, left := outcome{}, g.left(tr)
	for _, r := range runs {
		left += r.left
		f, unique := r.facts()
		o.calls, o.unique, o.driver = append(o.calls, f), append(o.unique, unique), append(o.driver, r.driver)
	}
	var err error
	o.end, err = filesOf(g, tr)
	o.end["processes left"] = strconv.Itoa(left)
	return o, errors.Join(errors.Join(errs...), err)
}

// register is of values that must never be there twice, whoever made them.
type register struct {
	mu   sync.Mutex
	seen map[string]string // where each was
}

// add says which values of an outcome were there before. The same outcome may
// be added again.
func (r *register) add(by string, tr trial, o outcome) (err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen == nil {
		r.seen = map[string]string{}
	}
	for i, values := range o.unique {
		here := fmt.Sprintf("%s, call %d by %s, %p", tr.name(), i+1, by, o.unique)
		for name, value := range maps.All(values) {
			key := name + "=" + value
			if before, twice := r.seen[key]; twice && before != here {
				err = errors.Join(err, fmt.Errorf("%s: %s is %s, as it was in %s", here, name, value, before))
			}
			r.seen[key] = here
		}
	}
	return err
}
