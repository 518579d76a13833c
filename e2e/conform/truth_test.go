package conform

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/e2e/escape"
)

// truth is how the trials go by plain PHP. It is found out once, for all drivers
// that add the same options.
type truth struct {
	gateway  *gateway
	outcomes map[string]func() (outcome, error) // by trial
}

// newTruth starts the gateway of those that stand in for PHP.
func newTruth(t *testing.T, list []trial, options []string) *truth {
	t.Helper()
	tt := &truth{gateway: prepare(t, list, truthOf(options)).launch(), outcomes: map[string]func() (outcome, error){}}
	for _, tr := range list {
		tt.outcomes[tr.name()] = sync.OnceValues(func() (outcome, error) { return tr.outcome(tt.gateway, false, tt.gateway.truth) })
	}
	return tt
}

// of is the outcome of a trial.
func (tt *truth) of(tr trial) (outcome, error) { return tt.outcomes[tr.name()]() }

// truthOf is the operation whose command notes what it is given, and whose call
// waits for a reply.
func truthOf(options []string) func(g *gateway, tr trial) escape.Keys {
	return func(g *gateway, tr trial) escape.Keys {
		keys := maps.Clone(tr.keys)
		if keys == nil {
			keys = escape.Keys{}
		}
		for _, key := range []string{"contenttype", "replyfrom", "timeout", "script"} {
			delete(keys, key)
		}
		dir := g.folder(tr)
		cmd := append([]string{standin, "note", g.path("noted", tr.name())}, tr.command(options, dir)...)
		maps.Copy(keys, escape.Keys{"cmd": cmd, "reply": "socket", "onexit": "wait"})
		return tr.inPlace(g, keys)
	}
}

// truth makes a call that waits, and runs PHP meanwhile with what that call
// was given.
func (g *gateway) truth(tr trial, c call) (run, error) {
	type result struct {
		a   answer
		err error
	}
	got := make(chan result, 1)
	go func() {
		a, err := g.call(tr, c)
		got <- result{a, err}
	}()
	file := g.path("noted", tr.name())
	if !holds(func() bool { _, err := os.Lstat(file); return err == nil || len(got) > 0 }) || len(got) > 0 {
		r := <-got
		return run{}, fmt.Errorf("the stand-in for PHP was not started: %v, %d %s", r.err, r.a.status, r.a.body)
	}
	var given given
	text, err := os.ReadFile(file)
	if err == nil {
		err = firstOf(os.Remove(file), json.Unmarshal(text, &given))
	}
	if err != nil {
		return run{}, err
	}
	r, err := g.plain(tr, given)
	if err != nil {
		return run{}, err
	}
	// Only a caller that still waits gets this one.
	if _, err := ask("unix", g.sock, "POST", "/urhttp/"+r.id, nil, []string{"Urocket-Status: 299"}); err != nil {
		return run{}, err
	}
	answered := <-got
	if tr.reply() == "socket" {
		if r.caller = replied(answered.a); answered.a.status == 299 {
			r.caller = noReply
		}
	}
	return r, answered.err
}

// plain runs a command with what urocket gave, by fork and exec.
func (g *gateway) plain(tr trial, given given) (run, error) {
	r := run{id: given.variable("REQUEST_ID"), dir: g.dir}
	path, err := given.lookup()
	if err != nil {
		return r, err
	}
	argv := texts(given.Argv)
	if tr.become != "" {
		path, argv = standin, append([]string{"standin", "become", tr.become, path}, argv...)
	}
	in, err := given.open()
	if err != nil {
		return r, err
	}
	defer in.Close()
	out, errs, err := pipes()
	if err != nil {
		return r, err
	}
	attr := &os.ProcAttr{Dir: given.Dir, Env: texts(given.Env), Files: []*os.File{in, out.end, errs.end}, Sys: &syscall.SysProcAttr{Setsid: true}}
	if tr.flags&asUser != 0 {
		attr.Sys.Credential = &syscall.Credential{Uid: nobody, Gid: nogroup, Groups: []uint32{nogroup}}
	}
	p, err := os.StartProcess(path, argv, attr)
	if err != nil {
		return r, err
	}
	r.pid = p.Pid
	r.exit, err = tr.await(p)
	if !out.over() || !errs.over() { // somebody else has them as well
		r.left = len(clearAway("REQUEST_ID=" + r.id))
	}
	r.stdout, r.stderr = out.text(), errs.text()
	return r, err
}

// Debian's ids of who owns nothing.
const nobody, nogroup = 65534, 65534

// await waits for the end of PHP, which the test brings about itself where a
// timeout would.
func (tr trial) await(p *os.Process) (string, error) {
	ask := time.AfterFunc(time.Hour, func() {})
	if tr.stop {
		ask = time.AfterFunc(stopAfter, func() { _ = syscall.Kill(-p.Pid, syscall.SIGTERM) })
	}
	defer ask.Stop()
	kill := time.AfterFunc(patience, func() { _ = p.Kill() })
	defer kill.Stop()
	state, err := p.Wait()
	if err != nil {
		return "", err
	}
	if ws := state.Sys().(syscall.WaitStatus); ws.Signaled() {
		return unix.SignalName(ws.Signal()), nil
	}
	return exited(state.ExitCode()), nil
}

// output is what a process writes to a pipe.
type output struct {
	end  *os.File // the process's
	r    *os.File // ours
	done chan struct{}
	all  *[]byte // once done
}

// pipes are the two outputs of a process.
func pipes() (out, errs output, err error) {
	if out, err = newOutput(); err == nil {
		errs, err = newOutput()
	}
	return out, errs, err
}

func newOutput() (output, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return output{}, err
	}
	o := output{end: w, r: r, done: make(chan struct{}), all: new([]byte)}
	go func() {
		defer close(o.done)
		*o.all, _ = io.ReadAll(r)
	}()
	return o, nil
}

// over tells whether nobody has the pipe any more, soon after the process's end.
func (o output) over() bool {
	_ = o.end.Close()
	select {
	case <-o.done:
		return true
	case <-time.After(300 * time.Millisecond):
		return false
	}
}

// text is all that was written.
func (o output) text() []byte {
	_ = o.r.SetReadDeadline(time.Now().Add(patience))
	defer o.r.Close()
	<-o.done
	return *o.all
}
